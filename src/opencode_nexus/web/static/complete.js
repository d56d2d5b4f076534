// SPDX-License-Identifier: MIT
// What can stand after @ and / is offered as it is typed: taken by Enter, Tab, click or touch, left by Escape.
(() => {
  "use strict";
  const doc = document, EACH = 120; // ms between two questions
  let field = null, list = null, hits = [], at = -1, begin = 0, timer = 0, number = 0, last = 0;
  const close = () => {
    clearTimeout(timer);
    number++;
    list?.remove();
    list = null;
    hits = [];
    field?.removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    at = (index + hits.length) % hits.length;
    [...list.children].forEach((row, place) => row.setAttribute("aria-selected", place === at));
    field.setAttribute("aria-activedescendant", "hit-" + at);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const take = (index) => {
    const { insert } = hits[index], end = field.selectionStart;
    close();
    field.setRangeText(insert, begin, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const show = () => {
    const { make } = nexus.outbox, fresh = make("ul", "", { id: "hits", className: "hits" });
    fresh.setAttribute("role", "listbox");
    fresh.setAttribute("aria-label", "Suggestions");
    hits.forEach(({ kind, label, hint }, index) => {
      const row = make("li", "", { id: "hit-" + index });
      row.setAttribute("role", "option");
      row.append(make("span", label, { className: "clip" }), make("small", hint || kind, { className: "muted clip" }));
      row.onpointerdown = (event) => event.preventDefault();
      row.onclick = () => take(index);
      fresh.append(row);
    });
    if (list) list.replaceWith(fresh);
    else {
      field.form.append(fresh);
      nexus.say(`Suggestions: ${hits.length}`);
    }
    list = fresh;
    choose(0);
  };
  const ask = async (word) => {
    const mine = ++number;
    last = Date.now();
    try {
      const answer = await fetch(field.form.action + "/complete?q=" + encodeURIComponent(word), { headers: { Accept: "application/json" } });
      if (mine !== number || !answer.ok) return;
      hits = (await answer.json()).hits;
      if (mine === number) hits.length && doc.activeElement === field ? show() : close();
    } catch { close(); }
  };
  addEventListener("input", ({ target }) => {
    if (!target.matches?.("[data-draft]") || doc.activeElement !== target) return;
    field = target;
    const before = field.value.slice(0, field.selectionStart), word = /(?<=^|\s)@[^\s@]*$|^\/[^\s/]*$/.exec(before);
    clearTimeout(timer);
    if (!word) return close();
    begin = word.index;
    timer = setTimeout(ask, Math.max(0, last + EACH - Date.now()), word[0]);
  });
  addEventListener("keydown", (event) => {
    if (!list || event.target !== field || event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown") choose(at + 1);
    else if (key === "ArrowUp") choose(at - 1);
    else if ((key === "Enter" || key === "Tab") && !event.shiftKey) take(at);
    else if (key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  addEventListener("focusout", ({ target }) => target === field && close());
  addEventListener("nexus:page", close);
})();
