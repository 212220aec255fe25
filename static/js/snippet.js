// Puts the key that is on the page into the code, and takes it out again with the key.
(() => {
  for (const box of document.querySelectorAll("[data-insert]")) {
    const secret = document.querySelector(box.dataset.insert);
    const blocks = [...box.closest(".lm-snippet").querySelectorAll("code")].map((code) => [code, code.textContent]);
    const name = box.dataset.variable;
    // Within a text the value alone, elsewhere a text of its own; none of its signs means anything in a text.
    const inText = new RegExp(`\\{os\\.environ\\['${name}'\\]\\}|\\$\\{process\\.env\\.${name}\\}|\\$${name}`, "g");
    const alone = new RegExp(`os\\.environ\\["${name}"\\]|process\\.env\\.${name}`, "g");

    const show = () => {
      const value = secret.textContent;
      for (const [code, text] of blocks) code.textContent = box.checked ? text.replace(inText, () => value).replace(alone, () => `"${value}"`) : text;
    };
    box.addEventListener("change", show);
    const takeOut = () => { box.checked = false; show(); };
    addEventListener("secret-hidden", () => { takeOut(); box.disabled = true; });
    addEventListener("pagehide", takeOut);
  }
})();
