// SPDX-License-Identifier: MIT
// What is sent while the hub cannot be reached waits in this browser, and goes in its order. Each has the key of its
// submit, so that the hub takes it once, whoever else sends it too: another tab, or the request that got no answer.
(() => {
  "use strict";
  const doc = document;
  const read = (name) => { try { return JSON.parse(localStorage[name]); } catch { return null; } };
  // Returns whether it is kept: a browser has room for some 5 million characters, of all that it keeps for this address.
  const write = (name, value) => {
    try { value ? localStorage.setItem(name, JSON.stringify(value)) : localStorage.removeItem(name); } catch { return false; }
    return true;
  };
  const make = (tag, words = "", more = {}) => Object.assign(doc.createElement(tag), { textContent: words }, more);
  const post = (url, data) => fetch(url, {
    method: "POST", headers: { Accept: "application/json", "X-Nexus": "live" }, body: new URLSearchParams(data), signal: AbortSignal.timeout(40000),
  });
  const pairs = ({ url, attached, error, ...rest }) => [...Object.entries(rest), ...attached.map((id) => ["attached", id])];
  const why = async (answer) => {
    const { title = "It was refused.", detail, hint } = await answer.json().catch(() => ({}));
    return [title, detail, hint].filter(Boolean).join(" ");
  };
  const waiting = () => read("outbox") || [];
  const away = (key) => write("outbox", waiting().filter((one) => one.key !== key));
  const show = () => {
    const form = doc.querySelector("[data-composer]");
    doc.querySelector(".outbox")?.remove();
    const mine = waiting().filter((one) => one.url === form?.action);
    if (!mine.length) return;
    const list = make("ul", "", { className: "outbox" });
    list.setAttribute("aria-label", "What waits for the connection");
    for (const one of mine) {
      const row = make("li"), button = (words, act) => {
        const made = make("button", words, { type: "button", className: "btn quiet" });
        made.onclick = () => { away(one.key); act?.(); show(); form.elements.text.focus(); };
        return made;
      };
      row.append(
        make("span", one.text || "(files only)", { className: "clip" }),
        make("small", one.error || "Waits for the connection", { className: one.error ? "error" : "muted" }),
        button("Edit", () => nexus.composer.put([form.elements.text.value, one.text].filter(Boolean).join("\n"))), button("Remove"),
      );
      list.append(row);
    }
    form.after(list);
  };
  const work = async () => {
    const stuck = new Set();
    for (const one of waiting()) {
      if (one.error || stuck.has(one.url)) { stuck.add(one.url); continue; }
      try {
        const answer = await post(one.url, pairs(one));
        if (answer.status === 401) return; // signed out
        // something stands between, or the hub is back before its server
        if (answer.status > 501 || (answer.status === 409 && /server-not-running/.test(await answer.clone().text())))
          return void setTimeout(flush, 4000);
        const error = answer.ok || await why(answer);
        write("outbox", waiting().flatMap((other) => other.key !== one.key ? other : answer.ok ? [] : { ...other, error }));
        if (!answer.ok) stuck.add(one.url);
      } catch { return; }
      show();
    }
  };
  const flush = () => {
    if (!waiting().length) return;
    navigator.locks ? navigator.locks.request("outbox", { ifAvailable: true }, (lock) => lock && work()) : work();
  };
  addEventListener("nexus:page", () => { show(); flush(); });
  addEventListener("nexus:line", ({ detail }) => detail === "live" && flush());
  addEventListener("online", flush);
  addEventListener("storage", ({ key }) => key === "outbox" && show());
  nexus.outbox = { read, write, make, post, pairs, why, waiting, add: (one) => { const kept = write("outbox", [...waiting(), one]); show(); return kept; } };
  show();
  flush();
})();
