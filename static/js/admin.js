// Before the first paint: the theme that the reader chose in the portal. Without script the system's is followed.
(() => {
  const chosen = document.querySelector("meta[name=theme]").content;
  document.documentElement.dataset.theme = chosen === "system" ? "auto" : chosen;
})();
