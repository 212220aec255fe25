// What people keep: presets, prompts, conversations if they wish; and what they take away as a file.
(() => {
  const play = window.litemaas.play;
  if (!play) return;
  const { announce, ask, confirmed, fill, part, texts } = play;
  const box = (name) => document.querySelector(`[data-kept="${name}"]`);
  const tell = (text) => announce(text);
  const complain = (error) => announce(error.message || texts.failed, true);

  // A list of saved things under its heading, read when it is opened for the first time.
  class Kept {
    constructor(name, { take, values }) {
      this.path = `/playground/${name}`;
      this.take = take;
      this.box = box(name);
      this.list = this.box.querySelector("[data-list]");
      this.none = this.box.querySelector("[data-none]");
      this.box.closest("details").addEventListener("toggle", (event) => { if (event.target.open && !this.isRead) this.read(); });
      const form = this.box.querySelector("[data-keep]");
      form?.addEventListener("submit", (event) => {
        event.preventDefault();
        this.save(form.querySelector("input"), values);
      });
    }

    async read() {
      try {
        const rows = [];
        for (let page = 1, all = 1; page <= all; page += 1) {
          const found = await ask("GET", `${this.path}?limit=100&page=${page}`);
          rows.push(...found.data);
          all = found.pagination.totalPages;
        }
        this.isRead = true;
        this.list.replaceChildren(...rows.map((row) => this.row(row)));
        this.none.hidden = rows.length > 0;
      } catch (error) {
        complain(error);
      }
    }

    row(saved) {
      const row = part("kept");
      const [take, drop] = row.querySelectorAll("button");
      take.querySelector("span").textContent = saved.name;
      drop.setAttribute("aria-label", `${texts.delete}: ${saved.name}`);
      drop.title = texts.delete;
      take.addEventListener("click", () => this.take(saved));
      drop.addEventListener("click", () => this.drop(saved, row));
      return row;
    }

    async save(input, values) {
      const name = input.value.trim();
      const found = values();
      if (!name || !found) return announce(name ? texts.textFirst : texts.nameFirst, true);
      try {
        await ask("POST", this.path, { name, ...found });
        input.value = "";
        tell(texts.saved);
        await this.read();
      } catch (error) {
        complain(error);
      }
    }

    async drop(saved, row) {
      if (!(await confirmed(fill(texts.deleteTitle, { name: saved.name }), texts.deleteText, texts.delete))) return;
      try {
        await ask("DELETE", `${this.path}/${saved.id}`);
      } catch (error) {
        if (error.code !== "NOT_FOUND") return complain(error);
      }
      row.remove();
      this.none.hidden = this.list.children.length > 0;
      this.box.closest("details").querySelector("summary").focus();
      tell(texts.deleted);
      this.onDrop?.(saved.id);
    }
  }

  // --- links: the settings stand behind the #, which no browser sends to a server ---------------------------------------
  const encoded = (preset) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(preset)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const decoded = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0))));
  const sharedPreset = () => {
    const found = /^#settings=([\w-]+)$/.exec(location.hash);
    if (!found) return null;
    try {
      const given = decoded(found[1]);
      return typeof given === "object" && !Array.isArray(given) ? given : null;
    } catch {
      return null;
    }
  };
  const share = async (preset) => {
    history.replaceState(null, "", `#settings=${encoded(preset)}`);
    announce((await play.copy(location.href)) ? texts.linkCopied : texts.linkShown);
  };

  // --- conversations, saved as they grow where that is wished --------------------------------------------------------------
  class Keeper {
    constructor(kept) {
      this.kept = kept;
      this.id = null;
      this.queue = Promise.resolve();
      this.box = document.getElementById("play-keep");
      this.box.addEventListener("change", () => this.remember());
      kept.onDrop = (id) => { if (id === this.id) this.id = null; };
    }

    async remember() {
      try {
        const now = await ask("GET", "/users/me/preferences");
        await ask("PATCH", "/users/me/preferences", { playground: { ...now.playground, keepConversations: this.box.checked } });
        tell(texts.saved);
      } catch (error) {
        this.box.checked = !this.box.checked;
        complain(error);
      }
    }

    begin(id = null) { this.id = id; }

    // One after the other, so that two answers can't make two of one conversation.
    keep(messages, model) {
      if (!this.box.checked || messages.length < 2) return;
      const plain = messages.map(({ role, content }) => ({ role, content }));
      this.queue = this.queue.then(() => this.write(plain, model)).catch(complain);
    }

    async write(messages, model) {
      const name = messages.find((one) => one.role === "user")?.content.trim().slice(0, 80) || model;
      if (this.id) await ask("PATCH", `/playground/conversations/${this.id}`, { messages, model });
      else this.id = (await ask("POST", "/playground/conversations", { name, model, messages })).id;
      this.kept.isRead = false;
      if (this.kept.box.closest("details").open) await this.kept.read();
    }

    async dropAll() {
      if (!(await confirmed(texts.deleteAllTitle, texts.deleteText, texts.deleteAll))) return;
      try {
        await ask("DELETE", "/playground/conversations");
        this.id = null;
        await this.kept.read();
        tell(texts.deleted);
      } catch (error) {
        complain(error);
      }
    }
  }

  // --- files ---------------------------------------------------------------------------------------------------------------
  const download = (name, type, content) => {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = Object.assign(document.createElement("a"), { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  const stamp = () => new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-");
  const asMarkdown = (talk) => talk.messages.map((one) => `## ${one.role === "user" ? texts.you : one.model ?? talk.settings.model}\n\n${one.content}\n`).join("\n");
  const asData = (talk) => ({ ...talk.settings.preset, messages: talk.messages.map(({ role, content }) => ({ role, content })), figures: talk.figures });

  const exported = (talks, kind) => {
    if (!talks.some((talk) => talk.messages.length)) return announce(texts.nothingSaid, true);
    if (kind === "json") return download(`conversation-${stamp()}.json`, "application/json", JSON.stringify(talks.length === 1 ? asData(talks[0]) : talks.map(asData), null, 2));
    return download(`conversation-${stamp()}.md`, "text/markdown", talks.map((talk) => `# ${talk.settings.model}\n\n${asMarkdown(talk)}`).join("\n"));
  };

  Object.assign(play, { Kept, Keeper, exported, share, sharedPreset });
})();
