// Letters that press buttons of this page, where nobody is typing and shortcuts are not turned off.
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const button = [...document.querySelectorAll("[data-page-key]")].find((one) => one.dataset.pageKey === event.key);
    if (!button) return;
    event.preventDefault();
    const needed = button.dataset.needs && document.querySelector(button.dataset.needs);
    if (needed && !needed.value.trim()) needed.focus();
    else button.click();
  });
})();
