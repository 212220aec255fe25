// Typed text outlives what goes wrong: an ended session, a refused change, a form that was open for too long.
// It stays in this tab (session storage) for the same reader only, and is put back where it was typed.
(() => {
  const { announce, texts } = window.litemaas;
  const PLACE = "litemaas-typed";
  const LIFE = 3_600_000;
  const reader = () => texts().reader;

  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type) && field.autocomplete !== "off-record");
  const textsOf = (form) => fieldsOf(form).map((field) => [field.name, field.value, field.checked ?? null, field.multiple ? [...field.selectedOptions].map((option) => option.value) : null]);
  const read = () => {
    try { return JSON.parse(sessionStorage.getItem(PLACE)); } catch { return null; }
  };
  const write = (kept) => {
    try {
      if (kept) sessionStorage.setItem(PLACE, JSON.stringify(kept)); else sessionStorage.removeItem(PLACE);
    } catch { /* No storage: nothing is kept. */ }
  };

  const keep = (forms, isLost) => {
    const found = forms.filter((form) => form.method === "post" && !form.closest("[data-menu]") && window.litemaas.isChanged(form));
    if (!found.length || !reader()) return;
    write({ path: location.pathname, at: Date.now(), reader: reader(), isLost, forms: found.map((form) => [form.getAttribute("action") || "", textsOf(form)]) });
  };

  const putBack = (kept) => {
    let count = 0;
    for (const [action, values] of kept.forms) {
      const form = [...document.forms].find((one) => one.method === "post" && (one.getAttribute("action") || "") === action && !one.closest("[data-menu]"));
      if (!form) continue;
      const left = [...values];
      for (const field of fieldsOf(form)) {
        const at = left.findIndex(([name, value]) => name === field.name && (!["checkbox", "radio"].includes(field.type) || value === field.value));
        if (at < 0) continue;
        const [, value, checked, chosen] = left.splice(at, 1)[0];
        if (["checkbox", "radio"].includes(field.type)) field.checked = checked;
        else if (chosen) for (const option of field.options) option.selected = chosen.includes(option.value);
        else field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        count += 1;
      }
    }
    return count;
  };

  // On the way out: a form is sent, or a part of the page learns that the session has ended.
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) keep([event.target], false); });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Redirect")?.includes("session=expired")) return;
    keep([...document.forms], true);
    window.litemaas.isLeaving = true;
  });

  // On the way in.
  const kept = read();
  if (!kept) return;
  if (Date.now() - kept.at > LIFE) return write(null);
  // Signing in, or an error page: it comes back later.
  if (!reader() || document.querySelector("[data-refusal]")) return write({ ...kept, isLost: true });
  if (kept.reader !== reader()) return write(null);
  const isRefused = document.querySelector("#toasts [data-toast=danger]");
  if (kept.path !== location.pathname) { if (!kept.isLost) write(null); return; }
  write(null);
  if ((kept.isLost || isRefused) && putBack(kept)) announce(texts().putBack);
})();
