// SPDX-License-Identifier: MIT
// The number of open rows in the window's title, on pages without a line of their own too; the keys of the inbox.
(() => {
  "use strict";
  const doc = document, base = doc.body.dataset.base || "", top = doc.querySelector(".top");
  if (!top?.querySelector("[data-k=inbox-badge]")) return;
  const badge = () => top.querySelector("[data-k=inbox-badge]");

  // The page comes with its prefix, and other scripts set titles without one.
  let mine = "";
  const fit = () => {
    const count = badge()?.dataset.count, want = count ? `(${count}) ` : "";
    const words = mine && doc.title.startsWith(mine) ? doc.title.slice(mine.length) : doc.title;
    mine = want;
    if (doc.title !== want + words) doc.title = want + words;
  };
  mine = (/^\(\d+\+?\) /.exec(doc.title) || [""])[0];
  fit();
  new MutationObserver(fit).observe(top, { childList: true, subtree: true });
  new MutationObserver(fit).observe(doc.querySelector("title"), { childList: true, characterData: true, subtree: true });

  // Where the page has no topic of its own, the badge is asked for: a held request each 25 s.
  let asking = null;
  const ask = async (signal, cursor) => {
    const answer = await fetch(base + "/live/poll", {
      method: "POST", signal, headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ topic: "badge", cursor, now: !cursor }),
    });
    if (!answer.ok) throw answer.status;
    let boot = "", number = 0;
    for (const line of (await answer.text()).split("\n").filter(Boolean)) {
      const [seq, changes] = JSON.parse(line);
      number = seq;
      for (const [name, key, html] of changes) {
        if (name === "hello") boot = key;
        else if (name === "replace" || name === "morph") badge()?.replaceWith(nexus.parse(html));
        else if (name === "announce") nexus.say(key);
        else if (name === "bye") throw key;
      }
    }
    return `${boot}.${number}`;
  };
  const follow = async () => {
    asking?.abort();
    if (doc.hidden || doc.querySelector("[data-topic]")) return;
    const { signal } = asking = new AbortController();
    for (let cursor = null; !signal.aborted;) {
      try {
        cursor = await ask(signal, cursor);
      } catch (error) {
        if (error === 401 || signal.aborted) return;
        cursor = null;
        await new Promise((go) => setTimeout(go, 5000)); // the hub may be starting again
      }
    }
  };
  addEventListener("nexus:page", follow);
  doc.addEventListener("visibilitychange", follow);
  addEventListener("online", follow);
  addEventListener("pagehide", () => asking?.abort());
  follow();

  // j and k, and the arrows while a row has the focus, go from row to row; Tab reaches its buttons.
  addEventListener("keydown", (event) => {
    const place = event.target, list = doc.querySelector("[data-rows]");
    if (!list || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (place !== doc.body && !list.contains(place) && place.id !== "main") return;
    if (place.matches("input:not([type=radio],[type=checkbox]),textarea,select")) return;
    const arrows = place.matches("[data-row]") ? { ArrowDown: 1, ArrowUp: -1 } : {};
    const single = localStorage.keys === "off" ? {} : { j: 1, k: -1 };  // as the list of shortcuts sets it
    const step = { ...single, ...arrows }[event.key];
    if (!step) return;
    const rows = [...list.querySelectorAll("[data-row]")], now = rows.indexOf(place.closest("[data-row]"));
    const next = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });

  // A row that is answered takes the focus with it: it goes on to the next one.
  addEventListener("nexus:taken", ({ target }) => {
    const row = target.closest("[data-row]"), list = row?.closest("[data-rows]");
    if (!list) return;
    const at = [...list.querySelectorAll("[data-row]")].indexOf(row);
    const gone = new MutationObserver(() => {
      if (row.isConnected) return;
      gone.disconnect();
      const rows = list.querySelectorAll("[data-row]");
      if (doc.activeElement === doc.body) (rows[Math.min(at, rows.length - 1)] || list.querySelector("h1"))?.focus();
    });
    gone.observe(list, { childList: true, subtree: true });
    setTimeout(() => gone.disconnect(), 5000);
  });
})();
