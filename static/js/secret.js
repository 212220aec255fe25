// A secret that was revealed leaves the page after a while, or at once when the reader asks for it.
(() => {
  for (const box of document.querySelectorAll("[data-secret]")) {
    const left = box.querySelector("[data-secret-left]");
    const until = Date.now() + Number(box.dataset.secret) * 1000;

    const hide = () => {
      clearInterval(timer);
      box.querySelector("code").textContent = "•".repeat(24);
      box.querySelector("[data-secret-acts]").remove();
      dispatchEvent(new Event("secret-hidden"));
      left.textContent = left.dataset.secretHiddenText;
      window.litemaas.announce(left.textContent);
      left.tabIndex = -1;
    };
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) return hide();
      left.textContent = left.dataset.secretLeftText.replace("%(count)s", seconds);
    };
    const timer = setInterval(tick, 1000);
    box.querySelector("[data-secret-hide]").addEventListener("click", () => { hide(); left.focus(); });
    // A page that the browser keeps for the Back button must not keep the secret.
    addEventListener("pagehide", hide);
  }
})();
