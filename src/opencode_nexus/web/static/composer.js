// SPDX-License-Identifier: MIT
// The field in which a message is written: its draft, and the keys that send it.
(() => {
  "use strict";
  const touch = matchMedia("(pointer: coarse)"), find = () => document.querySelector("[data-draft]");

  // Drafts outlive a reload; a draft goes only when the server has taken it.
  const draft = (field, value) => {
    const key = "draft:" + field.dataset.draft;
    if (value === undefined) return localStorage.getItem(key) || "";
    value ? localStorage.setItem(key, value) : localStorage.removeItem(key);
  };
  addEventListener("input", ({ target }) => target.dataset?.draft && draft(target, target.value));
  addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !field.dataset?.draft || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (touch.matches && !event.ctrlKey) return;
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  });
  addEventListener("nexus:taken", ({ target, detail }) => {
    const field = target.querySelector("[data-draft]");
    if (!field) return;
    if (field.value === detail.get(field.name)) field.value = "";
    draft(field, field.value);
    nexus.toEnd();
  });
  const restore = () => { const field = find(); if (field) field.value ||= draft(field); };
  addEventListener("nexus:page", restore);
  restore();
  if (!touch.matches && document.activeElement === document.body) find()?.focus();
})();
