// Markdown on the page. The library only finds the parts; every element is made here, so no HTML of a model is ever read.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { fill, part, texts } = play;
  const entities = (text) => text.replace(/&(?:[a-z][a-z\d]*|#\d+|#x[\da-f]+);/gi, (one) => new DOMParser().parseFromString(one, "text/html").documentElement.textContent);

  const made = (name, children, options = {}) => {
    const element = Object.assign(document.createElement(name), options);
    element.append(...[children].flat());
    return element;
  };

  const safe = (address) => {
    try {
      const url = new URL(address);
      return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
    } catch {
      return null;
    }
  };

  const link = (address, children) => {
    const href = safe(address);
    return href ? made("a", children, { href, target: "_blank", rel: "noopener noreferrer nofollow" }) : made("span", children);
  };

  const code = ({ text, lang }) => {
    const block = part("code");
    block.querySelector("code").textContent = text;
    block.querySelector(".lm-message__language").textContent = (lang ?? "").split(/\s/)[0];
    return block;
  };

  const table = (token) => {
    const row = (cells, name) => made("tr", cells.map((cell) => made(name, inline(cell.tokens))));
    return made("table", [made("thead", row(token.header, "th")), made("tbody", token.rows.map((cells) => row(cells, "td")))]);
  };

  const item = (token, levels) => {
    const box = token.task ? [token.checked ? "☑ " : "☐ "] : [];
    return made("li", [...box, ...blocks(token.tokens.filter((one) => one.type !== "checkbox"), levels)]);
  };

  const block = (token, levels) => {
    switch (token.type) {
      case "space": case "def": return [];
      case "code": return code(token);
      // Below the heading of the message, whatever the model counts from.
      case "heading": return made(`h${Math.min(levels.top + levels.indexOf(token.depth), 6)}`, inline(token.tokens));
      case "hr": return made("hr", []);
      case "blockquote": return made("blockquote", blocks(token.tokens, levels));
      case "list": return made(token.ordered ? "ol" : "ul", token.items.map((one) => item(one, levels)), token.ordered && token.start > 1 ? { start: token.start } : {});
      case "table": return table(token);
      case "paragraph": return made("p", inline(token.tokens));
      case "text": return inline(token.tokens ?? [token]);
      case "html": return made("p", inlineOne(token));
      default: return inline([token]);
    }
  };

  // What stands in a converted document where there was something else than text.
  const placeholders = {
    "<!-- image -->": () => made("em", texts.pictureHere),
    "<!-- formula-not-decoded -->": () => made("em", texts.formulaHere),
  };

  const inlineOne = (token) => {
    switch (token.type) {
      case "strong": case "em": case "del": return made(token.type, inline(token.tokens));
      case "codespan": return made("code", token.text);
      case "br": return made("br", []);
      case "link": return link(token.href, inline(token.tokens));
      // Nothing is loaded from elsewhere; whoever wants the picture follows the link.
      case "image": return link(token.href, fill(texts.picture, { name: token.text || token.href }));
      case "escape": return token.text;
      case "html": return placeholders[token.raw.trim()]?.() ?? token.raw;
      case "text": return token.tokens ? inline(token.tokens) : entities(token.text);
      default: return token.raw ?? "";
    }
  };

  const blocks = (tokens, levels) => tokens.flatMap((token) => block(token, levels));
  const inline = (tokens = []) => tokens.flatMap(inlineOne);

  // The library is fetched when somebody begins to write; until it is there, and if it never comes, the text is plain.
  let loading = null;
  const library = () => {
    loading ??= new Promise((resolve, reject) => {
      const src = document.querySelector("[data-library]").dataset.library;
      document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject }));
    });
    return loading;
  };
  document.querySelector("#say, #play-url").addEventListener("focus", () => library().catch(() => {}), { once: true });

  // An element whose Markdown grows: blocks that stay the same keep their elements, and with them a selection.
  class Paper {
    constructor(element, top = 5) {
      this.element = element;
      this.top = top;
      this.shown = [];
      this.timer = 0;
      this.cost = 0;
    }

    // Soon, and never so often that writing takes more than a fifth of the time.
    update(text) {
      this.text = text;
      if (!this.timer) this.timer = setTimeout(() => this.show(), Math.max(50, 4 * this.cost));
    }

    showPlain() {
      this.element.textContent = this.text ?? "";
      library().then(() => { this.shown = []; this.element.replaceChildren(); this.show(); }, () => {});
    }

    show() {
      clearTimeout(this.timer);
      this.timer = 0;
      if (!window.litemaasMarkdown) return this.showPlain();
      const began = performance.now();
      const tokens = window.litemaasMarkdown(this.text ?? "");
      const levels = [...new Set(tokens.filter((token) => token.type === "heading").map((token) => token.depth))].sort();
      levels.top = this.top;
      const kept = tokens.findIndex((token, at) => this.shown[at]?.raw !== token.raw || (token.type === "heading" && String(this.levels) !== String(levels)));
      const first = kept < 0 ? tokens.length : kept;
      for (const old of this.shown.splice(first)) old.elements.forEach((one) => one.remove());
      for (const token of tokens.slice(first)) {
        const elements = [block(token, levels)].flat().map((one) => (typeof one === "string" ? made("p", one) : one));
        this.element.append(...elements);
        this.shown.push({ raw: token.raw, elements });
      }
      this.levels = levels;
      this.cost = performance.now() - began;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy-code]");
    if (button) play.copy(button.closest("[data-code]").querySelector("code").textContent);
  });

  play.Paper = Paper;
})();
