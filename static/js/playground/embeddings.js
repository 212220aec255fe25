// Texts made into vectors: how long they are, how they begin, and how alike two of them are.
(() => {
  const play = window.litemaas.play;
  const root = document.getElementById("play-embeddings");
  if (!play || !root) return;
  const { announce, ask, texts } = play;
  const language = document.documentElement.lang;
  const form = document.getElementById("play-settings");
  const stop = document.getElementById("play-halt");
  const make = document.getElementById("play-embed");
  const $ = (name) => root.querySelector(`[data-${name}]`);
  const SHOWN = 8;
  const settings = new play.Settings(form);
  const wanted = new URLSearchParams(location.search).get("model");
  if (wanted) settings.choose(wanted);
  let running = null;
  stop.hidden = true;

  const number = (value, places) => value.toLocaleString(language, { minimumFractionDigits: places, maximumFractionDigits: places });
  const beginning = (vector) => `${vector.slice(0, SHOWN).map((value) => number(value, 4)).join("; ")}${vector.length > SHOWN ? "; …" : ""}`;

  const similarity = (one, other) => {
    const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
    const length = Math.sqrt(dot(one, one) * dot(other, other));
    return length ? dot(one, other) / length : null;
  };

  const show = (vectors, figures) => {
    const [one, other] = vectors;
    const show_ = (name, text) => { $(name).textContent = text; $(name).closest("dl > div").hidden = text === ""; };
    const alike = other && one.length === other.length ? similarity(one, other) : null;
    show_("similarity", alike === null ? "" : number(alike, 4));
    $("words").textContent = alike === null ? "" : texts.alike[alike > 0.85 ? "same" : alike > 0.5 ? "close" : "far"];
    show_("length", one.length.toLocaleString(language));
    show_("values", beginning(one));
    show_("second-values", other ? beginning(other) : "");
    show_("took", [`${texts.figures.duration}: ${figures.duration.toLocaleString(language)} ms`, `${texts.figures.promptTokens}: ${figures.promptTokens?.toLocaleString(language) ?? texts.unknown}`, `${texts.figures.cost}: ${cost(figures)}`].join(" · "));
    $("vectors").hidden = false;
    if (other && one.length !== other.length) fail(texts.unequal);
  };

  const cost = (figures) => (figures.cost === null ? texts.unknown : figures.cost.toLocaleString(language, { style: "currency", currency: figures.currency, maximumFractionDigits: 6 }));

  const fail = (words) => {
    $("error").textContent = words;
    $("error").hidden = false;
    announce(words, true);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    if (!settings.model) return fail(texts.noModel);
    const [first, second] = [settings.value("first"), settings.value("second")];
    running = new AbortController();
    stop.hidden = false;
    make.disabled = true;
    $("error").hidden = true;
    $("nothing").hidden = true;
    try {
      const found = await ask("POST", "/playground/embeddings", { apiKeyId: settings.key, model: settings.model, input: second ? [first, second] : [first] }, running.signal);
      const vectors = [...found.data].sort((a, b) => a.index - b.index).map((one) => one.embedding);
      show(vectors, found.litemaas);
    } catch (error) {
      $("vectors").hidden = true;
      fail(error.name === "AbortError" ? texts.stopped : error instanceof play.Refusal ? error.message : texts.failed);
    } finally {
      running = null;
      stop.hidden = true;
      make.disabled = false;
    }
  });
  stop.addEventListener("click", () => running?.abort());
})();
