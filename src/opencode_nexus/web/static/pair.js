// SPDX-License-Identifier: MIT
// Connecting a phone: the secret stands in the address after the #, which no server sees; it goes into the form here.
(() => {
  "use strict";
  const id = (name) => document.getElementById(name);
  const field = id("f-secret"), name = id("f-name"), gone = id("pair-gone");

  const read = async () => {
    const secret = location.hash.slice(1);
    if (secret) field.value = secret;
    field.closest(".field").hidden = field.value !== "" && !field.hasAttribute("aria-invalid");
    if (!field.value) return;
    try {
      const body = new URLSearchParams({ secret: field.value });
      const answer = await fetch(field.form.dataset.name, { method: "POST", headers: { accept: "application/json" }, body });
      const said = await answer.json();
      if (answer.ok && !name.value) name.value = said.name;
      gone.hidden = answer.ok || answer.status !== 404;
      gone.lastElementChild.textContent = gone.hidden ? "" : `${said.title} ${said.hint}`;
    } catch { /* the form says it when it is sent */ }
  };
  addEventListener("hashchange", () => { name.value = ""; read(); });
  read();
})();
