// SPDX-License-Identifier: MIT
// Makes pages live: takes the server's patches, sends forms without leaving, and moves between pages.
// Every page works without it.
(() => {
  "use strict";
  const doc = document, base = doc.body.dataset.base || "";
  const same = { createHTML: (html) => html };
  const policy = window.trustedTypes ? trustedTypes.createPolicy("nexus", same) : same;
  const parse = (html) => {
    const template = doc.createElement("template");
    template.innerHTML = policy.createHTML(html);
    return template.content;
  };
  const $ = (selector, from = doc) => from.querySelector(selector);
  const say = (words) => { const place = $("#say"); if (place) place.textContent = words; };
  const near = 100; // px from the end of the conversation within which it is followed

  // Elements by key: looked for once, as long as they stay where they are.
  let found = new Map();
  const at = (key, depth = 0) => {
    let el = found.get(key);
    if (!el || !el.isConnected) {
      el = $(`[data-k="${CSS.escape(key)}"]`);
      el ? found.set(key, el) : found.delete(key);
    }
    for (; el && depth > 0; depth--) el = el.lastElementChild;
    return el;
  };

  // The conversation's scroller grows upwards (column-reverse): 0 is its end, so a page opens there by itself.
  let far = false, top = 0;
  const follow = () => {
    const log = $("[data-follow]");
    if (!log) return;
    if (!far && top) log.scrollTop = top = 0;
  };
  addEventListener("scroll", (event) => {
    if (!event.target.dataset?.follow) return;
    top = event.target.scrollTop;
    far = -top > near;
    $("[data-end]")?.toggleAttribute("hidden", !far);
  }, { capture: true, passive: true });

  // A morph keeps what belongs to the reader: what is open, typed, loaded in addition, or marked to be kept.
  let joined = true;
  const kept = (node) => joined && node.dataset?.keep !== undefined;
  const callbacks = {
    beforeNodeMorphed: (old, fresh) => !(kept(old) || (old.matches?.("input,textarea,select") && changed(old)) || old.isEqualNode(fresh)),
    beforeNodeRemoved: (node) => !kept(node),
    beforeNodeAdded: (node) => !(kept(node) && $(".past")),
    beforeAttributeUpdated: (name) => name !== "open",
  };
  const changed = (field) => field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.options ? [...field.options].some((o) => o.selected !== o.defaultSelected) : field.value !== field.defaultValue;
  const morph = (el, html) => {
    const fresh = parse(html).firstElementChild, first = $(".msg", fresh);
    joined = !first || !$(".msg", el) || !!doc.getElementById(first.id);
    if (!joined) $(".past", el)?.remove();
    window.Idiomorph ? Idiomorph.morph(el, fresh, { restoreFocus: true, callbacks }) : el.replaceWith(fresh);
    joined = true;
    found = new Map();
  };

  // Messages that a reader looks at stay, even when the server has let go of them.
  const oldest = (el) => el.matches?.(".msg") && el === el.parentNode.firstElementChild;
  const older = () => {
    const first = $(".msgs > .msg"), place = $(".older");
    if (!first || !place) return;
    const link = doc.createElement("a");
    link.className = "btn quiet";
    link.dataset.older = "";
    link.href = location.pathname + "?before=" + encodeURIComponent(first.id);
    link.textContent = "Show older messages";
    place.replaceChildren(link);
  };
  const drop = () => {
    const log = $(".msgs");
    if (far || !log) return;
    let nodes = doc.getElementsByTagName("*").length, gone = false;
    if (nodes < 4000) return;
    for (const el of [$(".past"), ...log.children]) {
      if (!el || nodes < 3000 || log.children.length < 6) continue;
      nodes -= el.getElementsByTagName("*").length;
      if (el.matches(".past")) el.replaceWith(parse('<div class="older" data-k="older" data-keep></div>'));
      else el.remove();
      gone = true;
    }
    if (gone) older();
  };
  setInterval(drop, 5000);

  const acts = {
    append: (key, html, depth) => at(key, depth)?.append(parse(html)),
    before: (key, html) => at(key)?.before(parse(html)),
    replace: (key, html) => at(key)?.replaceWith(parse(html)),
    morph: (key, html) => { const el = at(key); if (el) morph(el, html); },
    text: (key, words, depth) => {
      const el = at(key, depth), last = el?.lastChild;
      last?.nodeType === 3 ? last.appendData(words) : el?.append(words);
    },
    remove: (key) => {
      const el = at(key);
      if (!el || (far && oldest(el))) return;
      const first = oldest(el);
      el.remove();
      if (first) older();
    },
    attr: (key, name, value) => {
      const el = at(key);
      if (el) value === null ? el.removeAttribute(name) : el.setAttribute(name, value);
    },
    focus: (key) => at(key)?.focus(),
    announce: say,
    title: (words) => { doc.title = words; },
    hello: (id) => { boot = id; greeted(); },
    bye: (reason) => { if (reason === "gone") topic = ""; tries = 1; line?.close(); },
  };

  // The line to the server. One topic a page; a cursor says how far it has come.
  const WAYS = ["stream", "socket", "poll"];
  const NAMES = { stream: "Live", socket: "Live by WebSocket", poll: "Live by asking again" };
  let topic = "", boot = "", seq = 0, line = null, tries = 0, heard = 0, timer = 0;
  let way = sessionStorage.getItem("way") || WAYS[0];
  const show = (state, words) => {
    for (const el of doc.querySelectorAll("[data-line]")) {
      if (el.dataset.line !== state || el.textContent !== words) { el.dataset.line = state; el.textContent = words; }
    }
  };
  const wish = (now) => JSON.stringify({ topic, cursor: boot ? `${boot}.${seq}` : null, now });
  const greeted = () => { tries = 0; show("live", NAMES[way]); probe(); };
  const take = (record) => {
    const [number, changes] = JSON.parse(record);
    for (const [name, ...rest] of changes) acts[name]?.(...rest);
    seq = number;
  };
  const feed = () => {
    let rest = "";
    return (text) => {
      heard = Date.now();
      const records = (rest + text).split("\n");
      rest = records.pop();
      for (const record of records) take(record);
      if (records.length) follow();
    };
  };
  const post = (path, body, signal) => fetch(base + path, {
    method: "POST", body, signal, headers: { "Content-Type": "application/json", Accept: "application/x-ndjson, application/json" },
  });
  const refused = (answer) => {
    if (answer.status === 401 || answer.redirected) location.reload();
    if (answer.status === 404) topic = "";
  };
  const open = {
    stream(mine) {
      const stop = new AbortController(), put = feed(), decoder = new TextDecoder();
      mine.end = () => stop.abort();
      const early = setTimeout(() => mine === line && next(), 5000);
      post("/live", wish(), stop.signal).then(async (answer) => {
        if (!answer.ok || answer.redirected) return refused(answer);
        for (const reader = answer.body.getReader(); ;) {
          const { done, value } = await reader.read();
          if (done || mine !== line) return;
          clearTimeout(early);
          put(decoder.decode(value, { stream: true }));
        }
      }).catch(() => {}).finally(() => { clearTimeout(early); again(mine); });
    },
    socket(mine) {
      const socket = new WebSocket((location.protocol === "https:" ? "wss:" : "ws:") + "//" + location.host + base + "/live/ws");
      const put = feed();
      let opened = false;
      mine.end = () => socket.close();
      socket.onopen = () => { opened = true; socket.send(wish()); };
      socket.onmessage = (event) => mine === line && put(event.data);
      socket.onclose = (event) => {
        if (event.code === 4404) topic = "";
        if (!opened && mine === line && navigator.onLine) way = WAYS[2];
        again(mine);
      };
    },
    poll(mine) {
      const stop = new AbortController();
      mine.end = () => stop.abort();
      (async () => {
        for (let now = true; mine === line; now = false) {
          const answer = await post("/live/poll", wish(now), stop.signal);
          if (!answer.ok || answer.redirected) return refused(answer);
          const text = await answer.text();
          if (mine === line) feed()(text);
        }
      })().catch(() => {}).finally(() => again(mine));
    },
  };
  const connect = () => {
    clearTimeout(timer);
    if (line || !topic || doc.hidden) return;
    if (!navigator.onLine) return show("off", "Offline");
    heard = Date.now();
    const mine = line = { end: () => {}, close: () => { mine.end(); again(mine); } };
    open[way](mine);
  };
  const again = (mine) => {
    if (mine !== line) return;
    line = null;
    if (!topic) return show("off", "Not live. Reload the page.");
    if (doc.hidden) return;
    show(navigator.onLine ? "wait" : "off", navigator.onLine ? "Reconnecting…" : "Offline");
    timer = setTimeout(connect, tries ? Math.min(8000, 250 * 2 ** tries) * (0.7 + Math.random() * 0.6) : 50);
    tries++;
  };
  const hang = () => { const mine = line; line = null; mine?.end(); };
  const next = () => { way = WAYS[(WAYS.indexOf(way) + 1) % 3]; sessionStorage.setItem("way", way); hang(); connect(); };
  // Three records at known times tell whether a streamed answer comes in pieces here; asked once a tab.
  const probe = async () => {
    if (way !== "stream" || sessionStorage.getItem("way")) return;
    sessionStorage.setItem("way", way);
    try {
      const reader = (await post("/live/probe", "{}")).body.getReader();
      let first = 0, last = 0;
      for (let part; !(part = await reader.read()).done; last = Date.now()) first ||= Date.now();
      if (last - first < 100) next();
    } catch { sessionStorage.removeItem("way"); }
  };
  setInterval(() => { if (line && Date.now() - heard > (way === "poll" ? 40000 : 25000)) line.close(); }, 3000);
  addEventListener("online", () => { tries = 0; connect(); });
  addEventListener("offline", () => { hang(); show("off", "Offline"); });
  let asleep = 0;
  doc.addEventListener("visibilitychange", () => {
    clearTimeout(asleep);
    if (doc.hidden) asleep = setTimeout(hang, 3000);
    else { tries = 0; connect(); }
  });
  addEventListener("pagehide", hang);
  addEventListener("pageshow", (event) => event.persisted && connect());

  // Drafts outlive a reload; a draft goes only when the server has taken it.
  const draft = (field) => "draft:" + field.dataset.draft;
  addEventListener("input", ({ target }) => {
    if (target.dataset?.draft) target.value ? localStorage.setItem(draft(target), target.value) : localStorage.removeItem(draft(target));
  });
  addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !field.dataset?.draft || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (!event.ctrlKey && !event.metaKey && matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  });

  // Forms: sent without leaving; what the server says against it stands in the form, and nothing typed is lost.
  const complain = (form, words) => {
    let place = $(".form-error", form);
    if (!place) {
      place = doc.createElement("p");
      place.className = "error form-error";
      place.setAttribute("role", "alert");
      form.append(place);
    }
    place.textContent = words;
    place.hidden = !words;
  };
  addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-live]") || event.defaultPrevented) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const field = $("[data-draft]", form), sent = field?.value;
    try {
      const answer = await fetch(form.getAttribute("action") || location.href, {
        method: "POST", body: new URLSearchParams(new FormData(form, button)), headers: { Accept: "application/json, text/html", "X-Nexus": "live" },
      });
      const json = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : null;
      if (!answer.ok) {
        if (answer.status === 401) location.reload();
        return complain(form, json ? [json.title, json.detail, json.hint].filter(Boolean).join(" ") : `The server answered ${answer.status}. Try again.`);
      }
      complain(form, "");
      form.closest("dialog")?.close();
      if (field) {
        localStorage.removeItem(draft(field));
        if (field.value === sent) field.value = "";
        else localStorage.setItem(draft(field), field.value);
        far = false;
        top = 1;
        follow();
      }
      if (json?.say) say(json.say);
      if (json?.go) go(json.go);
      else if (answer.redirected && new URL(answer.url).pathname !== location.pathname) go(answer.url, await answer.text());
      else if (answer.redirected && !topic) location.reload();
    } catch {
      complain(form, navigator.onLine ? "The hub could not be reached. Nothing was changed for certain: look before you try again." : "You are offline. Try again when the connection is back.");
    } finally {
      delete form.dataset.busy;
      button?.removeAttribute("aria-busy");
    }
  });

  // Moving between pages without leaving: the next page's main comes in this one's place.
  let ahead = null;
  const fetchPage = (url) => fetch(url, { headers: { Accept: "text/html", "X-Nexus": "nav" } });
  const go = async (url, html, push = true) => {
    try {
      if (!html) {
        const answer = await (ahead?.url === url ? ahead.answer : fetchPage(url));
        ahead = null;
        if (!answer.ok) throw 0;
        url = answer.url;
        html = await answer.text();
      }
      const page = parse(html), main = $("main", page);
      if (!main) throw 0;
      hang();
      if (push) history.pushState(null, "", url);
      doc.title = $("title", page)?.textContent || doc.title;
      doc.body.className = /<body[^>]* class="([^"]*)"/.exec(html)?.[1] || "";
      const nav = $(".top ul", page);
      if (nav) $(".top ul")?.replaceWith(nav);
      $("main").replaceWith(main);
      start();
      ($("h1") || main).focus({ preventScroll: true });
    } catch { location.href = url; }
  };
  const ours = (event) => {
    const link = event.target.closest?.("a");
    return link && !event.defaultPrevented && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey ? link : null;
  };
  addEventListener("pointerdown", (event) => {
    const link = ours(event);
    if (link?.matches("[data-nav]")) ahead = { url: link.href, answer: fetchPage(link.href) }, ahead.answer.catch(() => {});
  });
  addEventListener("click", async (event) => {
    const link = ours(event);
    if (event.target.closest?.("[data-end]")) { far = false; top = 1; follow(); event.target.closest("[data-end]").hidden = true; }
    if (!link) return;
    if (link.matches("[data-nav]")) { event.preventDefault(); go(link.href); }
    const more = link.matches("[data-older]"), whole = link.matches("[data-show]");
    if (!more && !whole) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    try {
      const page = parse(await (await fetch(link.href, { headers: { "X-Nexus": "part" } })).text());
      if (more) { const log = link.closest("[data-follow]"); link.closest(".older").replaceWith(page); log.focus({ preventScroll: true }); }
      else { link.parentNode.previousElementSibling.replaceWith($("pre", page)); link.parentNode.remove(); }
    } catch { location.href = link.href; }
  });
  addEventListener("popstate", () => go(location.href, "", false));

  // Seconds to go, where something is tried again.
  setInterval(() => {
    for (const el of doc.querySelectorAll("[data-until]")) {
      const left = Math.round(el.dataset.until - Date.now() / 1000);
      el.textContent = left > 0 ? `in ${left} s` : "now";
    }
  }, 1000);

  const start = () => {
    found = new Map();
    far = false;
    top = tries = 0;
    const live = $("[data-topic]");
    topic = live?.dataset.topic || "";
    [boot, seq] = (live?.dataset.cursor || "").split(".");
    seq = +seq || 0;
    for (const field of doc.querySelectorAll("[data-draft]")) field.value ||= localStorage.getItem(draft(field)) || "";
    if (!matchMedia("(pointer: coarse)").matches) $("[data-draft][autofocus]")?.focus();
    connect();
  };
  doc.documentElement.classList.add("js");
  start();
})();
