// SPDX-License-Identifier: MIT
// The command palette, the list of keys, and hits as one types. What they show is HTML from the server.
(() => {
  "use strict";
  const doc = document, base = doc.body.dataset.base || "";
  if (!doc.querySelector(".top .nav")) return;
  const part = async (path) => {
    const answer = await nexus.load(base + path, "part");
    if (answer.redirected) location.reload();
    if (!answer.ok) throw answer.status;
    return nexus.parse(await answer.text());
  };
  const here = () => location.pathname.slice(base.length) || "/";
  const typing = (el) => el.matches?.("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]");
  const single = () => localStorage.keys !== "off";
  const later = (act, ms) => { let timer = 0; return (...what) => { clearTimeout(timer); timer = setTimeout(act, ms, ...what); }; };

  // A dialog that is made when it is first needed.
  const dialogs = {};
  const show = (name, html) => {
    let dialog = dialogs[name];
    if (!dialog) {
      dialog = dialogs[name] = doc.body.appendChild(nexus.parse(html).firstElementChild);
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    }
    if (!dialog.open) dialog.showModal();
    return dialog;
  };

  const PALETTE = `<dialog class="palette" aria-label="Go to or search"><input type="text" role="combobox" aria-expanded="true" aria-controls="go" aria-autocomplete="list" aria-label="Go to or search" placeholder="Go to, or search all chats" autocomplete="off" autocapitalize="off" spellcheck="false"><div id="go" role="listbox" aria-label="Offers"></div></dialog>`;
  let field, list, chosen = 0, asked = 0;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const choose = (number, look = true) => {
    const all = options(), one = all[chosen = (number + all.length) % (all.length || 1)];
    for (const each of all) each.setAttribute("aria-selected", each === one);
    one ? field.setAttribute("aria-activedescendant", one.id) : field.removeAttribute("aria-activedescendant");
    if (look) one?.scrollIntoView({ block: "nearest" });
  };
  const ask = async () => {
    const mine = ++asked;
    try {
      const offers = await part(`/palette?q=${encodeURIComponent(field.value)}&at=${encodeURIComponent(here())}`);
      if (mine !== asked) return;
      list.replaceChildren(offers);
    } catch {
      if (mine === asked) list.textContent = "The hub could not be reached. Try again in a moment.";
    }
    list.scrollTop = 0;
    choose(0, false);
  };
  const soon = later(ask, 80);
  const palette = () => {
    const fresh = !dialogs.palette, dialog = show("palette", PALETTE);
    if (fresh) {
      [field, list] = dialog.children;
      field.addEventListener("input", soon);
      field.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.isComposing || !(step || event.key === "Enter")) return;
        event.preventDefault();
        step ? choose(chosen + step) : options()[chosen]?.click();
      });
      list.addEventListener("click", (event) => event.target.closest("[role=option]") && setTimeout(() => dialog.close()));
    }
    field.value = "";
    ask();
  };

  const keys = async () => {
    try {
      const told = await part("/help/shortcuts");
      const dialog = show("keys", `<dialog aria-labelledby="keys-title"><div class="spread"><h2 id="keys-title">Keyboard shortcuts</h2><form method="dialog"><button class="btn">Close</button></form></div><div></div></dialog>`);
      for (const head of told.querySelectorAll("h2")) head.replaceWith(Object.assign(doc.createElement("h3"), { textContent: head.textContent }));
      dialog.lastElementChild.replaceChildren(told);
      fit();
    } catch { nexus.go(base + "/help/shortcuts"); }
  };
  // Single keys can be turned off: with speech input a word would set them off.
  const fit = () => {
    for (const button of doc.querySelectorAll("[data-single-keys]")) {
      button.hidden = false;
      button.textContent = single() ? "Turn single keys off" : "Turn single keys on";
    }
  };
  addEventListener("click", ({ target }) => {
    if (!target.closest?.("[data-single-keys]")) return;
    localStorage.keys = single() ? "off" : "on";
    fit();
  });
  addEventListener("nexus:page", fit);
  fit();

  addEventListener("keydown", (event) => {
    if (event.key?.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      if (!doc.querySelector("dialog[open]:not(.palette)")) palette();
    } else if (event.key === "?" && single() && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey && !doc.querySelector("dialog[open]")) {
      event.preventDefault();
      keys();
    } else if (/^Arrow(Down|Up)$/.test(event.key) && event.target.matches?.("[data-search] [type=search], .hit")) {
      const stops = [doc.querySelector("[data-search] [type=search]"), ...doc.querySelectorAll(".hit")];
      const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) { event.preventDefault(); next.focus(); }
    }
  });

  // The search: hits as one types; the address follows, so that reloading and going back show the same.
  let wanted = 0;
  const say = later((words) => nexus.say(words), 900);
  const find = async (form) => {
    const mine = ++wanted, query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const path = `/search?${query}`;
    try {
      const hits = await part(path), place = doc.getElementById("hits");
      if (mine !== wanted || !place) return;
      place.replaceChildren(hits);
      history.replaceState(history.state, "", base + path);
      say(place.querySelector("[data-said]")?.dataset.said || "");
    } catch { /* the form itself says more when it is sent */ }
  };
  const finding = later(find, 150);
  addEventListener("input", ({ target }) => target.form?.matches?.("[data-search]") && finding(target.form));
})();
