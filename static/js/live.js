// What happens after a part of the page was swapped: say it, keep the focus, show messages, open dialogs, draw charts.
(() => {
  const { announce, texts } = window.litemaas;
  const TOASTS_AT_ONCE = 3;
  const TOAST_LIFE = 8000;

  // --- messages ------------------------------------------------------------------------------------------------------
  const toasts = () => document.getElementById("toasts");

  const showFirstToasts = () => {
    [...toasts().children].forEach((toast, at) => {
      toast.hidden = at >= TOASTS_AT_ONCE;
      if (!toast.hidden) start(toast);
    });
  };

  const close = (toast) => {
    toast.remove();
    showFirstToasts();
  };

  const start = (toast) => {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    const isUrgent = toast.dataset.toast === "danger";
    announce(toast.querySelector("p").textContent.trim(), isUrgent);
    if (isUrgent || toast.dataset.toast === "warning") return;
    let left = TOAST_LIFE;
    let since = 0;
    let timer = 0;
    const go = () => { since = Date.now(); timer = setTimeout(() => close(toast), left); };
    const wait = () => { clearTimeout(timer); left -= Date.now() - since; };
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, wait);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, go);
    go();
  };

  const toast = (title) => {
    if (!toasts()) return announce(title, true);
    const item = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
    item.querySelector("p").append(title);
    toasts().append(item);
    showFirstToasts();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close-toast]");
    if (button) { close(button.closest("[data-toast]")); document.getElementById("content").focus(); }
  });
  if (toasts()) showFirstToasts();
  document.body.addEventListener("focus-content", () => document.getElementById("content").focus());
  document.body.addEventListener("announce", (event) => announce(event.detail.value));

  // --- after a swap ---------------------------------------------------------------------------------------------------
  // A link that was swapped away takes the focus with it: give it to the same link in the new part, or to the part.
  let focused = "";
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const active = document.activeElement;
    focused = event.detail.target?.contains(active) ? active.id || "part" : "";
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    drawCharts();
    if (part.id === "dialog") return openDialog(part);
    if (toasts()) showFirstToasts();
    const list = part.matches?.("[data-results]") ? part : part.querySelector?.("[data-results]");
    if (!list) return;
    if (list.dataset.announce) announce(list.dataset.announce);
    if (focused) (document.getElementById(focused) ?? list).focus();
  });

  const refusal = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("[data-refusal]")?.textContent.trim();
  document.body.addEventListener("htmx:responseError", (event) => toast(refusal(event.detail.xhr.responseText) || texts().requestFailed));
  document.body.addEventListener("htmx:sendError", () => toast(texts().noAnswer));
  document.body.addEventListener("htmx:timeout", () => toast(texts().noAnswer));

  // --- dialogs: the server's part holds one <dialog>; closing it empties the slot and returns the focus ------------------
  let opener = null;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "dialog") opener = event.detail.elt;
  });

  const isTyped = (dialog) => [...dialog.querySelectorAll("form")].some((form) => window.litemaas.isChanged(form));
  const mayClose = (dialog) => !isTyped(dialog) || confirm(texts().unsaved);

  const openDialog = (slot) => {
    const dialog = slot.querySelector("dialog");
    if (!dialog) return;
    dialog.addEventListener("cancel", (event) => { if (!mayClose(dialog)) event.preventDefault(); });
    dialog.addEventListener("close", () => {
      slot.replaceChildren();
      const menu = opener?.closest("details[data-menu]");
      (menu ? menu.querySelector("summary") : opener)?.focus();
    });
    dialog.showModal();
    const body = dialog.querySelector(".pf-v6-c-modal-box__body");
    // What destroys is not one key press away; elsewhere one begins to type.
    const isDangerous = body.querySelector("button.pf-m-danger[type=submit]");
    const field = body.querySelector("[autofocus]") ?? body.querySelector(":is(input:not([type=hidden]), select, textarea):not([disabled])");
    const first = (isDangerous && dialog.querySelector("[data-cancel]")) || field || body.querySelector("[data-cancel], button, a");
    (first ?? dialog).focus();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close-dialog], dialog [data-cancel]");
    const dialog = button?.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    if (mayClose(dialog)) dialog.close();
  });

  // --- charts: the library is fetched only where there is a chart ---------------------------------------------------------
  const loading = new Map();
  const load = (address) => {
    if (!loading.has(address)) {
      loading.set(address, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      }));
    }
    return loading.get(address);
  };

  // It weighs as much as all the rest, so the page comes first.
  const loaded = new Promise((resolve) => {
    if (document.readyState === "complete") resolve();
    else window.addEventListener("load", resolve, { once: true });
  });

  const draw = async (charts) => {
    try {
      await load(charts[0].dataset.chartLibrary);
      await load(charts[0].dataset.chartScript);
      charts.filter((chart) => chart.isConnected && !chart.dataset.drawn).forEach(window.litemaas.drawChart);
    } catch {
      for (const chart of charts) chart.closest("[data-chart-card]").classList.add("lm-shows-table");
    }
  };

  // Who never scrolls down to a chart never fetches the library.
  const near = new IntersectionObserver((entries) => {
    const charts = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    charts.forEach((chart) => near.unobserve(chart));
    if (charts.length) draw(charts);
  }, { rootMargin: "400px", scrollMargin: "400px" });

  const waitingCharts = () => [...document.querySelectorAll("[data-chart]:not([data-drawn])")];
  const drawCharts = async () => {
    await loaded;
    waitingCharts().forEach((chart) => near.observe(chart));
  };
  window.addEventListener("beforeprint", () => waitingCharts().length && draw(waitingCharts()));
  drawCharts();
})();
