// Forms of operators: characters counted as they are typed, a text copied from one field into another.
(() => {
  const { announce } = window.litemaas;
  const count = (field) => {
    const note = document.getElementById(`${field.id}-count`);
    if (note) note.textContent = `${field.value.length} / ${field.maxLength}`;
  };
  for (const field of document.querySelectorAll("textarea[data-count]")) {
    const note = document.createElement("p");
    note.id = `${field.id}-count`;
    note.className = "lm-quiet";
    field.closest(".lm-control").after(note);
    count(field);
  }
  document.addEventListener("input", (event) => { if (event.target.matches("[data-count]")) count(event.target); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-value]");
    if (!button) return;
    const into = document.querySelector(button.dataset.into);
    into.value = document.querySelector(button.dataset.copyValue).value;
    into.dispatchEvent(new Event("input", { bubbles: true }));
    into.focus();
    announce(button.textContent.trim());
  });
})();
