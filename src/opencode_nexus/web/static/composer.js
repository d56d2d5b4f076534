// SPDX-License-Identifier: MIT
// The field in which a message is written: its draft, and the keys that send it. Without it the form works all the same.
// A submit has a key, by which the hub takes it once however often it comes.
(() => {
  "use strict";
  const doc = document, touch = matchMedia("(pointer: coarse)"), SOON = 500;
  const $ = (selector, from = doc) => from.querySelector(selector);
  const { read, write, make, post, pairs, why, waiting } = nexus.outbox;
  const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
  const value = (name) => field.form.elements[name]?.value || "";
  const complain = (words) => {
    let place = $(".form-error", field.form);
    if (!place) {
      field.before(place = make("p", "", { className: "error form-error" }));
      place.setAttribute("role", "alert");
    }
    place.textContent = words;
    place.hidden = !words;
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
  const offer = (text, whose = "Another device has a draft") => {
    $(".offer")?.remove();
    if (!text.trim() || text === field.value) return;
    const box = make("p", "", { className: "note offer" }), use = make("button", "Use it", { type: "button", className: "btn" });
    const no = make("button", "No", { type: "button", className: "btn quiet" });
    box.setAttribute("role", "status");
    use.onclick = () => { box.remove(); put(text); field.focus(); };
    no.onclick = () => { box.remove(); field.focus(); };
    box.append(make("span", `${whose}: “${text.trim().slice(0, 60)}”`, { className: "grow" }), use, no);
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
    if (!mine || doc.hidden || mine.form.dataset.busy) return;
    if (dirty()) return save();
    try {
      const answer = await fetch(mine.form.action + "/draft", { headers: { Accept: "application/json" } });
      const now = answer.ok && mine === field && await answer.json();
      if (!now) return;
      dispatchEvent(new CustomEvent("composer:chips", { detail: now.chips.filter((chip) => !waiting().some((one) => one.attached.includes(chip.id))) }));
      if (now.version <= version) return;
      version = now.version;
      if (dirty()) return offer(now.text);
      const had = field.value;
      put(synced = now.text);
      // none: it was sent. The other device may have written over it, and nobody there looked at the offer.
      if (now.text && !now.text.includes(had.trim())) offer(had, "Another device has changed what stood here");
    } catch { /* the line says so */ }
  };
  // What stands here was perhaps sent from another browser: nobody shall send it once more.
  const sent = new MutationObserver(() => field?.value && !dirty() && pull());
  const watch = () => {
    sent.disconnect();
    for (const el of doc.querySelectorAll(".msgs, .queue")) sent.observe(el, { childList: true, subtree: el.matches(".queue") });
  };
  addEventListener("nexus:morphed", watch);

  // Sending: `pressed` is what was to be sent while a message before it was still on its way
  let pressed = "";
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
    if (form.dataset.busy) return void (pressed = one.text);
    if ($(".chips [aria-busy]", form)) return complain("The files are still on their way. Send again when they are there.");
    if (!one.text.trim() && !attached.length) return field.focus();
    if (!form.checkValidity()) return form.reportValidity();
    form.dataset.busy = "1";
    clearTimeout(timer);
    let went = true;
    pressed = "";
    try {
      const answer = await post(one.url, pairs(one));
      went = answer.ok;
      if (answer.status === 401) return location.reload();
      if (!went) return complain(await why(answer));
      const now = await answer.json(), data = new FormData(form);
      done(form, one, now);
      form.dispatchEvent(new CustomEvent("nexus:taken", { bubbles: true, detail: data }));
      if (now.taken === "queued") nexus.say("It waits until the agent is done.");
      nexus.toEnd();
    } catch {
      went = nexus.outbox.add(one);
      if (!went) return complain("The hub cannot be reached, and this browser has no room left to keep the message. It stays here: send it when the connection is back.");
      done(form, one);
      nexus.say("It waits for the connection.");
    } finally {
      // Enter pressed again while the line was slow: what stood there then goes too, unless it is being written on
      const more = went && field?.form === form && pressed.trim() && field.value === pressed;
      delete form.dataset.busy;
      if (more) send(form);
    }
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
    watch();
    field.form.elements.key.value = newKey(); // a page that was kept for offline has had its own before
    synced = field.defaultValue;
    version = +field.dataset.version;
    picks = JSON.stringify(picked());
    const mine = read(name()), hubs = synced;
    if (mine?.dirty ? mine.text !== hubs : mine?.version > version) {
      if (!mine.dirty) [synced, version] = [mine.text, mine.version];
      put(mine.text);
      if (mine.dirty && mine.version < version) offer(hubs);
    }
    mode();
  };
  addEventListener("nexus:page", open);
  addEventListener("nexus:line", ({ detail }) => { if (detail === "live") pull(); });
  addEventListener("focus", pull);
  addEventListener("pagehide", () => field && dirty() && navigator.sendBeacon(field.form.action + "/draft", new URLSearchParams({ text: field.value, version, ...picked() })));
  doc.addEventListener("visibilitychange", () => { if (doc.hidden) { if (field) save(); } else pull(); });
  nexus.composer = { complain, put };
  open();
  if (!touch.matches && doc.activeElement === doc.body) field?.focus();
})();
