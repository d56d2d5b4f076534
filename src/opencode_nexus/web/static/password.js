// SPDX-License-Identifier: MIT
// Password fields: show and hide, and the rules ticked off as you type. The server checks all of it again.
(() => {
  "use strict";
  const id = (name) => document.getElementById(name);
  const normal = (text) => text.normalize("NFC");

  for (const button of document.querySelectorAll("[data-reveal]")) {
    const fields = button.dataset.reveal.split(" ").map(id);
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = fields[0].type === "password";
      for (const field of fields) field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
    });
    // the browser offers to keep only what is a password when it is sent
    button.form?.addEventListener("submit", () => {
      for (const field of fields) field.type = "password";
    });
  }

  const holds = (rule, value, name) => {
    if ("min" in rule) return [...value].length >= rule.min;
    if ("max" in rule) return [...value].length <= rule.max;
    if ("match" in rule) return new RegExp(rule.match, "u").test(value);
    const key = normal(name.trim()).toLowerCase();
    return !key || !normal(value).toLowerCase().includes(key);
  };

  for (const list of document.querySelectorAll("[data-rules]")) {
    const rules = JSON.parse(list.dataset.rules);
    const field = id(list.dataset.for);
    const nameField = list.dataset.nameField ? id(list.dataset.nameField) : null;
    const said = list.querySelector("[role=status]");
    const check = () => {
      const value = normal(field.value);
      const name = nameField ? nameField.value : list.dataset.name || "";
      let open = 0;
      rules.forEach((rule, index) => {
        const met = value !== "" && holds(rule, value, name);
        open += !met;
        const item = list.querySelectorAll("li")[index];
        item.classList.toggle("met", met);
        item.querySelector(".sr").textContent = met ? " (kept)" : "";
      });
      if (said) said.textContent = value && open === 0 ? "All rules are kept." : "";
    };
    field.addEventListener("input", check);
    nameField?.addEventListener("input", check);
    check();
  }
})();
