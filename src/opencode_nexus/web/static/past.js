// SPDX-License-Identifier: MIT
// A conversation of any length in a page of bounded size: what is older or newer comes as one gets near it, what is far
// off the screen goes. Deep in the past the newest messages are not on the page at all (`nexus.apart`).
(() => {
  "use strict";
  const doc = document, $ = (selector, from = doc) => from.querySelector(selector);
  const MOST = 2500; // elements on a page; a piece of 15 messages has 400 to 800
  const NEAR = 1200; // px beyond the edge: what is nearer is loaded, what is farther may go
  let wish = "", busy = false, was = 0, ours = [];

  const talk = () => $(".talk");
  const rows = () => [...doc.querySelectorAll(".past > .msg, .msgs > .msg")];
  const size = (from = doc) => from.querySelectorAll("*").length;
  const make = (name, before) => {
    const el = doc.createElement("div");
    el.className = name;
    before.before(el);
    return el;
  };
  const past = () => $(".past") || make("past", $(".msgs") || $(".untaken"));
  // Nothing of the past is patched, even where the newest page has the same message.
  const still = (from) => from.querySelectorAll(".past [data-k]").forEach((el) => el.removeAttribute("data-k"));
  const way = (name, query, place, row) => {
    if (!row || !place) return;
    const link = doc.createElement("a");
    link.className = "btn quiet";
    link.dataset[name] = "";
    link.href = `?${query}=${row.id}&at=${row.dataset.at}`;
    link.textContent = `Show ${name} messages`;
    place.replaceChildren(link);
  };
  const setOlder = () => way("older", "before", $(".older"), rows()[0]);
  const setNewer = () => way("newer", "after", $(".newer") || make("newer", $(".untaken")), rows().at(-1));

  // Does something to what is above or below, and what is read stays in its place.
  const hold = (act) => {
    const el = talk(), edge = el.getBoundingClientRect().top;
    const row = rows().find((one) => one.getBoundingClientRect().bottom > edge);
    const place = () => row.getBoundingClientRect().top, before = row && place();
    act();
    if (row?.isConnected) el.scrollTop += place() - before; // not every browser does it by itself
    was = el.scrollTop;
  };
  const leave = (near) => {
    past().append(...near);
    $(".msgs").remove();
    nexus.apart = true;
  };
  const trim = (room = 0) => {
    let over = size() + room - MOST;
    const el = talk();
    if (over <= 0 || !el) return;
    const box = (row) => row.getBoundingClientRect(), { top, bottom } = box(el), list = rows(), live = $(".msgs");
    const above = list.filter((row) => box(row).bottom < top - NEAR);
    const below = list.filter((row) => box(row).top > bottom + NEAR).reverse();
    const drop = (side) => {
      for (const row of side) {
        if (over <= 0) break;
        over -= size(row);
        row.remove();
      }
    };
    const dropBelow = () => {
      if (over <= 0 || !below.length) return;
      if (live) { // it comes whole or not at all: what is missing in its middle could not be patched
        const near = [...live.children].filter((row) => row.id && !below.includes(row));
        over -= size(live);
        for (const row of near) over += size(row);
        leave(near);
      }
      drop(below.filter((row) => row.isConnected));
      setNewer();
    };
    hold(() => {
      const farther = el.scrollHeight - bottom + top - el.scrollTop > el.scrollTop;
      if (farther) dropBelow();
      if (over > 0 && above.length) {
        drop(above);
        setOlder();
      }
      if (!farther) dropBelow();
    });
  };

  const more = async (link) => {
    if (busy || !link) return;
    busy = true;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await nexus.load(link.href, "part");
      if (!answer.ok) throw 0;
      const part = nexus.parse(await answer.text()), newer = link.matches("[data-newer]");
      if (!link.isConnected) return;
      still(part);
      trim(size(part));
      if (doc.activeElement === link) talk().focus({ preventScroll: true });
      const fresh = [...$(".past", part).children].filter((row) => !doc.getElementById(row.id));
      hold(() => {
        past()[newer ? "append" : "prepend"](...fresh);
        link.parentNode.replaceChildren(...$(newer ? ".newer" : ".older", part).children);
      });
      if ($("[data-joins]", part)) join("join");
    } catch { link.removeAttribute("aria-busy"); } finally { busy = false; }
  };
  const join = (how) => { wish = how; nexus.anew(); };

  const toEnd = nexus.toEnd;
  nexus.toEnd = () => nexus.apart ? join("newest") : toEnd();

  // A new rendering brings the newest messages. Here it is decided what of them, and of ours, is on the page.
  addEventListener("nexus:morph", ({ detail: fresh }) => {
    const live = $(".msgs", fresh), flow = $(".flow");
    if (!live || !flow) return;
    const list = rows(), here = new Map(list.map((row) => [row.id, row])), known = [...live.children].filter((row) => here.has(row.id));
    const mine = [...$(".msgs")?.children || []].filter((row) => row.id);
    const keep = (...names) => {
      ours = names.map((name) => $(name, flow)).filter(Boolean);
      $(".older", fresh).remove();
    };
    const forget = (...names) => {
      for (const name of names) $(name, flow)?.remove();
      nexus.apart = false;
    };
    const stay = () => {
      for (const row of known) here.get(row.id).replaceWith(row);
      live.remove();
      keep(".older", ".past", ".newer");
    };
    if (nexus.apart) {
      if (wish === "newest") forget(".past", ".newer");
      else if (wish && known.some((row) => row.id === list.at(-1).id)) { // it comes behind what is here
        for (const row of known) here.get(row.id).remove();
        forget(".newer");
        keep(".older", ".past");
      } else stay();
      if (!nexus.apart) history.replaceState(null, "", location.pathname);
    } else if (known.length) { // what the server has let go of meanwhile stays, as the past
      for (const row of known) if (!mine.includes(here.get(row.id))) here.get(row.id).remove();
      const first = mine.findIndex((row) => known.some((one) => one.id === row.id));
      if (first > 0) past().append(...mine.slice(0, first));
      keep(".older", ".past");
    } else if (nexus.far() && list.length) {
      leave(mine);
      setNewer();
      stay();
    } else forget(".past");
    ours.forEach((el) => el.remove());
  });
  addEventListener("nexus:morphed", () => {
    const flow = $(".flow");
    if (!flow) return;
    flow.prepend(...ours);
    still(flow);
    ours = [];
    if (nexus.apart) return;
    if (wish === "newest") { toEnd(); talk().focus({ preventScroll: true }); }
    wish = "";
    trim();
    look();
  });
  // The server lets go of the oldest messages of a long open chat: what is looked at stays, as the past.
  addEventListener("nexus:remove", (event) => {
    const row = event.target;
    if (!row.matches(".msgs > .msg:first-child")) return;
    if (nexus.far() || $(".past")) {
      event.preventDefault();
      past().append(row);
    } else queueMicrotask(setOlder);
  });
  addEventListener("nexus:missed", ({ detail }) => { if (detail === "msgs" && $(".below a")) $(".below a").lastChild.data = "New messages below"; });

  const offer = (below, high) => $(".below")?.classList.toggle("on", nexus.apart || below > high);
  const look = () => {
    const el = talk();
    if (el) offer(el.scrollHeight - el.clientHeight - el.scrollTop, el.clientHeight);
  };
  // each is asked for once: it comes with each piece of an answer
  addEventListener("scroll", ({ target: el }) => {
    if (el !== talk()) return;
    const { scrollTop: at, clientHeight: high } = el, below = el.scrollHeight - high - at, up = at < was, down = at > was;
    was = at;
    if (up && was < NEAR) more($(".older a"));
    if (down && nexus.apart && below < NEAR) more($(".newer a"));
    offer(below, high);
  }, { capture: true, passive: true });
  addEventListener("click", (event) => {
    const link = nexus.ours(event, "[data-older],[data-newer],[data-newest]");
    if (!link) return;
    event.preventDefault();
    link.matches("[data-newest]") ? nexus.toEnd() : more(link);
  });
  setInterval(() => trim(), 5000);

  const start = () => {
    wish = "";
    still(doc);
    was = talk()?.scrollTop || 0;
    const there = $(".msg:target") || ($(".talk") && doc.getElementById(location.hash.slice(1)));
    if (there?.matches(".msg")) {
      there.tabIndex = -1;
      there.focus({ preventScroll: true });
      there.classList.add("sought");
    }
    look();
  };
  addEventListener("nexus:page", start);
  start();
})();
