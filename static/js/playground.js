// Talks to a model: sends what was said so far, shows the answer as it comes, and what it took. No secret is in here.
(() => {
  const box = document.getElementById("conversation");
  if (!box) return;
  const { announce } = window.litemaas;
  const texts = box.dataset;
  const settings = document.getElementById("play-settings");
  const log = box.querySelector("[data-log]");
  const nothing = box.querySelector("[data-nothing]");
  const form = box.querySelector("[data-say]");
  const input = form.querySelector("textarea");
  const send = form.querySelector("[data-send]");
  const stop = form.querySelector("[data-stop]");
  let said = [];
  let running = null;

  const element = (name, className, text = "") => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const show = (who, text, isError = false) => {
    nothing.hidden = true;
    const message = element("article", "lm-message");
    message.append(element("h3", "lm-message__who", who));
    const words = element("div", isError ? "lm-message__text lm-tone-danger" : "lm-message__text", text);
    message.append(words);
    log.append(message);
    log.scrollTop = log.scrollHeight;
    return { message, words };
  };

  const number = (value, unit = "") => (value == null ? texts.unknown : `${value.toLocaleString(document.documentElement.lang)}${unit}`);

  const money = (figures) => {
    if (figures.cost == null) return texts.unknown;
    const form_ = { style: "currency", currency: figures.currency, maximumFractionDigits: 6 };
    return figures.cost.toLocaleString(document.documentElement.lang, form_);
  };

  const showFigures = (message, figures) => {
    const list = element("dl", "lm-message__figures");
    const rows = [
      [texts.first, number(figures.timeToFirstToken, " ms")], [texts.duration, number(figures.duration, " ms")],
      [texts.tokens, `${number(figures.promptTokens)} + ${number(figures.completionTokens)}`],
      [texts.speed, number(figures.tokensPerSecond)], [texts.cost, money(figures)],
    ];
    for (const [name, value] of rows) {
      const pair = element("div", "");
      pair.append(element("dt", "lm-quiet", name), element("dd", "", value));
      list.append(pair);
    }
    message.append(list);
  };

  const explained = (error) => {
    const wait = error.details?.retryAfter;
    return wait ? `${error.message} ${texts.wait.replace("%(seconds)s", wait)}` : error.message;
  };

  const body = (model, key) => {
    const value = (name) => settings.elements[name].value.trim();
    const system = value("system");
    const sent = { apiKeyId: key, model, messages: system ? [{ role: "system", content: system }, ...said] : said };
    if (value("temperature")) sent.temperature = Number(value("temperature"));
    if (value("max_tokens")) sent.max_tokens = Number(value("max_tokens"));
    return JSON.stringify(sent);
  };

  const listen = async (response, answer) => {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) if (event.startsWith("data: {")) take(JSON.parse(event.slice(6)), answer);
    }
  };

  const take = (chunk, answer) => {
    if (chunk.error) throw new Error(explained(chunk.error));
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) {
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      answer.text += text;
      answer.words.textContent = answer.text;
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    }
    if (chunk.litemaas) showFigures(answer.message, chunk.litemaas);
  };

  const ask = async () => {
    const [key, ...rest] = settings.elements.target.value.split(" ");
    const model = rest.join(" ");
    const answer = { text: "", ...show(model, "") };
    running = new AbortController();
    stop.hidden = false;
    send.disabled = true;
    log.setAttribute("aria-busy", "true");
    announce(texts.thinking);
    try {
      const response = await fetch(texts.address, {
        method: "POST", body: body(model, key), signal: running.signal,
        headers: { "Content-Type": "application/json", "X-CSRFToken": texts.token },
      });
      if (!response.ok) throw new Error(explained((await response.json()).error));
      await listen(response, answer);
      announce(texts.done);
    } catch (error) {
      const words = error.name === "AbortError" ? texts.stopped : error.name === "Error" ? error.message : texts.failed;
      answer.message.append(element("p", "lm-tone-danger", words));
      announce(words, true);
    } finally {
      if (answer.text) said.push({ role: "assistant", content: answer.text });
      running = null;
      stop.hidden = true;
      send.disabled = false;
      log.removeAttribute("aria-busy");
      log.scrollTop = log.scrollHeight;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = input.value.trim();
    if (!words || running) return;
    said.push({ role: "user", content: words });
    show(texts.you, words);
    input.value = "";
    ask();
    input.focus();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  stop.addEventListener("click", () => { running?.abort(); input.focus(); });
  form.querySelector("[data-clear]").addEventListener("click", () => {
    running?.abort();
    said = [];
    log.querySelectorAll("article").forEach((message) => message.remove());
    nothing.hidden = false;
    input.focus();
  });
  settings.addEventListener("submit", (event) => event.preventDefault());
})();
