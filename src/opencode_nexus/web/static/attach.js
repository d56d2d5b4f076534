// SPDX-License-Identifier: MIT
// Files for a message: chosen, pasted or dropped; pictures are made smaller here, and lose what a camera wrote into them.
(() => {
  "use strict";
  const doc = document, ONE = 1e7, MESSAGE = 2e7, SIDE = 2000;
  const form = () => doc.querySelector("[data-composer]");
  const words = (size) => `${(size / 1e6).toFixed(1)} MB`;
  const chips = () => form().querySelector(".chips");
  const chip = ({ id, name, size, picture, remove }) => {
    const { make } = nexus.outbox, row = make("li");
    if (picture) row.append(make("img", "", { src: picture, alt: "" }));
    row.append(make("span", name, { className: "clip" }), make("small", size, { className: "muted" }));
    if (!id) return row;
    const button = make("button", "×", { className: "btn quiet icon", formAction: remove });
    button.dataset.remove = "";
    button.setAttribute("aria-label", "Remove " + name);
    row.append(make("input", "", { type: "hidden", name: "attached", value: id }), button);
    return row;
  };
  const smaller = async (file) => {
    if (!/^image\/(png|jpeg|webp)$/.test(file.type)) return file;
    const picture = await createImageBitmap(file).catch(() => null);
    if (!picture) return file;
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    if (scale === 1 && file.type === "image/png") return file;
    const canvas = doc.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, file.type, 0.9));
    return blob ? new File([blob], file.name, { type: blob.type }) : file;
  };
  const wrong = async (file) => {
    if (file.size > ONE) return `“${file.name}” has ${words(file.size)}. A file may have 10 MB, and all of a message 20 MB.`;
    if (/^image\/(png|jpeg|gif|webp)$|^application\/pdf$/.test(file.type)) return "";
    const begin = new Uint8Array(await file.slice(0, 8192).arrayBuffer());
    return begin.includes(0) ? `“${file.name}” cannot be sent. Pictures (PNG, JPEG, GIF, WebP), PDF and text can.` : "";
  };
  let total = 0; // bytes on their way, and taken since the page was opened: the hub knows the rest
  const add = async (files) => {
    const { complain } = nexus.composer, { why } = nexus.outbox, mine = form();
    complain("");
    for (const given of files) {
      const row = chip({ name: given.name, size: "…" });
      row.setAttribute("aria-busy", "true");
      chips().append(row);
      try {
        const file = given.size > 5 * ONE ? given : await smaller(given);
        let said = await wrong(file);
        if (!said && total + file.size > MESSAGE) said = `“${file.name}” is too much: the files of a message may have 20 MB together.`;
        if (!said) {
          const data = new FormData();
          data.append("files", file, file.name);
          const answer = await fetch(mine.action + "/attach", { method: "POST", body: data, headers: { Accept: "application/json", "X-Nexus": "live" } });
          if (answer.ok) {
            total += file.size;
            const [one] = (await answer.json()).chips;
            row.replaceWith(chip(one));
            nexus.say(`${one.name} was added.`);
            continue;
          }
          said = await why(answer);
        }
        complain(said);
      } catch { complain(`“${given.name}” was not added: the hub could not be reached. Add it when the connection is back.`); }
      row.remove();
    }
  };
  addEventListener("change", ({ target }) => {
    if (!target.matches("[data-composer] [type=file]")) return;
    const files = [...target.files];
    target.value = "";
    add(files);
  });
  addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    if (!files.length || !event.target.matches("[data-draft]") || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    add([...files]);
  });
  const over = (event) => form() && event.dataTransfer?.types.includes("Files");
  const mark = (on) => form()?.classList.toggle("drop", on);
  addEventListener("dragover", (event) => { if (over(event)) event.preventDefault(), mark(true); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  addEventListener("drop", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    mark(false);
    add([...event.dataTransfer.files]);
  });
  addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-remove]");
    if (!button) return;
    event.preventDefault();
    const answer = await fetch(button.formAction, { method: "POST", headers: { "X-Nexus": "live", "Content-Type": "application/x-www-form-urlencoded" }, body: "" }).catch(() => ({}));
    if (!answer.ok) return nexus.composer.complain("The file was not removed: the hub could not be reached.");
    button.closest("li").remove();
    form().querySelector("textarea").focus();
  });
  addEventListener("composer:chips", ({ detail }) => {
    const list = chips(), ids = [...list.querySelectorAll("[name=attached]")].map((input) => input.value).join();
    if (ids !== detail.map(({ id }) => id).join() && !list.querySelector("[aria-busy]")) list.replaceChildren(...detail.map(chip));
  });
  const fresh = () => { total = 0; };
  addEventListener("nexus:page", fresh);
  addEventListener("nexus:taken", fresh);
})();
