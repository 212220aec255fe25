// One question with one answer: a form, its button, a way to stop, and what went wrong.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { announce, texts } = play;
  const language = document.documentElement.lang;

  // `ask(settings, signal)` answers with what to say at the end; what it shows is in [data-found] of the root.
  class Once {
    constructor(root, ask) {
      this.root = root;
      this.ask = ask;
      this.form = document.getElementById("play-settings");
      [this.act, this.halt] = ["play-act", "play-halt"].map((id) => document.getElementById(id));
      this.settings = new play.Settings(this.form);
      const wanted = new URLSearchParams(location.search).get("model");
      if (wanted) this.settings.choose(wanted);
      this.halt.hidden = true;
      this.form.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
      this.halt.addEventListener("click", () => this.running?.abort());
    }

    part(name) { return this.root.querySelector(`[data-${name}]`); }

    async run() {
      if (this.running) return;
      if (!this.settings.model) return this.fail(texts.noModel);
      this.running = new AbortController();
      this.halt.hidden = false;
      this.act.disabled = true;
      for (const name of ["error", "nothing"]) this.part(name).hidden = true;
      announce(texts.thinking);
      try {
        const said = await this.ask(this.settings, this.running.signal);
        this.part("found").hidden = false;
        if (said) announce(said);
      } catch (error) {
        this.part("found").hidden = true;
        this.fail(error.name === "AbortError" ? texts.stopped : error instanceof play.Refusal ? error.message : texts.failed);
      } finally {
        this.running = null;
        this.halt.hidden = true;
        this.act.disabled = false;
        if (document.activeElement === document.body) this.act.focus();
      }
    }

    fail(words) {
      this.part("error").textContent = words;
      this.part("error").hidden = false;
      announce(words, true);
    }

    showTook(figures, names) {
      this.part("took").textContent = names.map((name) => `${texts.figures[name]}: ${shown(name, figures)}`).join(" · ");
    }
  }

  const shown = (name, figures) => {
    const value = figures[name];
    if (value === null || value === undefined) return texts.unknown;
    if (name === "cost") return play.money(value, figures.currency);
    return value.toLocaleString(language) + (name === "duration" ? " ms" : "");
  };

  play.Once = Once;
})();
