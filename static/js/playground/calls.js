// The playground's way to the API: answers whole or bit by bit, and refusals with their cause. No secret is in here.
(() => {
  const facts = document.getElementById("play-facts");
  if (!facts) return;
  const { announce } = window.litemaas;
  const page = JSON.parse(facts.textContent);
  let token = document.querySelector("[data-token]").dataset.token;
  const API = "/api/v1";
  const MOST_RAW = 200_000;

  class Refusal extends Error {
    constructor({ message, code = "", details = {} }, status = 0) {
      super(message);
      this.status = status;
      this.code = code;
      this.details = details ?? {};
    }
  }

  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const part = (name) => document.querySelector(`template[data-part="${name}"]`).content.firstElementChild.cloneNode(true);

  // A new sign-in, in another tab, has made a new token; the page has it.
  const renewed = async () => {
    const found = await fetch(location.pathname + location.search).then((response) => response.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(found, "text/html").querySelector("[data-token]")?.dataset.token;
    token = fresh ?? token;
    return Boolean(fresh);
  };

  const call = async (method, path, body, signal, { isStream = false, isSecond = false } = {}) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token, Accept: isStream ? "text/event-stream, application/json" : "application/json" };
    let response;
    try {
      response = await fetch(API + path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refusal({ message: page.texts.noAnswer, code: "NO_ANSWER" });
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => null);
    if (told?.error?.code === "CSRF_FAILED" && !isSecond && (await renewed())) return call(method, path, body, signal, { isStream, isSecond: true });
    throw new Refusal(told?.error ?? { message: page.texts.failed }, response.status);
  };

  const ask = async (method, path, body, signal) => {
    const response = await call(method, path, body, signal);
    return response.status === 204 ? null : response.json();
  };

  // Calls `take` with each event's object; answers with the raw text. Raises Refusal for an error inside the stream.
  const listen = async (path, body, signal, take) => {
    const response = await call("POST", path, body, signal, { isStream: true });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let raw = "";
    let isWhole = false;
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new Refusal({ message: page.texts.failed, code: "NO_ANSWER" });
      });
      if (done) break;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        if (event === "data: [DONE]") isWhole = true;
        if (!event.startsWith("data: {")) continue;
        if (raw.length < MOST_RAW) raw += `${event}\n`;
        const chunk = JSON.parse(event.slice(6));
        if (chunk.error) throw new Refusal(chunk.error);
        take(chunk, () => raw);
      }
    }
    if (!isWhole) throw new Refusal({ message: page.texts.failed, code: "NO_ANSWER" });
    return raw;
  };

  // An answer in one piece, as the only event of a stream: the portal notices when nobody waits for it any more.
  const whole = async (path, body, signal) => {
    let found = null;
    await listen(path, body, signal, (event) => { found = event; });
    return found;
  };

  // One question with two answers, in the dialog of the page.
  const confirmed = (title, text, verb) => new Promise((resolve) => {
    const dialog = document.getElementById("play-dialog");
    const [act, cancel] = dialog.querySelectorAll("button");
    const opener = document.activeElement;
    dialog.querySelector("#play-dialog-title").textContent = title;
    dialog.querySelector("p").textContent = text;
    act.querySelector("span").textContent = verb;
    let answer = false;
    act.onclick = () => { answer = true; dialog.close(); };
    cancel.onclick = () => dialog.close();
    dialog.onclose = () => { opener?.focus(); resolve(answer); };
    dialog.showModal();
    cancel.focus();
  });

  const copy = async (text) => {
    const said = window.litemaas.texts();
    try {
      await navigator.clipboard.writeText(text);
      announce(said.copied);
      return true;
    } catch {
      announce(said.copyFailed, true);
      return false;
    }
  };

  // Amounts of a single call are small: six places, and what is less still is not nothing.
  const LEAST = 0.000001;
  const money = (value, currency) => {
    const shown = (amount, places) => amount.toLocaleString(document.documentElement.lang, { style: "currency", currency, maximumFractionDigits: places });
    return value > 0 && value < LEAST ? `< ${shown(LEAST, 6)}` : shown(value, value < 0.01 ? 6 : 2);
  };

  window.litemaas.play = { ...page, announce, ask, confirmed, copy, fill, listen, money, part, Refusal, whole };
})();
