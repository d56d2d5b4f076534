// SPDX-License-Identifier: MIT
// The set-up: live progress while OpenCode is brought. Each step works without this.
(() => {
  "use strict";

  // Typing a path means that the path is wanted.
  for (const field of document.querySelectorAll("[data-picks]")) {
    field.addEventListener("input", () => {
      const radio = field.form.querySelector(`input[type=radio][value="${field.dataset.picks}"]`);
      if (radio && field.value) radio.checked = true;
    });
  }

  const box = document.querySelector("[data-progress]");
  if (!box) return;
  const bar = box.querySelector("progress");
  const told = box.querySelector(".measure .num");
  const text = box.querySelector("[data-part=text]");
  const put = (element, value) => {
    if (element.textContent !== value) element.textContent = value;
  };
  const look = async () => {
    let state;
    try {
      const answer = await fetch(box.dataset.progress, { headers: { accept: "application/json" } });
      if (!answer.ok || answer.redirected) return location.reload();
      state = await answer.json();
    } catch {
      put(told, "The hub does not answer; trying again.");
      return setTimeout(look, 2000);
    }
    // the page itself knows what follows: the next step, or what went wrong
    if (!state.running) return location.reload();
    put(text, state.text);
    put(told, state.told);
    if (state.percent === null) bar.removeAttribute("value");
    else bar.value = state.percent;
    setTimeout(look, 500);
  };
  setTimeout(look, 300);
})();
