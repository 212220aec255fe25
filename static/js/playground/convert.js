// A document on the web made into Markdown, and shown.
(() => {
  const play = window.litemaas.play;
  const root = document.getElementById("play-convert");
  if (!play || !root) return;
  const { texts } = play;
  // More would only keep the browser busy.
  const SHOWN = 100_000;
  let text = "";

  const show = (found) => {
    text = found.document?.md_content ?? "";
    if (!text) {
      const told = (found.errors ?? []).map((one) => one.error_message).filter(Boolean).join(" ");
      throw new play.Refusal({ message: told ? `${texts.notConverted} ${told}` : texts.notConverted });
    }
    const notes = [found.status === "success" ? "" : texts.partly, text.length > SHOWN ? texts.beginning : ""].filter(Boolean);
    once.part("note").textContent = notes.join(" ");
    once.part("note").hidden = notes.length === 0;
    paper.update(text.slice(0, SHOWN));
    paper.show();
    once.part("raw").textContent = JSON.stringify(found, null, 2).slice(0, 2 * SHOWN);
    once.part("document").scrollTop = 0;
  };

  const once = new play.Once(root, async (settings, signal) => {
    const body = { apiKeyId: settings.key, model: settings.model, url: settings.value("url") };
    const found = await play.whole("/playground/conversions", body, signal);
    show(found);
    once.showTook(found.litemaas, ["duration", "cost"]);
    return texts.done;
  });
  const paper = new play.Paper(once.part("document"), 3);
  document.getElementById("play-copy").addEventListener("click", () => play.copy(text));
})();
