// Before the first paint: the theme that the reader chose in the portal. Without script the system's is followed.
(() => {
  const chosen = document.querySelector("meta[name=theme]").content;
  document.documentElement.dataset.theme = chosen === "system" ? "auto" : chosen;

  // Django opens the list of models when all is loaded, which moves the page: as soon as it is there, instead.
  if (localStorage.getItem("django.admin.navSidebarIsOpen") === "false") return;
  new MutationObserver((_, watch) => {
    const main = document.getElementById("main");
    if (!main) return;
    if (document.getElementById("nav-sidebar")) main.classList.add("shifted");
    if (main.querySelector("main")) watch.disconnect();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
