// Texts made into vectors: how long they are, how they begin, and how alike two of them are.
(() => {
  const play = window.litemaas.play;
  const root = document.getElementById("play-embeddings");
  if (!play || !root) return;
  const { texts } = play;
  const language = document.documentElement.lang;
  const SHOWN = 8;

  const number = (value, places) => value.toLocaleString(language, { minimumFractionDigits: places, maximumFractionDigits: places });
  const beginning = (vector) => `${vector.slice(0, SHOWN).map((value) => number(value, 4)).join("; ")}${vector.length > SHOWN ? "; …" : ""}`;

  const similarity = (one, other) => {
    const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
    const length = Math.sqrt(dot(one, one) * dot(other, other));
    return length ? dot(one, other) / length : null;
  };

  const show = ([one, other]) => {
    const tell = (name, text) => { once.part(name).textContent = text; once.part(name).closest("dl > div").hidden = text === ""; };
    const alike = other && one.length === other.length ? similarity(one, other) : null;
    tell("similarity", alike === null ? "" : number(alike, 4));
    once.part("words").textContent = alike === null ? "" : texts.alike[alike > 0.85 ? "same" : alike > 0.5 ? "close" : "far"];
    tell("length", one.length.toLocaleString(language));
    tell("values", beginning(one));
    tell("second-values", other ? beginning(other) : "");
    if (other && one.length !== other.length) once.fail(texts.unequal);
  };

  const once = new play.Once(root, async (settings, signal) => {
    const [first, second] = [settings.value("first"), settings.value("second")];
    const body = { apiKeyId: settings.key, model: settings.model, input: second ? [first, second] : [first] };
    const found = await play.whole("/playground/embeddings", body, signal);
    show([...found.data].sort((a, b) => a.index - b.index).map((one) => one.embedding));
    once.showTook(found.litemaas, ["duration", "promptTokens", "cost"]);
  });
})();
