// SPDX-License-Identifier: MIT
// Switches notifications on and off for this browser. It is asked for permission on the press alone.
(() => {
  "use strict";
  const box = document.querySelector("[data-push]"), button = box.querySelector("[data-on]"), place = box.dataset.push;
  const why = (name) => { for (const line of box.querySelectorAll("[data-why]")) line.hidden = line.dataset.why !== name; };
  const send = async (path, body) => {
    const answer = await fetch(place + path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error([told.title, told.detail, told.hint].filter(Boolean).join(" "));
    return told;
  };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const same = (one, other) => one && one.byteLength === other.byteLength && new Uint8Array(one).every((value, at) => value === other[at]);

  const state = () => {
    const apple = /iPhone|iPad/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
    if (!isSecureContext) return "insecure";
    if (apple && !matchMedia("(display-mode: standalone)").matches) return "install";
    if (!navigator.serviceWorker || !window.PushManager || !window.Notification) return "unable";
    return Notification.permission === "denied" ? "denied" : "able";
  };
  const on = async () => {
    if (await Notification.requestPermission() !== "granted") return why(state());
    const key = bytes((await send("/key")).key), { pushManager } = await navigator.serviceWorker.ready;
    const before = await pushManager.getSubscription();
    if (before && !same(before.options.applicationServerKey, key)) await before.unsubscribe();
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await send("/device", { ...made.toJSON(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
    location.href = place + "?said=on";
  };
  if (button) {
    why(state());
    button.disabled = state() !== "able";
    button.addEventListener("click", async () => {
      const error = box.querySelector("#why .form-error");
      button.setAttribute("aria-busy", "true");
      error.hidden = true;
      try { await on(); } catch (problem) {
        error.hidden = false;
        error.textContent = problem.name === "AbortError" ? "The browser could not reach its push service. Try again when it is connected." : problem.message;
      }
      button.removeAttribute("aria-busy");
    });
  }
  // The hub forgets this device by the form; the browser forgets its subscription, too.
  addEventListener("submit", ({ target }) => {
    if (!target.matches("[data-off]")) return;
    navigator.serviceWorker?.ready.then(({ pushManager }) => pushManager.getSubscription()).then((made) => made?.unsubscribe());
  });
})();
