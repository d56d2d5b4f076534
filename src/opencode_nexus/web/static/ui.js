// SPDX-License-Identifier: MIT
// What every page needs from a script, and works without: the dialog that asks before a dangerous step.
(() => {
  "use strict";
  // What goes wrong in a script is told to the hub's log, the first few times; it goes nowhere else.
  let told = 0;
  const fault = (error, place = "") => {
    if (told++ > 4) return;
    const [message, stack] = [String(error?.message || error), String(error?.stack || "")].map((text) => text.slice(0, 2000));
    fetch(`${document.body.dataset.base || ""}/logs/page`, {
      method: "POST", keepalive: true, headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ message, stack, place, page: location.pathname }),
    }).catch(() => {});
  };
  addEventListener("error", ({ error, message, filename, lineno, colno }) => fault(error || message, `${filename}:${lineno}:${colno}`));
  addEventListener("unhandledrejection", ({ reason }) => fault(reason));

  const here = () => location.pathname.slice((document.body.dataset.base || "").length) || "/";
  const id = (name) => document.getElementById(name);

  // Nobody is signed in here any more: drafts that the hub has leave this browser. One that it has not waits for its writer.
  if (here() === "/login") try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith("draft:") && !JSON.parse(localStorage[name]).dirty) localStorage.removeItem(name);
    }
  } catch {}

  // A link with data-confirm leads to a page that asks; here the dialog asks instead, and posts to the same address.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-confirm]");
    const dialog = id("confirm");
    if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    dialog.querySelector("form").action = link.href;
    dialog.querySelector(".form-error")?.remove();
    id("confirm-back").value = here();
    id("confirm-title").textContent = link.dataset.confirm;
    id("confirm-text").textContent = link.dataset.confirmText || "";
    id("confirm-yes").textContent = link.dataset.confirmYes || "Continue";
    dialog.showModal();
    id("confirm-no").focus();
  });
  // It stays open while its form is on the way (wire.js marks that), and after that only to say what went wrong.
  const asked = document.querySelector("#confirm form");
  if (asked) new MutationObserver(() => {
    const said = asked.querySelector(".form-error");
    if (!asked.dataset.busy && (!said || said.hidden)) id("confirm").close();
  }).observe(asked, { attributeFilter: ["data-busy"] });
  id("confirm-no")?.addEventListener("click", () => id("confirm").close());
  id("confirm")?.addEventListener("click", (event) => event.target === event.currentTarget && event.target.close());

  // The colours are chosen on the page where one is, even when it came in place of another.
  addEventListener("submit", ({ target }) => {
    const back = target.closest("#account")?.querySelector("[name=back]");
    if (back) back.value = here();
  }, true);

  // Each block of code or output can be copied by one button that goes where the pointer or the focus is: a button in
  // each would be a tenth of a page's elements. It stands behind the block, so that Tab leads to it.
  const copier = document.createElement("button");
  copier.type = "button";
  copier.className = "copy";
  copier.dataset.copyFrom = "";
  copier.append(document.createElement("span"));
  const offer = ({ target }) => {
    if (!navigator.clipboard || !target.closest || copier.contains(target)) return;
    const block = target.closest("pre[tabindex]"), box = block?.closest(".md, .tool, .fold, .fault, .ask, .wrap, .file");
    if (!box) return void (document.activeElement === copier || copier.remove());
    let last = block;
    while (last.parentNode !== box) last = last.parentNode;
    // the end of what is being written is not touched: words are added to its last element
    if (last === box.lastElementChild && box.closest("[aria-busy=true]")) return;
    if (copier.block !== block || !copier.isConnected) {
      copier.firstChild.textContent = "Copy";
      copier.block = block;
      last.after(copier);
    }
    const place = block.getBoundingClientRect(), around = box.getBoundingClientRect();
    copier.style.top = `${place.top - around.top}px`;
    copier.style.right = `${around.right - place.right}px`;
  };
  // not pointerover: a page that moves below a pointer at rest would take the button from where the focus is
  let under = null;
  addEventListener("pointermove", (event) => { if (event.target !== under) offer(event, under = event.target); }, { passive: true });
  addEventListener("pointerdown", offer, { passive: true });
  addEventListener("focusin", offer);

  // Copying and sharing, where the browser can; the buttons show by what stands here.
  document.documentElement.dataset.can = `${navigator.clipboard ? "copy" : ""} ${navigator.share ? "share" : ""}`;
  addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy],[data-copy-from],[data-share]");
    if (!button) return;
    const { copy = button.block?.textContent, share } = button.dataset, words = button.querySelector("span");
    try {
      if (share) return await navigator.share({ title: document.title, url: share });
      await navigator.clipboard.writeText(copy);
      words.textContent = id("say").textContent = "Copied";
    } catch (error) {
      if (error.name !== "AbortError") id("say").textContent = "It could not be passed on.";
    }
    setTimeout(() => { if (words) words.textContent = "Copy"; }, 2000);
  });

  // A press that takes its time says so, and cannot be given twice.
  addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.hasAttribute("data-again")) return;
    button.setAttribute("aria-busy", "true");
    setTimeout(() => button.removeAttribute("aria-busy"), 30000);
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-busy=true]:is(.btn)")) button.removeAttribute("aria-busy");
  });
})();
