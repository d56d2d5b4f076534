// SPDX-License-Identifier: MIT
// Makes pages live: takes the server's patches, sends forms without leaving, and moves between pages.
// Every page works without it.
(() => {
  "use strict";
  const doc = document, base = doc.body.dataset.base || "";
  const rules = { createHTML: (html) => html };
  const policy = window.trustedTypes?.createPolicy("nexus", rules) || rules;
  const parse = (html) => {
    const template = doc.createElement("template");
    template.innerHTML = policy.createHTML(html);
    return template.content;
  };
  const $ = (selector, from = doc) => from.querySelector(selector);
  const all = (selector) => doc.querySelectorAll(selector);
  const tell = (what, from, detail) => from.dispatchEvent(new CustomEvent("nexus:" + what, { bubbles: true, cancelable: true, detail }));
  const on = (name, act, how) => addEventListener(name, act, how);
  const say = (words) => { const place = $("#say"); if (place) place.textContent = words; };

  // Elements by key: looked for once, as long as they stay where they are.
  let found = new Map();
  const at = (key, depth = 0) => {
    let el = found.get(key);
    if (found.size > 999) found.clear(); // it holds on to what is no longer there
    if (!el?.isConnected) found.set(key, el = $(`[data-k="${CSS.escape(key)}"]`));
    for (; el && depth; depth--) el = el.lastElementChild;
    return el;
  };

  // Without script the conversation's scroller grows upwards, so that a page opens at its end. With script it grows
  // downwards: what has been said then keeps its place on the canvas, and only the new lines are drawn.
  // Whoever is within 100 px of the end follows it.
  let far = false, top = 0, frame = 0, more = false;
  doc.documentElement.classList.add("down");
  const log = () => $("[data-follow]");
  const end = () => {
    const el = log();
    more = false;
    if (el && !far && !nexus.apart) { el.scrollTop = 1e9; top = el.scrollTop; }
  };
  // At once, so that the scroll event comes with the same frame (one of its own made 60 % more frames); once a frame,
  // since each time is a layout.
  const follow = () => {
    if (frame) { more = true; return; }
    end();
    frame = requestAnimationFrame(() => { frame = 0; if (more) end(); });
  };
  const toEnd = () => { far = false; follow(); };
  on("scroll", ({ target: el }) => {
    if (!el.dataset?.follow) return;
    // downwards it is ours, or the reader coming back; new lines may have come below since
    far = (far || el.scrollTop < top) && el.scrollHeight - el.clientHeight - el.scrollTop > 100;
    top = el.scrollTop;
  }, { capture: true, passive: true });

  // A morph keeps what belongs to the reader: what is open, typed, chosen. past.js keeps what was loaded in addition.
  const touched = (field) => field.matches?.("input,textarea,select") && (field.options
    ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  const callbacks = {
    beforeNodeMorphed: (old, fresh) => !(touched(old) || old.isEqualNode(fresh)),
    beforeAttributeUpdated: (name) => name !== "open",
  };
  const morph = (el, html) => {
    const fresh = parse(html).firstElementChild;
    tell("morph", doc, fresh);
    window.Idiomorph ? Idiomorph.morph(el, fresh, { callbacks }) : el.replaceWith(fresh);
    found = new Map();
    tell("morphed", doc);
  };

  const acts = {
    append: (el, html) => el.append(parse(html)),
    before: (el, html) => el.before(parse(html)),
    replace: (el, html) => el.replaceWith(parse(html)),
    morph,
    text: (el, words) => { const last = el.lastChild; last?.nodeType === 3 ? last.appendData(words) : el.append(words); },
    remove: (el) => tell("remove", el) && el.remove(),
    attr: (el, name, value) => value === null ? el.removeAttribute(name) : el.setAttribute(name, value),
    focus: (el) => el.focus(),
  };
  const tells = {
    announce: say,
    title: (words) => { doc.title = words; },
    hello: (id) => { boot = id; tries = 0; sure = true; show("live", NAMES[way]); probe(); },
    bye: (reason) => { if (reason === "gone") topic = ""; line?.close(); },
  };

  // The line to the server, one topic a page. The cursor (boot, seq) says how far it has come.
  const WAYS = ["stream", "socket", "poll"];
  const NAMES = { stream: "Live", socket: "Live by WebSocket", poll: "Live by asking again" };
  const store = sessionStorage;
  let topic = "", boot = "", seq = 0, line = null, tries = 0, heard = 0, timer = 0, left = 0, sure = false, way = store.way || WAYS[0];
  const show = (state, words) => {
    tell("line", doc, state);
    for (const el of all("[data-line]")) { el.dataset.line = state; el.textContent = words; }
  };
  const take = (record) => {
    const [number, changes] = JSON.parse(record);
    for (const [name, key, value, more] of changes) {
      if (tells[name]) { tells[name](key); continue; }
      const el = at(key, name === "attr" ? 0 : more);
      el ? acts[name]?.(el, value, more) : tell("missed", doc, key);
    }
    seq = number;
  };
  const feed = () => {
    let rest = "";
    return (text) => {
      heard = Date.now();
      const records = (rest + text).split("\n");
      rest = records.pop();
      records.forEach(take);
      // what else waits for the text comes before the layout that this is
      queueMicrotask(follow);
    };
  };
  const post = (path, more, signal) => fetch(base + path, {
    method: "POST", signal, headers: { "Content-Type": "application/json", Accept: "application/json" }, body: wish(more),
  }).then((answer) => {
    // who signs out is on the way to another page, and a reload would call that back
    if ((answer.status === 401 || answer.redirected) && Date.now() - left > 60000) location.reload();
    if (answer.status === 404) topic = "";
    if (!answer.ok) throw answer.status;
    return answer;
  });
  const wish = (now) => JSON.stringify({ topic, cursor: boot ? `${boot}.${seq}` : null, now });
  // A way that has worked here is not given up for a network that is not there yet, as when a phone wakes up.
  const trust = () => sure && tries < 3;
  const open = {
    async stream(mine, signal) {
      const early = setTimeout(() => mine === line && (trust() ? line.close() : next()), 5000), put = feed(), decoder = new TextDecoder();
      try {
        const reader = (await post("/live", false, signal)).body.getReader();
        for (let part; !(part = await reader.read()).done && mine === line;) {
          clearTimeout(early);
          put(decoder.decode(part.value, { stream: true }));
        }
      } finally { clearTimeout(early); }
    },
    socket: (mine, signal) => new Promise((end) => {
      const socket = new WebSocket(location.origin.replace("http", "ws") + base + "/live/ws"), put = feed();
      let opened = false;
      signal.onabort = () => socket.close();
      socket.onopen = () => { opened = true; socket.send(wish()); };
      socket.onmessage = ({ data }) => mine === line && put(data);
      socket.onclose = ({ code }) => {
        if (code === 4404) topic = "";
        if (!opened && mine === line && navigator.onLine && !trust()) way = WAYS[2];
        end();
      };
    }),
    async poll(mine, signal) {
      for (let now = true; mine === line; now = false) {
        const text = await (await post("/live/poll", now, signal)).text();
        if (mine === line) feed()(text);
      }
    },
  };
  // A machine with no network at all calls itself offline, and still reaches its own hub.
  const near = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
  const connect = () => {
    clearTimeout(timer);
    if (line || !topic || doc.hidden) return;
    if (!navigator.onLine && !near) return show("off", "Offline");
    heard = Date.now();
    const stop = new AbortController(), close = () => { stop.abort(); again(mine); };
    const mine = line = { close };
    open[way](mine, stop.signal).catch(() => {}).finally(() => again(mine));
  };
  const again = (mine) => {
    if (mine !== line) return;
    line = null;
    if (!topic) return show("off", "Not live. Reload the page.");
    if (doc.hidden) return;
    show("wait", "Reconnecting…");
    timer = setTimeout(connect, tries ? Math.min(8000, 250 * 2 ** tries) * (0.7 + Math.random()) : 50);
    tries++;
  };
  const hang = () => { const mine = line; line = null; mine?.close(); };
  // A line that was silent longer than the hub ever is may be dead without having been closed; the cursor makes another
  // one cheap.
  const back = () => { if (line && Date.now() - heard > 16000) hang(); tries = 0; connect(); };
  const anew = () => { hang(); boot = ""; connect(); };
  const next = () => { sure = false; store.way = way = WAYS[(WAYS.indexOf(way) + 1) % 3]; hang(); connect(); };
  // Three records at known times tell whether a streamed answer comes in pieces here; asked once a tab.
  const probe = async () => {
    if (store.way) return;
    store.way = way;
    try {
      const reader = (await post("/live/probe")).body.getReader();
      let first = 0, last = 0;
      for (; !(await reader.read()).done; last = Date.now()) first ||= Date.now();
      if (last - first < 100) next();
    } catch { store.removeItem("way"); }
  };
  let tick = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - tick > 9000) { hang(); back(); } // the machine slept: the network may be another one
    else if (line && now - heard > (way === "poll" ? 40000 : 25000)) line.close();
    tick = now;
  }, 1000);
  on("online", back);
  on("offline", () => { hang(); show("off", "Offline"); });
  let asleep = 0;
  doc.addEventListener("visibilitychange", () => {
    clearTimeout(asleep);
    if (doc.hidden) asleep = setTimeout(hang, 3000);
    else back();
  });
  doc.addEventListener("freeze", hang); // no timer runs from here on, and the hub must not think that somebody looks
  doc.addEventListener("resume", back);
  on("pagehide", hang);
  on("beforeunload", () => left = Date.now());
  on("pageshow", (event) => event.persisted && back());

  // Forms: sent without leaving; what the server says against it stands in the form, and nothing typed is lost.
  const complain = (form, words) => {
    let place = $(".form-error", form);
    if (!place) {
      place = form.appendChild(doc.createElement("p"));
      place.className = "error form-error";
      place.setAttribute("role", "alert");
    }
    place.textContent = words;
    place.hidden = !words;
  };
  on("submit", async (event) => {
    const form = event.target, button = event.submitter, data = new FormData(form, button);
    if (!form.matches("[data-live]") || event.defaultPrevented) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    try {
      const answer = await fetch(form.getAttribute("action") || location.href, {
        method: "POST", body: /^multipart/.test(form.enctype) ? data : new URLSearchParams(data), headers: { Accept: "application/json, text/html", "X-Nexus": "live" },
      });
      const text = await answer.text(), json = /json/.test(answer.headers.get("content-type")) && JSON.parse(text);
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return json ? complain(form, [json.title, json.detail, json.hint].filter(Boolean).join(" ")) : go(location.href, text, false);
      complain(form, "");
      tell("taken", form, data);
      if (json.say) say(json.say);
      if (json.go) go(json.go);
      else if (answer.redirected && (!topic || new URL(answer.url).pathname !== location.pathname)) go(answer.url, text);
    } catch {
      complain(form, navigator.onLine ? "The hub could not be reached. Look whether it was done before you try again." : "You are offline. Try again when the connection is back.");
    } finally {
      delete form.dataset.busy;
      button?.removeAttribute("aria-busy");
    }
  });

  // Moving between pages without leaving: the next page's main comes in this one's place.
  let ahead = {}, here = "";
  const place = () => location.pathname + location.search;
  const load = (url, as) => fetch(url, { headers: { Accept: "text/html", "X-Nexus": as } });
  const go = async (url, html, push = true) => {
    try {
      if (!html) {
        const answer = await (ahead.url === url ? ahead.answer : load(url, "nav"));
        if (!answer.ok) throw 0;
        url = answer.url + new URL(url, location).hash;
        html = await answer.text();
      }
      const page = parse(html), main = $("main", page), nav = $(".top ul", page);
      hang();
      if (push) history.pushState(null, "", url);
      doc.title = $("title", page).textContent;
      doc.body.className = /<body[^>]* class="([^"]*)"/.exec(html)?.[1] || "";
      if (nav) $(".top ul")?.replaceWith(nav);
      $("main").replaceWith(main);
      start();
      ($("h1") || main).focus({ preventScroll: true });
    } catch { navigator.onLine ? location.href = url : show("off", "Offline"); }
    ahead = {};
  };
  const ours = (event, kind) => {
    const link = event.target.closest?.("a");
    return link?.matches(kind) && !(event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) && link;
  };
  on("pointerdown", (event) => {
    const link = ours(event, "[data-nav]");
    if (link) (ahead = { url: link.href, answer: load(link.href, "nav") }).answer.catch(() => {});
  });
  on("click", async (event) => {
    const link = ours(event, "[data-nav],[data-show]");
    if (!link) return;
    event.preventDefault();
    if (link.matches("[data-nav]")) return go(link.href);
    try {
      const page = parse(await (await load(link.href, "part")).text()), more = link.parentNode;
      more.previousElementSibling.replaceWith($("main pre", page));
      more.remove();
    } catch { location.href = link.href; }
  });
  on("popstate", () => place() !== here && go(location.href, "", false));

  // How long it is until something is tried again, or ends.
  setInterval(() => {
    for (const el of all("[data-until]")) {
      const left = Math.round(el.dataset.until - Date.now() / 1000);
      const [size, unit] = left > 5400 ? [3600, "h"] : left > 90 ? [60, "min"] : [1, "s"];
      el.textContent = left > 0 ? `in ${Math.round(left / size)} ${unit}` : "now";
    }
  }, 1000);

  const start = () => {
    const { topic: name = "", cursor = "." } = $("[data-topic]")?.dataset || {}, there = doc.getElementById(location.hash.slice(1));
    found = new Map();
    tries = 0;
    far = !!there;
    nexus.apart = !!$(".past");
    there ? there.scrollIntoView() : end();
    here = place();
    topic = name;
    [boot, seq] = cursor.split(".");
    tell("page", doc);
    connect();
  };
  // What other scripts may use; `apart`: the newest messages are not on the page. They hear `nexus:page` (another main
  // is there), `nexus:line` (detail: live, wait, off), `nexus:taken` (a data-live form was accepted; detail: its
  // FormData), `nexus:morph` (detail: what comes) and `nexus:morphed` around a new rendering, `nexus:remove` (before an
  // element is taken away, which they may prevent) and `nexus:missed` (detail: the key of what is not on the page).
  const nexus = window.nexus = { parse, say, go, load, toEnd, anew, ours, far: () => far, apart: false };
  start();
})();
