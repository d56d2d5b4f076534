// SPDX-License-Identifier: MIT
// What a phone adds: the service worker and the windows it may show offline, the on-screen keyboard, swipes between
// chats, and long presses. Every page works without it.
(() => {
  "use strict";
  const doc = document, base = doc.body.dataset.base || "", until = +doc.currentScript.dataset.loginEnds;
  const $ = (selector, from = doc) => from.querySelector(selector);
  const SEEN = `nexus:${base}:seen`, MOST = 5, LONGEST = 300000; // windows, characters of one

  const address = `${base}/sw.js`;
  const policy = window.trustedTypes?.createPolicy("nexus-worker", { createScriptURL: () => address });
  const begin = () => navigator.serviceWorker?.register(policy ? policy.createScriptURL("") : address, { scope: base + "/" }).catch(() => {});
  doc.readyState === "complete" ? begin() : addEventListener("load", begin);

  // The window that was seen last is kept for when the hub cannot be reached: as it is on the screen, without what
  // could be pressed, and no longer than the login holds.
  let main = null, path = "", title = "";
  const keep = async () => {
    const chat = main && until && $('[data-topic^="chat:"]', main);
    if (!chat || $(".offline", main) || !window.caches) return;
    if (main.isConnected) title = doc.title;
    const copy = main.cloneNode(true), rows = [...copy.querySelectorAll(".msg")];
    for (const el of copy.querySelectorAll("form:not(.composer), .older, dialog, .chat-head a, .foot-pane > :not(.composer)")) el.remove();
    $("[data-topic]", copy).removeAttribute("data-cursor");
    let html = copy.innerHTML;
    while (html.length > LONGEST && rows.length > 1) {
      for (const row of rows.splice(0, Math.ceil(rows.length / 2))) row.remove();
      html = copy.innerHTML;
    }
    if (html.length > LONGEST) return;
    const one = { path, title: title.replace(/ – OpenCode Nexus$/, ""), at: Date.now(), until: until * 1000, html }, cache = await caches.open(SEEN);
    await cache.put(path, new Response(JSON.stringify(one)));
    for (const key of (await cache.keys()).slice(0, -MOST)) await cache.delete(key);
  };
  const kept = () => keep().catch(() => {}); // a full disk, or a browser that keeps nothing
  const soon = window.requestIdleCallback || setTimeout;
  addEventListener("nexus:page", () => {
    if (main && !main.isConnected) kept(); // the one that was left
    [main, path, title] = [$("main"), location.pathname, doc.title];
    const mine = main;
    setTimeout(() => soon(() => mine === main && kept()), 3000);
  });
  addEventListener("nexus:line", ({ detail }) => detail === "off" && kept());
  doc.addEventListener("visibilitychange", () => doc.hidden && kept());
  addEventListener("submit", ({ target }) => target.getAttribute("action")?.endsWith("/logout") && window.caches?.delete(SEEN), true);
  [main, path, title] = [$("main"), location.pathname, doc.title];
  setTimeout(() => soon(kept), 3000);

  // What is shown offline gives way to the real page as soon as that can be had.
  setInterval(async () => {
    if ($(".offline") && !doc.hidden && (await fetch(base + "/healthz").catch(() => ({}))).ok) location.reload();
  }, 3000);
})();
