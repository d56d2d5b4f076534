// SPDX-License-Identifier: MIT
// What a phone adds: the service worker and the windows it may show offline, the on-screen keyboard, swipes between
// chats, and long presses. Every page works without it.
(() => {
  "use strict";
  const doc = document, root = doc.documentElement, base = doc.body.dataset.base || "", ends = +doc.currentScript.dataset.loginEnds;
  const $ = (selector, from = doc) => from.querySelector(selector), on = (name, act, how) => addEventListener(name, act, how);
  // windows that are kept, characters of one
  const SEEN = `nexus:${base}:seen`, MOST = 5, LONGEST = 300000;
  const coarse = matchMedia("(pointer: coarse)");

  const address = base + "/sw.js", { serviceWorker } = navigator;
  const policy = window.trustedTypes?.createPolicy("nexus-worker", { createScriptURL: () => address });
  if (serviceWorker) on("load", () => serviceWorker.register(policy?.createScriptURL("") || address, { scope: base + "/" }).catch(() => {}));

  // The window that was seen last is kept for when the hub cannot be reached: as it is on the screen, without what
  // could be pressed, and no longer than the login holds.
  let main, path, title, timer, leaves;
  const keep = async () => {
    if (!ends || !window.caches || !$('[data-topic^="chat:"]', main) || $(".offline", main)) return;
    if (main.isConnected) title = doc.title;
    // in a document of its own, which loads no pictures: a clone's did, against the page's policy
    const copy = doc.implementation.createHTMLDocument("").importNode(main, true), rows = [...copy.querySelectorAll(".msg")];
    for (const el of copy.querySelectorAll("form:not(.composer), .older, .menu, .more, .chat-head :is(a, button:not(.list-button)), .foot-pane > :not(.composer), .chips img")) el.remove();
    $("[data-topic]", copy).removeAttribute("data-cursor");
    let html = copy.innerHTML;
    while (html.length > LONGEST) {
      if (rows.length < 2) return;
      for (const row of rows.splice(0, rows.length / 2)) row.remove();
      html = copy.innerHTML;
    }
    const one = { path, title: title.replace(/^\(\d+\) | – OpenCode Nexus$/g, ""), at: Date.now(), until: ends * 1000, html };
    const cache = await caches.open(SEEN);
    await cache.put(path, new Response(JSON.stringify(one)));
    for (const key of (await cache.keys()).slice(0, -MOST)) await cache.delete(key);
  };
  // a full disk, or a browser that keeps nothing, is no trouble
  const kept = () => keep().catch(() => {});
  on("nexus:line", ({ detail }) => detail === "off" && kept());
  // A page that is left for another one keeps nothing more: that one may be the login, which has it all deleted.
  on("pagehide", () => { leaves = true; });
  on("pageshow", () => { leaves = false; });
  doc.addEventListener("visibilitychange", () => doc.hidden && !leaves && kept());
  // What is shown offline gives way to the real page as soon as that can be had.
  setInterval(async () => {
    if ($(".offline") && !doc.hidden && (await fetch(base + "/healthz").catch(() => 0)).ok) location.reload();
  }, 3000);

  // The on-screen keyboard: where it lies over the page instead of making it smaller (iOS), the page is told how much
  // is seen. Whoever was at the end of the conversation stays there.
  const seen = window.visualViewport;
  const fit = () => {
    const covered = innerHeight - seen.height > 80 && seen.scale < 1.05;
    root.style.setProperty("--seen", covered ? seen.height + "px" : "");
    root.classList.toggle("short", coarse.matches && seen.height < 520);
    if (covered && $(".fill")) scrollTo(0, 0);
  };
  seen.onresize = seen.onscroll = fit;
  fit();
  let high = 0;
  const sizes = new ResizeObserver(([{ target: log }]) => {
    const lost = high - log.clientHeight;
    if (high && lost > 0 && log.scrollHeight - log.scrollTop - high < 100) nexus.toEnd();
    high = log.clientHeight;
  });
  const begin = () => {
    // the one that was left
    if (main && !main.isConnected) kept();
    [main, path, title] = [$("main"), location.pathname, doc.title];
    clearTimeout(timer);
    timer = setTimeout(kept, 3000);
    sizes.disconnect();
    high = 0;
    const log = $("[data-follow]");
    if (log) sizes.observe(log);
  };
  on("nexus:page", begin);
  begin();

  // From one chat to the next one of the list: Alt and an arrow, or a finger across the conversation.
  const next = (by) => {
    const rows = [...doc.querySelectorAll(".chat-rows a")];
    return rows[rows.findIndex((row) => row.matches("[aria-current]")) + by];
  };
  const END = { 1: "This is the last chat", [-1]: "This is the first chat" };
  const step = (by) => next(by) ? nexus.go(next(by).href) : nexus.say(END[by]);
  on("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !$("[data-follow]")) return;
    event.preventDefault();
    step(by);
  });

  // px: the browser's own gesture begins at the edge; how far a finger must go
  const EDGE = 24, FAR = 72;
  // What scrolls sideways by itself keeps its gesture.
  const aside = (el) => el.matches("[data-follow]") ? 0
    : el.scrollWidth > el.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(el).overflowX) || aside(el.parentElement);
  // A long press opens the menu that a button opens, too. On words it selects them, as everywhere.
  const held = (target) => target.closest(".chat-rows [aria-current]") ? $("[popovertarget=chat-menu]")
    : target.matches(".msg, .msg > .body, .msg .foot-line, .cost") && $(":scope > .more", target.closest(".msg"));
  const hint = doc.createElement("p");
  hint.ariaHidden = true;
  let from, by, press;
  const drop = () => { clearTimeout(press); from = by = 0; hint.remove(); };
  on("touchstart", ({ touches, target }) => {
    drop();
    const [{ clientX: x, clientY: y }] = touches, log = target.closest("[data-follow]"), more = held(target);
    if (touches.length > 1) return;
    from = { x, y, log: log && x > EDGE && x < innerWidth - EDGE && !aside(target) };
    if (more) press = setTimeout(() => { from = { more }; }, 500);
  }, { passive: true });
  on("touchmove", ({ touches: [touch] }) => {
    if (!from) return;
    const x = touch.clientX - from.x, y = Math.abs(touch.clientY - from.y);
    if (Math.hypot(x, y) > 10) clearTimeout(press);
    if (!from.log || getSelection().type === "Range" || y > 30 && y > Math.abs(x) / 2) return drop();
    if (Math.abs(x) < EDGE) return;
    by = x < 0 ? 1 : -1;
    const row = next(by);
    hint.textContent = row ? $("b", row).textContent : END[by];
    hint.className = "swipe" + (by > 0 ? " on" : "") + (row && Math.abs(x) >= FAR ? " ready" : "");
    $(".chat").append(hint);
  }, { passive: true });
  on("touchend", ({ changedTouches: [touch] }) => {
    const { more, x } = from || {}, go = by;
    drop();
    // only now: the finger that leaves would shut it again
    more?.click();
    if (go && Math.abs(touch.clientX - x) >= FAR) step(go);
  });
  on("touchcancel", drop);
  on("contextmenu", (event) => coarse.matches && held(event.target) && event.preventDefault());
})();
