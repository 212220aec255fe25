// Forms: one submit only, a question before typed text is lost, check lists with search, filter addresses kept short.
(() => {
  const { announce, texts } = window.litemaas;
  const count = (template, number) => template.replace("%(count)s", String(number));

  // --- one submit, with a word while it runs ----------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // A download leaves the page as it is: it can be asked for again.
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-download")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.classList.add("lm-busy");
    if (form.hasAttribute("data-busy")) announce(texts().busy);
    // Not before the browser has taken down which button was pressed.
    const pressed = event.submitter;
    if (pressed?.matches(".pf-v6-c-button:not(.pf-m-plain)")) setTimeout(() => showBusy(pressed));
  });
  const showBusy = (button) => {
    button.classList.add("pf-m-progress", "pf-m-in-progress");
    button.prepend(document.getElementById("busy-template").content.cloneNode(true));
  };
  const showReady = (button) => {
    button.classList.remove("pf-m-progress", "pf-m-in-progress");
    button.querySelector("[data-busy-sign]")?.remove();
  };
  // A page that comes back from the browser's memory must be usable again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.classList.remove("lm-busy");
      form.querySelectorAll(".pf-m-in-progress").forEach(showReady);
    }
  });

  // --- unsaved changes ------------------------------------------------------------------------------------------------
  const isChanged = (form) => [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
  });
  Object.assign(window.litemaas, { isChanged });
  addEventListener("beforeunload", (event) => {
    if (window.litemaas.isLeaving) return;
    const open = [...document.querySelectorAll("form[data-guard]:not([data-sent])")];
    if (open.some(isChanged)) event.preventDefault();
  });

  // --- fields that another field's value makes pointless -----------------------------------------------------------------
  const settle = (form) => {
    for (const part of form.querySelectorAll("[data-only-when]")) {
      const value = form.elements[part.dataset.onlyWhen]?.value;
      part.hidden = "is" in part.dataset ? value !== part.dataset.is : value === part.dataset.isnt;
    }
  };
  document.addEventListener("change", (event) => { if (event.target.form) settle(event.target.form); });
  for (const form of document.forms) settle(form);

  // --- check lists -------------------------------------------------------------------------------------------------------
  const boxes = (list) => [...list.querySelectorAll("[data-choice]")];
  const tell = (list) => {
    const chosen = list.querySelectorAll("[data-choice] input:checked").length;
    const region = list.querySelector("[data-checklist-count]");
    if (region) region.textContent = count(texts().selected, chosen);
  };
  const mark = (list, checked) => {
    for (const box of boxes(list)) {
      const input = box.querySelector("input");
      if (!box.hidden && !input.disabled) input.checked = checked;
    }
    tell(list);
    announce(list.querySelector("[data-checklist-count]").textContent);
  };
  const narrow = (list, text) => {
    const wanted = text.trim().toLocaleLowerCase();
    const all = boxes(list);
    for (const box of all) box.hidden = !box.textContent.toLocaleLowerCase().includes(wanted);
    announce(count(texts().shown, all.filter((box) => !box.hidden).length));
  };
  document.addEventListener("click", (event) => {
    const list = event.target.closest("[data-checklist]");
    if (list && event.target.closest("[data-checklist-all]")) mark(list, true);
    if (list && event.target.closest("[data-checklist-none]")) mark(list, false);
  });
  document.addEventListener("input", (event) => {
    const list = event.target.closest("[data-checklist]");
    if (!list) return;
    if (event.target.matches("[data-checklist-search]")) narrow(list, event.target.value);
    else tell(list);
  });
  // Enter in the search of a list must not send the form around it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("[data-checklist-search]")) event.preventDefault();
  });
  document.querySelectorAll("[data-checklist]").forEach(tell);

  // --- filters -----------------------------------------------------------------------------------------------------------
  const showCounts = () => {
    for (const badge of document.querySelectorAll("[data-count-checked]")) {
      const chosen = badge.closest("details").querySelectorAll("input:checked").length;
      badge.textContent = String(chosen);
      badge.hidden = chosen === 0;
    }
  };
  showCounts();
  // The first search of a filter searches while somebody types. What leaving it would ask for again could arrive after
  // the answer to what was clicked instead.
  document.addEventListener("change", (event) => {
    const first = event.target.closest("[data-filters]")?.querySelector("input[type=search]");
    if (event.target === first) event.stopPropagation();
  }, true);
  document.addEventListener("change", (event) => { if (event.target.closest("[data-filters]")) showCounts(); });
  // A field that only counts with a certain choice makes it, before anybody asks the server.
  document.addEventListener("change", ({ target }) => {
    const [name, value] = target.dataset.selects?.split("=") ?? [];
    if (name && target.value) target.form.elements[name].value = value;
  }, true);
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches("[data-filters]")) return;
    const kept = event.detail.formData;
    for (const name of new Set(kept.keys())) if (kept.getAll(name).every((value) => value === "")) kept.delete(name);
  });

  // --- a form that came back: its error summary, or the one field that is wrong, which may be far below ------------------
  (document.querySelector("[data-error-summary]") ?? document.querySelector('[aria-invalid="true"]'))?.focus();
})();
