// What a model is called with: the fields of one column, filled from the keys that the page knows.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { fill, keys, kind, texts } = play;
  const options = (select, ids) => {
    const before = select.value;
    select.replaceChildren(...ids.map((id) => new Option(id, id)));
    if (ids.includes(before)) select.value = before;
  };

  class Settings {
    constructor(form) {
      this.form = form;
      this.field("key").addEventListener("change", () => { this.showModels(); this.tell(); });
      this.field("model").addEventListener("change", () => this.tell());
      form.addEventListener("submit", (event) => event.preventDefault());
      this.showModels();
    }

    field(name) { return this.form.elements[name]; }
    value(name) { return this.field(name).value.trim(); }
    get model() { return this.value("model"); }
    get key() { return this.value("key"); }
    tell() { this.onChange?.(); }

    showModels() {
      const key = keys.find((one) => one.id === this.key);
      const models = key?.models ?? [];
      const fitting = models.filter((model) => model.type === kind).map((model) => model.id);
      options(this.field("model"), fitting);
      const note = this.form.querySelector("[data-no-model]");
      if (!note) return;
      note.hidden = fitting.length > 0;
      const types = [...new Set(models.map((model) => texts.types[model.type]))].join(", ");
      note.textContent = fill(texts.onlyTypes, { types });
    }

    // The model wherever a key opens it, the present key first. False where none does.
    choose(model) {
      const opens = (key) => key.models.some((one) => one.id === model && one.type === kind);
      const key = keys.find((one) => one.id === this.key && opens(one)) ?? keys.find(opens);
      if (!key) return false;
      this.field("key").value = key.id;
      this.showModels();
      this.field("model").value = model;
      this.tell();
      return true;
    }

    // Without a key: for presets and links.
    get preset() {
      const number = (name) => (this.value(name) === "" ? undefined : Number(this.value(name)));
      const stop = this.value("stop").split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 4);
      return {
        model: this.model || undefined, system: this.value("system") || undefined, temperature: number("temperature"),
        maxTokens: number("max_tokens"), topP: number("top_p"), stop: stop.length ? stop : undefined, stream: this.field("stream").checked,
      };
    }

    set preset(given) {
      const text = (value) => (value === undefined || value === null ? "" : String(value));
      if (given.model) this.choose(text(given.model));
      this.field("system").value = text(given.system);
      this.field("temperature").value = text(given.temperature);
      this.field("max_tokens").value = text(given.maxTokens);
      this.field("top_p").value = text(given.topP);
      this.field("stop").value = [given.stop ?? []].flat().map(text).join("\n");
      this.field("stream").checked = given.stream !== false;
      this.tell();
    }

    // The call's body, or null after the browser has shown what is wrong.
    body(messages) {
      if (!this.model) return null;
      if (!this.form.reportValidity()) return null;
      const { system, maxTokens, topP, ...rest } = this.preset;
      const first = system ? [{ role: "system", content: system }] : [];
      return { apiKeyId: this.key, ...rest, max_tokens: maxTokens, top_p: topP, messages: [...first, ...messages] };
    }
  }

  play.Settings = Settings;
})();
