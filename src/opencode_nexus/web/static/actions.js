// SPDX-License-Identifier: MIT
// One menu for all messages, filled by the server when it is opened; and steps that need no question, as they can be
// taken back. Without script the same links lead to plain pages.
(() => {
  "use strict";
  const doc = document, menu = () => doc.getElementById("message-menu");
  let opener = null;
  const modified = (event) => event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

  // Beside the button, inside the window. A narrow window has the menu at its lower edge (45-actions.css).
  const place = (box) => {
    const at = opener.getBoundingClientRect(), wide = doc.documentElement.clientWidth, high = innerHeight;
    const left = Math.max(8, Math.min(at.right - box.offsetWidth, wide - box.offsetWidth - 8));
    const below = at.bottom + box.offsetHeight + 8 < high;
    box.style.inset = `${Math.max(8, below ? at.bottom + 4 : at.top - box.offsetHeight - 4)}px auto auto ${left}px`;
  };
  const open = async (link) => {
    const box = menu();
    opener = link;
    try {
      const answer = await nexus.load(link.href, "part");
      if (!answer.ok) throw 0;
      box.replaceChildren(nexus.parse(await answer.text()));
    } catch { location.href = link.href; return; }
    for (const one of box.querySelectorAll("[data-copy-link]")) one.dataset.copy = new URL(one.dataset.copy, location.href).href;
    box.showPopover();
    place(box);
    opener.setAttribute("aria-expanded", "true");
    box.querySelector("a, button:not(:disabled)")?.focus();
  };
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a");
    if (!link || event.defaultPrevented || modified(event)) return;
    if (link.matches(".more") && menu()) { event.preventDefault(); open(link); }
    if (link.matches("[data-post]") && window.nexus) {
      event.preventDefault();
      const form = doc.createElement("form");
      Object.assign(form, { method: "post", action: link.href, hidden: false });
      form.dataset.live = "";
      link.after(form);
      form.requestSubmit();
    }
  });
  // A menu goes when something in it was done, and its button has the focus again when it was left.
  addEventListener("nexus:taken", ({ target }) => target.closest?.("[popover]")?.hidePopover());
  addEventListener("toggle", (event) => {
    if (event.target !== menu() || event.newState !== "closed") return;
    opener?.removeAttribute("aria-expanded");
    if (doc.activeElement === doc.body) opener?.focus();
  }, true);
  addEventListener("click", ({ target }) => target.closest?.("[popover] a[data-nav]")?.closest("[popover]").hidePopover(), true);
  addEventListener("keydown", (event) => {
    const box = event.target.closest?.(".menu:popover-open"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!box || !step || event.target.matches("input")) return;
    const items = [...box.querySelectorAll("a, button:not(:disabled)")];
    items[(items.indexOf(event.target) + step + items.length) % items.length]?.focus();
    event.preventDefault();
  });
})();
