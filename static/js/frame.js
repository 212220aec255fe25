// What lives in the frame of a signed-in reader: the bell and its drawer, the end of the session, shortcuts, waits.
(() => {
  const { announce, texts } = window.litemaas;
  const LOOK_EVERY = 60_000;
  const WARN_BEFORE = 300;

  // --- the bell: asked once a minute, only while somebody can see it ---------------------------------------------------
  const bell = () => document.getElementById("bell");
  const look = () => {
    if (document.visibilityState === "visible" && bell()) htmx.trigger(bell(), "look");
  };
  let looked = Date.now();
  setInterval(() => { looked = Date.now(); look(); }, LOOK_EVERY);
  document.addEventListener("visibilitychange", () => {
    if (Date.now() - looked > LOOK_EVERY) { looked = Date.now(); look(); }
  });

  // --- the drawer --------------------------------------------------------------------------------------------------------
  const drawer = document.getElementById("drawer");
  const isOpen = () => drawer && !drawer.hidden;
  const show = (open) => {
    drawer.hidden = !open;
    if (!open) drawer.replaceChildren();
    bell()?.setAttribute("aria-expanded", String(open));
  };
  const openDrawer = async () => {
    await htmx.ajax("GET", bell().dataset.bell, { target: "#drawer", swap: "innerHTML" });
    if (!drawer.childElementCount) return;
    show(true);
    document.getElementById("drawer-title").focus();
  };
  const closeDrawer = () => { show(false); bell()?.focus(); };

  if (drawer && bell()) {
    const prepare = () => { bell().setAttribute("aria-expanded", String(isOpen())); bell().setAttribute("aria-controls", "drawer"); };
    prepare();
    document.body.addEventListener("htmx:afterSettle", (event) => {
      prepare();
      if (isOpen() && event.detail.elt.id === "drawer-content" && !drawer.contains(document.activeElement)) document.getElementById("drawer-title").focus();
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("#bell")) {
        if (event.ctrlKey || event.metaKey || event.shiftKey || location.pathname === new URL(bell().href).pathname) return;
        event.preventDefault();
        if (isOpen()) closeDrawer(); else openDrawer();
      } else if (event.target.closest("[data-close-drawer]")) {
        closeDrawer();
      } else if (isOpen() && event.target.isConnected && !event.target.closest("#drawer, dialog, #toasts")) {
        show(false);
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isOpen() && !event.defaultPrevented && !document.querySelector("dialog[open]")) closeDrawer();
    });
  }
  // Following a notification's link reads it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-read]");
    const token = link && document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    if (token) fetch(link.dataset.read, { method: "POST", keepalive: true, redirect: "manual", headers: { "X-CSRFToken": token, "HX-Request": "true" } }).catch(() => {});
  });

  // --- the end of the session ----------------------------------------------------------------------------------------------
  const ending = document.getElementById("session-end");
  let wasAsked = false;
  document.body.addEventListener("sessionEnds", (event) => {
    const left = event.detail.value;
    if (left > WARN_BEFORE) wasAsked = false;
    if (!ending || wasAsked || left > WARN_BEFORE || ending.open) return;
    wasAsked = true;
    const before = document.activeElement;
    ending.addEventListener("close", () => before?.focus(), { once: true });
    ending.showModal();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches?.("[data-stay]") && event.detail.successful) { ending.close(); announce(texts().stayed); }
  });

  // --- of more tabs than fit, the current one is in sight
  // Its strip moves, never the page: that would open further down.
  for (const tab of document.querySelectorAll(".pf-v6-c-tabs__list > .pf-m-current")) {
    const [strip, place] = [tab.parentElement.getBoundingClientRect(), tab.getBoundingClientRect()];
    tab.parentElement.scrollLeft += place.left - strip.left - (strip.width - place.width) / 2;
  }

  // --- 429: the wait, counted down --------------------------------------------------------------------------------------------
  const wait = document.querySelector("[data-wait]");
  if (wait) {
    const end = Date.now() + Number(wait.dataset.wait) * 1000;
    const again = document.querySelector("[data-wait-over]");
    const tick = () => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      wait.querySelector("[data-wait-left]").textContent = String(left);
      if (left) return setTimeout(tick, 1000);
      wait.hidden = true;
      again.hidden = false;
      announce(again.textContent.trim());
    };
    again.hidden = true;
    wait.hidden = false;
    tick();
  }

  // --- shortcuts: single keys, only where nobody types, and not for who turned them off -------------------------------------------
  const list = document.querySelector("[data-shortcuts-open]");
  const hasShortcuts = document.documentElement.dataset.shortcuts !== "off";
  const goals = { h: "/home", m: "/models", k: "/api-keys", u: "/usage", p: "/playground" };
  let wentAt = 0;
  const isTyping = (element) => element?.closest("input, textarea, select, [contenteditable=true], [role=textbox]");

  document.addEventListener("keydown", (event) => {
    if (!list || !hasShortcuts || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    // The page's own keys come first (keys.js).
    if ([...document.querySelectorAll("[data-page-key]")].some((one) => one.dataset.pageKey === event.key)) return;
    const isAfterGo = Date.now() - wentAt < 1500;
    wentAt = 0;
    let target = null;
    if (isAfterGo && goals[event.key]) {
      target = document.querySelector(`#sidebar a[href="${goals[event.key]}"]`);
      if (target) location.assign(target.href);
    } else if (event.key === "g") {
      wentAt = Date.now();
    } else if (event.key === "/") {
      target = document.querySelector("#content input[type=search]");
      target?.focus();
      target?.select();
    } else if (event.key === "n") {
      target = document.querySelector("[data-page-actions] a.pf-m-primary, [data-page-actions] button.pf-m-primary");
      target?.click();
    } else if (event.key === "?") {
      target = list;
      htmx.ajax("GET", list.href, { source: list, target: "#dialog", swap: "innerHTML" });
    }
    if (target) event.preventDefault();
  });
  // Keys of this page alone stand in the list, too.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const rows = event.detail.elt.querySelector?.(".lm-shortcuts");
    if (event.detail.elt.id !== "dialog" || !rows) return;
    for (const element of document.querySelectorAll("#content [data-page-key]")) {
      const row = rows.firstElementChild.cloneNode(true);
      row.querySelector("kbd").textContent = element.dataset.pageKey;
      row.querySelector("dd div").textContent = (element.labels?.[0] ?? element).textContent.trim();
      rows.append(row);
    }
  });
  list?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", list.href, { source: list, target: "#dialog", swap: "innerHTML" });
  });
})();
