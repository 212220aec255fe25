// Runs before the first paint: says that scripts run, and turns "as the system" into light or dark.
(() => {
  const root = document.documentElement;
  root.classList.add("lm-script");
  if (root.dataset.theme !== "system") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.classList.toggle("pf-v6-theme-dark", dark.matches);
  follow();
  dark.addEventListener("change", follow);
})();
