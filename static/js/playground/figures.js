// What answers took: in a line under each, and side by side with the best of each marked.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { part, texts } = play;
  const language = document.documentElement.lang;
  // Where less or more is better; a count of tokens is neither.
  const BETTER = { timeToFirstToken: -1, duration: -1, cost: -1, tokensPerSecond: 1 };

  const shown = (name, figures) => {
    const value = figures?.[name];
    if (value === null || value === undefined) return texts.unknown;
    if (name === "cost") return play.money(value, figures.currency);
    return value.toLocaleString(language) + (name === "timeToFirstToken" || name === "duration" ? " ms" : "");
  };

  const list = (figures) => Object.entries(texts.figures).map(([name, words]) => {
    const pair = document.createElement("div");
    const term = Object.assign(document.createElement("dt"), { className: "lm-quiet", textContent: words });
    const value = Object.assign(document.createElement("dd"), { textContent: shown(name, figures) });
    pair.append(term, value);
    return pair;
  });

  // The places of the best value; none where all are alike or only one is known.
  const best = (name, all) => {
    const values = all.map((figures) => figures?.[name]).map((value) => (typeof value === "number" ? value : null));
    const known = values.filter((value) => value !== null);
    if (!BETTER[name] || known.length < 2 || new Set(known).size < 2) return [];
    const top = BETTER[name] > 0 ? Math.max(...known) : Math.min(...known);
    return values.flatMap((value, at) => (value === top ? [at] : []));
  };

  const comparison = (models, all) => {
    const table = part("comparison");
    for (const model of models) {
      const heading = part("heading");
      heading.textContent = model;
      table.tHead.rows[0].append(heading);
    }
    for (const [name, words] of Object.entries(texts.figures)) {
      const row = part("row");
      row.querySelector("th").textContent = words;
      const winners = best(name, all);
      all.forEach((figures, at) => {
        const cell = part("cell");
        const [value, mark] = cell.children;
        value.textContent = shown(name, figures);
        mark.hidden = !winners.includes(at);
        mark.querySelector("[data-word]").textContent = texts.best;
        row.append(cell);
      });
      table.tBodies[0].append(row);
    }
    return table;
  };

  play.figures = { comparison, list, shown };
})();
