// The page as a whole: how many models stand side by side, whose settings are shown, one message to all of them.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { announce, ask, confirmed, fill, part, texts } = play;
  const $ = (id) => document.getElementById(id);
  const root = $("play");
  const [input, send, stop, count] = [$("say"), $("play-send"), $("play-halt"), $("play-columns")];
  const [columns, which, comparison] = ["columns", "which", "comparison"].map((name) => root.querySelector(`[data-${name}]`));
  const editing = root.querySelector("[data-editing]");
  const forms = root.querySelector("[data-settings]");
  const first = $("play-settings");
  const fold = root.querySelector("[data-fold]");
  const talks = [];
  // Where the panel lies above the conversation, the conversation comes first.
  fold.open = matchMedia("(min-width: 62rem)").matches;
  let editedAt = null;

  play.isComparing = () => talks.length > 1;

  // --- columns ----------------------------------------------------------------------------------------------------------
  // A further form is a copy of the first one as it stands, under ids of its own.
  const copied = (number) => {
    const form = first.cloneNode(true);
    form.id = `play-settings-${number}`;
    for (const element of form.querySelectorAll("[id], [for], [aria-describedby]")) {
      for (const name of ["id", "for", "aria-describedby"]) if (element.hasAttribute(name)) element.setAttribute(name, `${element.getAttribute(name)}-${number}`);
    }
    for (const field of form.elements) if (field.name) { field.value = first.elements[field.name].value; field.checked = first.elements[field.name].checked; }
    forms.append(form);
    return form;
  };

  const changed = (talk) => {
    const isRunning = talks.some((one) => one.isRunning);
    stop.hidden = !isRunning;
    send.disabled = isRunning;
    if (talk.isRunning) return;
    if (play.isComparing()) showComparison();
    else keeper.keep(talk.messages, talk.settings.model);
  };

  const showComparison = () => {
    comparison.hidden = !play.isComparing() || !talks.some((talk) => talk.figures);
    comparison.replaceChildren(...(comparison.hidden ? [] : [play.figures.comparison(talks.map((talk) => talk.settings.model), talks.map((talk) => talk.figures))]));
  };

  const edit = (at) => {
    editedAt = at;
    input.value = talks[0].messages[at]?.content ?? "";
    editing.querySelector("span").textContent = texts.editing;
    editing.hidden = false;
    input.focus();
  };

  const endEditing = () => { editedAt = null; editing.hidden = true; };

  const added = () => {
    const number = talks.length + 1;
    const settings = new play.Settings(number === 1 ? first : copied(number));
    const talk = new play.Talk(settings, { onChange: changed, onEdit: edit, onKeep: keepOnly, onSettings: (one) => showSettings(one, true) });
    if (number > 1) {
      // Another model where there is one, for that is what a comparison is for; the talk so far is theirs too.
      const taken = talks.map((one) => one.settings.model);
      const other = [...settings.field("model").options].find((option) => !taken.includes(option.value));
      if (other) settings.choose(other.value);
      talk.load(talks[0].messages);
    }
    talks.push(talk);
    columns.append(talk.element);
    return talk;
  };

  const removeLast = () => {
    const talk = talks.pop();
    talk.stop();
    talk.element.remove();
    talk.settings.form.remove();
  };

  const arrange = (wanted) => {
    while (talks.length < wanted) added();
    while (talks.length > wanted) removeLast();
    count.value = String(wanted);
    columns.className = `lm-play__columns lm-play__columns--${wanted}`;
    for (const talk of talks) talk.element.querySelector("[data-compare]").hidden = wanted < 2;
    which.hidden = wanted < 2;
    which.replaceChildren(...talks.map((talk, at) => {
      const item = part("which");
      const button = item.querySelector("button");
      button.querySelector("span").textContent = fill(texts.column, { number: at + 1 });
      button.addEventListener("click", () => showSettings(talk));
      return item;
    }));
    showSettings(talks[0]);
    showComparison();
    remember();
  };

  const showSettings = (talk, go = false) => {
    talks.forEach((one, at) => {
      one.settings.form.hidden = one !== talk;
      const button = which.children[at]?.querySelector("button");
      button?.setAttribute("aria-pressed", String(one === talk));
      button?.classList.toggle("pf-m-selected", one === talk);
    });
    if (!go) return;
    fold.open = true;
    talk.settings.field("model").focus();
  };

  const present = () => talks.find((talk) => !talk.settings.form.hidden) ?? talks[0];

  const keepOnly = (talk) => {
    const { messages, settings: { preset, key }, figures } = talk;
    const kept = [...messages];
    talks.forEach((one) => one.stop());
    talks[0].settings.field("key").value = key;
    talks[0].settings.showModels();
    talks[0].settings.preset = preset;
    talks[0].load(kept);
    talks[0].figures = figures;
    arrange(1);
    keeper.keep(kept, preset.model);
    input.focus();
  };

  // The address says how many columns there are and of which models.
  const remember = () => {
    const address = new URL(location.href);
    address.searchParams.delete("model");
    address.searchParams.delete("columns");
    for (const talk of talks) if (talk.settings.model) address.searchParams.append("model", talk.settings.model);
    if (talks.length > 1) address.searchParams.set("columns", talks.length);
    history.replaceState(null, "", address);
  };

  // --- saying something ---------------------------------------------------------------------------------------------------
  root.querySelector("[data-say]").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = input.value.trim();
    if (!words || talks.some((talk) => talk.isRunning)) return;
    const lost = talks.find((talk) => !talk.canAsk);
    if (lost) { showSettings(lost, true); lost.settings.form.reportValidity(); return announce(texts.noModel, true); }
    if (editedAt !== null) talks.forEach((talk) => talk.cut(editedAt));
    endEditing();
    input.value = "";
    if (!play.isComparing()) announce(texts.thinking);
    for (const talk of talks) { talk.say(words); talk.ask(); }
    remember();
    input.focus();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });
  stop.addEventListener("click", () => { talks.forEach((talk) => talk.stop()); input.focus(); });
  $("play-cancel-edit").addEventListener("click", () => { endEditing(); input.value = ""; input.focus(); });
  $("play-clear").addEventListener("click", async () => {
    if (talks.some((talk) => talk.shown.length) && !(await confirmed(texts.clearTitle, texts.clearText, texts.clear))) return;
    talks.forEach((talk) => talk.clear());
    endEditing();
    keeper.begin();
    showComparison();
    input.focus();
  });
  count.addEventListener("change", () => arrange(Number(count.value)));

  // --- what is kept ---------------------------------------------------------------------------------------------------------
  const loaded = (name) => announce(fill(texts.loaded, { name }));
  new play.Kept("presets", {
    values: () => ({ settings: present().settings.preset }),
    take: (saved) => { present().settings.preset = saved.settings; loaded(saved.name); },
  });
  new play.Kept("prompts", {
    values: () => (input.value.trim() ? { text: input.value } : null),
    take: (saved) => { input.value = saved.text; loaded(saved.name); input.focus(); },
  });
  const keeper = new play.Keeper(new play.Kept("conversations", {
    take: async (saved) => {
      try {
        const whole = await ask("GET", `/playground/conversations/${saved.id}`);
        arrange(1);
        talks[0].load(whole.messages.map((one) => ({ ...one, content: typeof one.content === "string" ? one.content : JSON.stringify(one.content), model: whole.model })));
        if (whole.model) talks[0].settings.choose(whole.model);
        keeper.begin(saved.id);
        loaded(saved.name);
      } catch (error) {
        announce(error.message, true);
      }
    },
  }));
  $("play-delete-all").addEventListener("click", () => keeper.dropAll());
  $("play-share").addEventListener("click", () => play.share(present().settings.preset));
  $("play-export-json").addEventListener("click", () => play.exported(talks, "json"));
  $("play-export-markdown").addEventListener("click", () => play.exported(talks, "markdown"));
  for (const example of play.examples) {
    const item = part("example");
    item.querySelector("span").textContent = example.name;
    item.querySelector("button").addEventListener("click", () => { input.value = example.text; input.focus(); });
    root.querySelector("[data-examples]").append(item);
  }

  // --- as the address has it --------------------------------------------------------------------------------------------------
  const asked = new URLSearchParams(location.search);
  const shared = play.sharedPreset();
  const models = asked.getAll("model").slice(0, 4);
  added();
  if (models[0]) talks[0].settings.choose(models[0]);
  if (shared) { talks[0].settings.preset = shared; announce(texts.shared); }
  arrange(Math.min(Math.max(Number(asked.get("columns")) || models.length || 1, 1), 4));
  models.forEach((model, at) => { if (at > 0) talks[at]?.settings.choose(model); });
  stop.hidden = true;
})();
