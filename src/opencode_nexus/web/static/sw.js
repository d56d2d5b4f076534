// SPDX-License-Identifier: MIT
// The service worker: static files, the last seen windows when the hub cannot be reached, and notifications.
// `hub` is put before this by web/pages/phone.py: {base, version, files, icon, badge, headers, page}.
"use strict";
const FILES = `nexus:${hub.base}:files:${hub.version}`, SEEN = `nexus:${hub.base}:seen`, OUT = `nexus:${hub.base}:out`;
const plain = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const moment = (at) => {
  const then = new Date(at), clock = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return then.toDateString() === new Date().toDateString() ? clock : `${then.toLocaleDateString()} ${clock}`;
};

addEventListener("install", (event) => event.waitUntil((async () => {
  await (await caches.open(FILES)).addAll(hub.files);
  await skipWaiting();
})()));
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith(`nexus:${hub.base}:files:`) && name !== FILES) await caches.delete(name);
  }
  await registration.navigationPreload?.enable();
  await clients.claim();
})()));

// What phone.js has kept, the newest first: {path, title, at, until, html}. None outlives the login it was seen in.
const windows = async () => {
  const cache = await caches.open(SEEN), found = [];
  for (const key of await cache.keys()) {
    const one = await (await cache.match(key)).json();
    if (one.until > Date.now()) found.unshift(one);
    else await cache.delete(key);
  }
  return found;
};
const unreachable = async (path) => {
  const all = await windows(), here = all.find((one) => one.path === path);
  let page = hub.page;
  if (here) {
    const mark = `<p class="note warn offline" role="status"><span><b>Offline.</b> This is what was seen at ${plain(moment(here.at))}.`
      + " A message you write now is kept.</span></p>";
    page = page.replace(/<title>[^<]*/, () => `<title>${plain(here.title)}`)
      .replace(/(<body[^>]* class=")/, (body) => body + "fill")
      .replace(/<!--seen-->[^]*<!--\/seen-->/, () => mark + here.html);
  } else if (all.length) {
    page = page.replace("<!--list-->", () => '<section class="card stack"><h2>Seen on this device</h2><ul class="list">' + all.map((one) =>
      `<li><a class="go" href="${plain(one.path)}"><span class="grow stack tight"><b class="clip">${plain(one.title)}</b>`
      + `<small class="muted">Seen at ${plain(moment(one.at))}</small></span></a></li>`).join("") + "</ul></section>");
  }
  return new Response(page, { status: here ? 200 : 503, headers: hub.headers });
};

// Pages come from the hub, always; what was seen stands in only when no answer of the hub's comes. From 520 on it is
// Cloudflare that answers in its place.
const fresh = async (event, path) => {
  let answer;
  try {
    answer = (await event.preloadResponse) || (await fetch(event.request));
  } catch {}
  if (!answer || answer.status >= 520) return unreachable(path);
  if (path === hub.base + "/login") { // nobody is signed in here any more
    await caches.delete(SEEN);
    await caches.open(OUT);
  } else if (answer.ok && await caches.delete(OUT)) { // somebody is again: notifications that were on go on
    event.waitUntil(registration.pushManager?.getSubscription().then((made) => made && subscribed(made)));
  }
  return answer;
};
addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (hub.files.includes(pathname)) {
    event.respondWith(caches.match(request, { cacheName: FILES }).then((kept) => kept || fetch(request)));
  } else if (request.mode === "navigate" || request.headers.get("x-nexus") === "nav") {
    event.respondWith(fresh(event, pathname));
  }
});

// A notice from the hub (notify/notice.py): {id, kind, title, text, path, at, answers}, or {close: id} when it is over.
const tell = async (notice) => {
  if (notice.close) {
    for (const shown of await registration.getNotifications({ tag: notice.close })) shown.close();
    return;
  }
  const actions = notice.answers ? [{ action: "once", title: "Allow once" }, { action: "reject", title: "Reject" }] : [];
  await registration.showNotification(notice.title, {
    body: notice.text, tag: notice.id, icon: hub.icon, badge: hub.badge, timestamp: notice.at || Date.now(), actions,
    data: { id: notice.id, path: notice.path },
  });
};
addEventListener("push", (event) => {
  const notice = event.data?.json();
  if (notice) event.waitUntil(tell(notice));
});

const show = async (path) => {
  const url = new URL(hub.base + path, location.origin).href;
  for (const page of await clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (!page.url.startsWith(location.origin + hub.base + "/") || !page.focus) continue;
    try {
      const there = page.url === url ? page : await page.navigate(url);
      return await (there || page).focus();
    } catch {} // one that this worker does not control cannot be led
  }
  return clients.openWindow(url);
};
// The hub is asked as a page would ask it, with the login of this browser. What it says against it is shown.
const answer = async (id, reply) => {
  let trouble = "The hub could not be reached.";
  try {
    const said = await fetch(`${hub.base}/api/v1/inbox/${encodeURIComponent(id)}/reply`, {
      method: "POST", body: JSON.stringify({ reply }), headers: { "Content-Type": "application/json", Accept: "application/json" },
    });
    if (said.ok) return;
    const told = await said.json();
    trouble = [told.title, told.detail].filter(Boolean).join(" ");
  } catch {}
  await tell({ id: "unanswered", title: "Your answer did not count", text: trouble, path: "/inbox" });
  await show("/inbox");
};
addEventListener("notificationclick", (event) => {
  const { action, notification } = event, { id, path } = notification.data;
  notification.close();
  event.waitUntil(action ? answer(id, action) : show(path));
});

// The hub is told where to send from now on: the browser has changed its subscription, or somebody signed in again.
const subscribed = (made) => fetch(`${hub.base}/settings/notifications/device`, {
  method: "POST", body: JSON.stringify({ ...made.toJSON(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
  headers: { "Content-Type": "application/json", Accept: "application/json" },
});
addEventListener("pushsubscriptionchange", (event) => event.waitUntil((async () => {
  await subscribed(event.newSubscription || await registration.pushManager.subscribe(event.oldSubscription.options));
})()));
