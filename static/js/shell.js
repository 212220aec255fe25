// The frame: sidebar, menus, tabs, copy buttons. Everything listens on the document, so swapped parts work at once.
(() => {
  const wide = matchMedia("(min-width: 75rem)");
  const texts = () => document.getElementById("script-texts").dataset;

  const announce = (text, now = false) => {
    const region = document.getElementById(now ? "announce-now" : "announce");
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  };

  // --- sidebar -------------------------------------------------------------------------------------------------
  const sidebar = document.getElementById("sidebar");
  const toggle = document.getElementById("sidebar-toggle");

  const isOpen = () => (wide.matches ? !sidebar.classList.contains("pf-m-collapsed") : sidebar.classList.contains("pf-m-expanded"));

  const openSidebar = (open) => {
    if (wide.matches) {
      sidebar.classList.toggle("pf-m-collapsed", !open);
      document.cookie = `sidebar=${open ? "open" : "collapsed"}; path=/; max-age=31536000; samesite=lax`;
    } else {
      sidebar.classList.toggle("pf-m-expanded", open);
    }
    toggle.setAttribute("aria-expanded", String(open));
  };

  if (sidebar && toggle) {
    const settle = () => toggle.setAttribute("aria-expanded", String(isOpen()));
    settle();
    wide.addEventListener("change", settle);
    toggle.addEventListener("click", () => openSidebar(!isOpen()));
    document.addEventListener("click", (event) => {
      if (wide.matches || !isOpen() || sidebar.contains(event.target) || toggle.contains(event.target)) return;
      openSidebar(false);
    });
    document.querySelector("[data-skip-to-navigation]")?.addEventListener("click", (event) => {
      event.preventDefault();
      openSidebar(true);
      sidebar.querySelector("a")?.focus();
    });
  }

  // --- menus: <details>, closed by Escape, by a click beside them and by leaving them; arrows walk the items -----
  const openMenus = () => document.querySelectorAll("details[data-menu][open]");
  const items = (menu) => [...menu.querySelectorAll("a[href], button, input")].filter((item) => !item.closest("summary"));

  const walk = (menu, key) => {
    const all = items(menu);
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[key];
    all[(to + all.length) % all.length]?.focus();
  };

  // A letter leads to the next item that begins with it; letters in quick succession are a word.
  let sought = "";
  let soughtAt = 0;
  const seek = (menu, letter) => {
    sought = Date.now() - soughtAt < 700 ? sought + letter.toLocaleLowerCase() : letter.toLocaleLowerCase();
    soughtAt = Date.now();
    const all = items(menu);
    const from = all.indexOf(document.activeElement) + (sought.length === 1 ? 1 : 0);
    const inOrder = [...all.slice(Math.max(from, 0)), ...all.slice(0, Math.max(from, 0))];
    inOrder.find((item) => item.textContent.trim().toLocaleLowerCase().startsWith(sought))?.focus();
  };

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  // A menu at the end of a page would open below what is seen. The event does not bubble.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details[data-menu][open]")) event.target.querySelector(".lm-menu__panel")?.scrollIntoView({ block: "nearest" });
  }, true);
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[data-menu]");
    if (!menu) {
      if (event.key === "Escape" && sidebar && toggle && !wide.matches && isOpen()) { openSidebar(false); toggle.focus(); }
      return;
    }
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault();
    } else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
      if (event.target.matches("input[type=search], input[type=text]")) return;
      menu.open = true;
      walk(menu, event.key);
      event.preventDefault();
    } else if (menu.open && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.target.matches("input, select, textarea")) return;
      seek(menu, event.key);
      event.preventDefault();
    }
  });

  // --- tabs inside a page (code in three languages) ---------------------------------------------------------------
  const choose = (tab) => {
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    for (const other of tabs) {
      const current = other === tab;
      other.setAttribute("aria-selected", String(current));
      other.tabIndex = current ? 0 : -1;
      other.closest("li").classList.toggle("pf-m-current", current);
      document.getElementById(other.getAttribute("aria-controls")).classList.toggle("lm-tab-closed", !current);
    }
  };
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tabs] [role=tab]");
    if (tab) choose(tab);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[data-tabs] [role=tab]");
    if (!tab) return;
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    const next = tabs[(to + tabs.length) % tabs.length];
    choose(next);
    next.focus();
    event.preventDefault();
  });

  // Of tabs that do not fit, the current one is in sight.
  for (const item of document.querySelectorAll(".pf-v6-c-tabs__item.pf-m-current")) {
    const list = item.parentElement;
    list.scrollLeft += Math.max(0, item.getBoundingClientRect().right - list.getBoundingClientRect().right);
  }

  // --- copy ----------------------------------------------------------------------------------------------------------
  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      announce(texts().copied);
      const use = button.querySelector("use");
      const before = use.getAttribute("href");
      use.setAttribute("href", before.replace(/#.*/, "#check"));
      setTimeout(() => use.setAttribute("href", before), 2000);
    } catch {
      // Without a secure origin or permission there is no clipboard: the reader copies the selected text.
      select(source);
      announce(texts().copyFailed, true);
    }
  });

  window.litemaas = { announce, texts };
})();
