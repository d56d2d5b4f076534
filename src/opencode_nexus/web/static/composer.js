// SPDX-License-Identifier: MIT
// The field in which a message is written: its draft, the keys that send it, and what waits for the connection.
// Without it the form works all the same. A submit has a key, by which the hub takes it once however often it comes.
(() => {
  "use strict";
  const doc = document, touch = matchMedia("(pointer: coarse)"), SOON = 500;
  const $ = (selector, from = doc) => from.querySelector(selector);
  const read = (name) => { try { return JSON.parse(localStorage[name]); } catch { return null; } };
  const write = (name, value) => { value ? localStorage.setItem(name, JSON.stringify(value)) : localStorage.removeItem(name); };
  const make = (tag, words = "", more = {}) => Object.assign(doc.createElement(tag), { textContent: words }, more);
  const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
  const value = (name) => field.form.elements[name]?.value || "";
  const post = (url, data) => fetch(url, {
    method: "POST", headers: { Accept: "application/json", "X-Nexus": "live" }, body: new URLSearchParams(data), signal: AbortSignal.timeout(40000),
  });
  const complain = (words) => {
    let place = $(".form-error", field.form);
    if (!place) {
      field.before(place = make("p", "", { className: "error form-error" }));
      place.setAttribute("role", "alert");
    }
    place.textContent = words;
    place.hidden = !words;
  };
  const why = async (answer) => {
    const { title = "It was refused.", detail, hint } = await answer.json().catch(() => ({}));
    return [title, detail, hint].filter(Boolean).join(" ");
  };

  // The draft: `synced` is the hub's, of `version`. What the hub does not have yet lies in this browser too.
  let field = null, synced = "", version = 0, timer = 0, picks = "";
  const dirty = () => field.value !== synced;
  const name = () => "draft:" + field.dataset.draft;
  const hold = () => write(name(), field.value || dirty() ? { text: field.value, version, dirty: dirty() } : null);
  const picked = () => ({ model: value("model"), agent: value("agent"), variant: value("variant") });
  const put = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(save, SOON); };
  const offer = (text) => {
    $(".offer")?.remove();
    if (!text.trim() || text === field.value) return;
    const box = make("p", "", { className: "note offer" }), use = make("button", "Use it", { type: "button", className: "btn" });
    const no = make("button", "No", { type: "button", className: "btn quiet" });
    box.setAttribute("role", "status");
    use.onclick = () => { box.remove(); put(text); field.focus(); };
    no.onclick = () => { box.remove(); field.focus(); };
    box.append(make("span", `Another device has a draft: “${text.trim().slice(0, 60)}”`, { className: "grow" }), use, no);
    field.form.before(box);
  };
  const save = async () => {
    clearTimeout(timer);
    const mine = field, text = mine.value, now = JSON.stringify(picked());
    if (!dirty() && now === picks) return;
    try {
      const answer = await post(mine.form.action + "/draft", { text, version, ...picked() });
      if (!answer.ok || mine !== field) return;
      const kept = await answer.json();
      picks = now;
      version = kept.version;
      synced = kept.kept ? text : kept.text;
      if (!kept.kept) offer(kept.text), later();
      hold();
    } catch { /* it goes when the line is back */ }
  };
  const pull = async () => {
    const mine = field;
    if (!mine || doc.hidden) return;
    if (dirty()) return save();
    try {
      const answer = await fetch(mine.form.action + "/draft", { headers: { Accept: "application/json" } });
      const now = answer.ok && mine === field && await answer.json();
      if (!now) return;
      dispatchEvent(new CustomEvent("composer:chips", { detail: now.chips.filter((chip) => !waiting().some((one) => one.attached.includes(chip.id))) }));
      if (now.version <= version) return;
      version = now.version;
      if (dirty()) return offer(now.text);
      synced = now.text;
      put(now.text);
    } catch { /* the line says so */ }
  };

  // What is sent while nobody can be reached waits in this browser, and goes in its order, once.
  const waiting = () => read("outbox") || [];
  const away = (key) => write("outbox", waiting().filter((one) => one.key !== key));
  const show = () => {
    $(".outbox")?.remove();
    const mine = field ? waiting().filter((one) => one.url === field.form.action) : [];
    if (!mine.length) return;
    const list = make("ul", "", { className: "outbox" });
    for (const one of mine) {
      const row = make("li"), edit = make("button", "Edit", { type: "button", className: "btn quiet" });
      const drop = make("button", "Remove", { type: "button", className: "btn quiet" });
      edit.onclick = () => { away(one.key); put([field.value, one.text].filter(Boolean).join("\n")); show(); field.focus(); };
      drop.onclick = () => { away(one.key); show(); field.focus(); };
      row.append(make("span", one.text || "(files only)", { className: "clip grow" }), make("small", one.error || "Waits for the connection", { className: one.error ? "error" : "muted" }), edit, drop);
      list.append(row);
    }
    field.form.after(list);
  };
  const flush = () => {
    const work = async () => {
      const stuck = new Set();
      for (const one of waiting()) {
        if (one.error || stuck.has(one.url)) { stuck.add(one.url); continue; }
        try {
          const answer = await post(one.url, pairs(one));
          if (answer.status === 401 || answer.status > 501) return;
          if (answer.ok) away(one.key);
          else {
            const error = await why(answer);
            write("outbox", waiting().map((other) => other.key === one.key ? { ...other, error } : other));
          }
        } catch { return; }
        show();
      }
    };
    if (waiting().length) navigator.locks ? navigator.locks.request("outbox", { ifAvailable: true }, (lock) => lock && work()) : work();
  };
  const pairs = ({ url, attached, at, error, ...rest }) => [...Object.entries(rest), ...attached.map((id) => ["attached", id])];

  // Sending
  const done = (form, one, now = {}) => {
    if (field.value === one.text) put("");
    form.elements.key.value = now.key || newKey();
    version = now.version ?? version;
    synced = "";
    $(".chips", form).replaceChildren();
    complain("");
    hold();
    clearTimeout(timer);
  };
  const send = async (form) => {
    const attached = [...form.querySelectorAll("[name=attached]")].map((input) => input.value);
    const one = { url: form.action, key: value("key"), text: field.value, version, ...picked(), attached, at: Date.now() };
    if (form.dataset.busy) return;
    if ($(".chips [aria-busy]", form)) return complain("The files are still on their way. Send again when they are there.");
    if (!one.text.trim() && !attached.length) return field.focus();
    if (!form.checkValidity()) return form.reportValidity();
    form.dataset.busy = "1";
    clearTimeout(timer);
    try {
      const answer = await post(one.url, pairs(one));
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return complain(await why(answer));
      const now = await answer.json(), data = new FormData(form);
      done(form, one, now);
      form.dispatchEvent(new CustomEvent("nexus:taken", { bubbles: true, detail: data }));
      if (now.taken === "queued") nexus.say("It waits until the agent is done.");
      nexus.toEnd();
    } catch {
      write("outbox", [...waiting(), one]);
      done(form, one);
      show();
      nexus.say("It waits for the connection.");
    } finally { delete form.dataset.busy; }
  };
  addEventListener("submit", (event) => {
    if (!event.target.matches("[data-composer]")) return;
    event.preventDefault();
    if (!event.submitter?.matches("[data-remove]")) send(event.target);
  }, true);
  addEventListener("keydown", (event) => {
    if (event.target !== field || event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (touch.matches && !event.ctrlKey) return;
    event.preventDefault();
    field.form.requestSubmit();
  });

  // What the form shows of itself
  const mode = () => { field.form.dataset.mode = /^\s*!/.test(field.value) ? "shell" : "text"; };
  const variants = () => {
    const select = field.form.elements.variant, had = select.value, names = (field.form.elements.model.selectedOptions[0]?.dataset.variants || "").split(" ").filter(Boolean);
    select.replaceChildren(select.options[0], ...names.map((one) => make("option", one)));
    select.value = names.includes(had) ? had : "";
    select.hidden = !names.length;
  };
  addEventListener("input", ({ target }) => {
    if (target !== field) return;
    mode();
    hold();
    later();
  });
  addEventListener("change", ({ target }) => {
    if (!target.matches("[data-composer] select")) return;
    if (target.name === "model") variants();
    later();
  });
  const open = () => {
    clearTimeout(timer);
    field = $("[data-draft]");
    if (!field) return;
    synced = field.defaultValue;
    version = +field.dataset.version;
    picks = JSON.stringify(picked());
    const mine = read(name());
    if (mine?.dirty ? mine.text !== synced : mine?.version > version) {
      if (mine.dirty && mine.version < version) offer(synced);
      if (!mine.dirty) [synced, version] = [mine.text, mine.version];
      put(mine.text);
    }
    mode();
    show();
    flush();
  };
  addEventListener("nexus:page", open);
  addEventListener("nexus:line", ({ detail }) => { if (detail === "live") flush(), pull(); });
  addEventListener("online", flush);
  addEventListener("focus", pull);
  addEventListener("pagehide", () => field && dirty() && navigator.sendBeacon(field.form.action + "/draft", new URLSearchParams({ text: field.value, version, ...picked() })));
  doc.addEventListener("visibilitychange", () => { if (doc.hidden) { if (field) save(); } else pull(); });
  nexus.composer = { complain, make, put, why };
  open();
  if (!touch.matches && doc.activeElement === doc.body) field?.focus();
})();
