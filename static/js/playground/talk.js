// One column: a talk with one model. It asks, shows the answer as it comes, and keeps what was said.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { fill, part, texts } = play;
  const speaker = document.querySelector("[data-speaker]");
  // A sentence ends at a mark and a blank, a line at its break; marks of Chinese and Japanese need no blank.
  const SENTENCE = /^[\s\S]*?(?:[.!?:]["')\]]?\s|[。！？]|\n)/;
  const time = () => new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

  // Says text in whole sentences, so that a screen reader is not cut short by each word.
  class Voice {
    constructor() { this.rest = ""; }
    hear(text) {
      this.rest += text;
      for (let found; (found = SENTENCE.exec(this.rest)); this.rest = this.rest.slice(found[0].length)) this.say(found[0]);
    }
    end() { this.say(this.rest); this.rest = ""; }
    say(text) {
      if (!text.trim()) return;
      speaker.append(Object.assign(document.createElement("p"), { textContent: text }));
      while (speaker.children.length > 20) speaker.firstChild.remove();
    }
  }

  class Talk {
    constructor(settings, { onChange, onEdit, onKeep, onSettings }) {
      this.settings = settings;
      this.onChange = onChange;
      this.onEdit = onEdit;
      this.messages = [];
      this.shown = [];
      this.figures = null;
      this.element = part("column");
      this.log = this.element.querySelector("[data-log]");
      this.nothing = this.element.querySelector("[data-nothing]");
      const [set, keep] = this.element.querySelectorAll("[data-compare] button");
      set.addEventListener("click", () => onSettings(this));
      keep.addEventListener("click", () => onKeep(this));
      settings.onChange = () => this.name();
      this.name();
    }

    name() {
      this.element.querySelector("[data-model]").textContent = this.settings.model || texts.unknown;
      this.log.setAttribute("aria-label", fill(texts.messages, { model: this.settings.model || texts.unknown }));
    }

    get isRunning() { return Boolean(this.running); }
    get canAsk() { return Boolean(this.settings.body([])); }
    stop() { this.running?.abort(); }

    show(message) {
      const element = part("message");
      const isOwn = message.role === "user";
      element.classList.toggle("lm-message--own", isOwn);
      element.classList.toggle("lm-message--plain", isOwn);
      element.querySelector(".lm-message__who").textContent = isOwn ? texts.you : message.model ?? this.settings.model;
      element.querySelector(".lm-message__time").textContent = message.at ?? "";
      const words = element.querySelector(".lm-message__text");
      if (isOwn) words.textContent = message.content;
      const [edit, copy, again] = element.querySelectorAll(".lm-message__acts button");
      edit.hidden = !isOwn;
      copy.hidden = isOwn;
      again.hidden = true;
      edit.addEventListener("click", () => this.onEdit(this.messages.indexOf(message)));
      copy.addEventListener("click", () => play.copy(message.content));
      again.addEventListener("click", () => this.regenerate());
      this.nothing.hidden = true;
      this.log.append(element);
      this.log.scrollTop = this.log.scrollHeight;
      const made = { element, words, again, paper: isOwn ? null : new play.Paper(words) };
      this.shown.push(made);
      return made;
    }

    add(message) {
      this.messages.push(message);
      const made = this.show(message);
      if (made.paper) { made.paper.update(message.content); made.paper.show(); }
      return made;
    }

    say(content) { this.add({ role: "user", content, at: time() }); }

    // Everything from this message on goes.
    cut(at) {
      this.stop();
      for (const { element } of this.shown.splice(at)) { clearInterval(element.countdown); element.remove(); }
      this.messages.splice(at);
      this.nothing.hidden = this.shown.length > 0;
      this.markLast();
    }

    clear() { this.figures = null; this.cut(0); }

    load(messages) {
      this.clear();
      for (const message of messages) this.add({ ...message });
      this.markLast();
    }

    // Only the last answer can be made anew.
    markLast() {
      this.shown.forEach((one, at) => { one.again.hidden = at !== this.shown.length - 1 || !one.paper || this.isRunning || !one.element.querySelector("[data-error]").hidden; });
    }

    regenerate() {
      if (this.isRunning || !this.canAsk) return;
      if (this.messages.at(-1)?.role === "assistant") this.cut(this.messages.length - 1);
      this.ask();
    }

    async ask() {
      const said = this.messages.map(({ role, content }) => ({ role, content }));
      const body = this.settings.body(said);
      if (!body) return;
      const message = { role: "assistant", content: "", model: body.model, at: time() };
      const answer = this.add(message);
      const mine = (this.running = new AbortController());
      const voice = play.isComparing() ? null : new Voice();
      this.figures = null;
      this.log.setAttribute("aria-busy", "true");
      this.markLast();
      this.onChange(this);
      try {
        await (body.stream ? this.listen(body, mine.signal, message, answer, voice) : this.wait(body, mine.signal, message, answer, voice));
        voice?.end();
        play.announce(play.isComparing() ? fill(texts.doneBy, { model: body.model }) : texts.done);
      } catch (error) {
        voice?.end();
        this.fail(error, answer);
      } finally {
        answer.paper.show();
        if (this.running === mine) this.running = null;
        this.log.removeAttribute("aria-busy");
        if (!message.content && this.messages.at(-1) === message) this.messages.pop();
        this.markLast();
        this.follow(true);
        this.onChange(this);
      }
    }

    async listen(body, signal, message, answer, voice) {
      let raw = () => "";
      const take = (chunk, all) => {
        raw = all;
        const text = chunk.choices?.[0]?.delta?.content;
        if (text) this.write(text, message, answer, voice);
        if (chunk.litemaas) this.take(chunk.litemaas, answer);
      };
      try {
        await play.listen("/playground/chat/completions", body, signal, take);
      } finally {
        this.showRaw(raw(), answer);
      }
    }

    async wait(body, signal, message, answer, voice) {
      const found = await play.whole("/playground/chat/completions", body, signal);
      this.write(found.choices?.[0]?.message?.content ?? "", message, answer, voice);
      this.take(found.litemaas, answer);
      this.showRaw(JSON.stringify(found, null, 2), answer);
    }

    write(text, message, answer, voice) {
      const isAtEnd = this.follow(false);
      message.content += text;
      answer.paper.update(message.content);
      voice?.hear(text);
      if (isAtEnd) requestAnimationFrame(() => this.follow(true));
    }

    // Whether the end is in sight; `go` brings it there.
    follow(go) {
      if (go) this.log.scrollTop = this.log.scrollHeight;
      return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    }

    take(figures, answer) {
      this.figures = figures;
      const list = answer.element.querySelector(".lm-message__figures");
      list.replaceChildren(...play.figures.list(figures));
      list.hidden = false;
    }

    showRaw(text, answer) {
      const details = answer.element.querySelector("[data-raw]");
      details.hidden = !text;
      details.querySelector("pre").textContent = text;
    }

    fail(error, answer) {
      const box = answer.element.querySelector("[data-error]");
      const [words] = box.querySelectorAll("p");
      const retry = box.querySelector("button");
      const isStopped = error.name === "AbortError";
      if (!isStopped && !(error instanceof play.Refusal)) console.error(error);
      words.textContent = isStopped ? texts.stopped : error instanceof play.Refusal ? error.message : texts.failed;
      words.classList.toggle("lm-tone-danger", !isStopped);
      box.hidden = false;
      answer.element.querySelectorAll(".lm-message__acts button")[1].hidden = !answer.paper.text;
      const way = box.querySelector("[data-way]");
      const isSignedOut = error.status === 401;
      way.hidden = !isSignedOut && !["BUDGET_EXCEEDED", "RATE_LIMITED", "FORBIDDEN"].includes(error.code);
      way.href = isSignedOut ? play.signIn : `${play.keyPage}/${this.settings.key}`;
      way.querySelector("span").textContent = isSignedOut ? texts.signIn : texts.seeKey;
      // The conversation stays here meanwhile.
      way.target = "_blank";
      retry.addEventListener("click", () => this.retry(answer));
      play.announce(words.textContent, !isStopped);
      if (error.code === "BUDGET_EXCEEDED") this.showStanding(box.querySelector("[data-standing]"));
      if (error.details?.retryAfter) this.countDown(error.details.retryAfter, answer.element, words, retry);
    }

    // How the budgets stand that this key is under, drawn by the server.
    async showStanding(place) {
      const response = await fetch(`${play.standing}?key=${encodeURIComponent(this.settings.key)}`).catch(() => null);
      if (!response?.ok) return;
      const drawn = new DOMParser().parseFromString(await response.text(), "text/html");
      place.replaceChildren(...drawn.body.childNodes);
      place.hidden = false;
      this.follow(true);
    }

    countDown(seconds, element, words, retry) {
      const until = Date.now() + 1000 * seconds;
      const told = words.textContent;
      const tick = () => {
        const left = Math.ceil((until - Date.now()) / 1000);
        words.textContent = `${told} ${left > 0 ? fill(texts.wait, { seconds: left }) : texts.again}`;
        retry.disabled = left > 0;
        if (left > 0) return;
        clearInterval(element.countdown);
        play.announce(texts.again);
      };
      element.countdown = setInterval(tick, 1000);
      tick();
    }

    retry(answer) {
      if (this.isRunning || !this.canAsk) return;
      this.cut(this.shown.indexOf(answer));
      this.ask();
    }
  }

  play.Talk = Talk;
})();
