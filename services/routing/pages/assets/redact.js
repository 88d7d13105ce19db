// Covers parts of a photo. The copy is drawn here, so what was covered is in nothing that is sent.
"use strict";
(() => {
  const form = document.getElementById("redact");
  const find = (selector) => form.querySelector(selector);
  const canvas = find("canvas");
  const pen = canvas.getContext("2d");
  const photo = new Image();
  const sides = ["left", "top", "width", "height"];
  const boxes = [];
  let start = null;
  let drawn = null;

  const draw = () => {
    pen.drawImage(photo, 0, 0);
    pen.fillStyle = "#000";
    for (const box of drawn ? [...boxes, drawn] : boxes) pen.fillRect(box.left, box.top, box.width, box.height);
  };
  const show = () => {
    draw();
    find("[data-boxes]").replaceChildren(...boxes.map(line));
    find("[data-said]").textContent = find("[data-said]").dataset.words.replace("{}", boxes.length);
    find("[type=submit]").disabled = !boxes.length;
  };
  const line = (box, place) => {
    const item = document.createElement("li");
    const name = sides.reduce((text, side) => text.replace("{}", box[side]), form.dataset.box);
    const button = Object.assign(document.createElement("button"), {type: "button", className: "quiet"});
    button.textContent = `${form.dataset.remove}: ${name}`;
    button.addEventListener("click", () => {
      boxes.splice(place, 1);
      show();
      find("[data-side]").focus();
    });
    item.append(button);
    return item;
  };
  // Of any two corners, whole pixels within the photo.
  const between = (one, other) => {
    const within = (value, most) => Math.min(Math.max(value, 0), most);
    const [left, right] = [one.x, other.x].sort((a, b) => a - b).map((x) => within(x, canvas.width));
    const [top, bottom] = [one.y, other.y].sort((a, b) => a - b).map((y) => within(y, canvas.height));
    const corner = {left: Math.floor(left), top: Math.floor(top)};
    return {...corner, width: Math.ceil(right) - corner.left, height: Math.ceil(bottom) - corner.top};
  };
  const add = (box) => {
    if (box.width > 0 && box.height > 0) boxes.push(box);
    show();
  };
  const at = (event) => {
    const shown = canvas.getBoundingClientRect();
    const scale = canvas.width / shown.width;
    return {x: (event.clientX - shown.left) * scale, y: (event.clientY - shown.top) * scale};
  };

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    start = at(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!start) return;
    drawn = between(start, at(event));
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!start) return;
    const box = between(start, at(event));
    start = drawn = null;
    add(box);
  });
  canvas.addEventListener("pointercancel", () => {
    start = drawn = null;
    draw();
  });
  find("[data-add]").addEventListener("click", () => {
    const fields = [...form.querySelectorAll("[data-side]")];
    if (fields.some((field) => !field.value || !field.reportValidity())) {
      fields.find((field) => !field.value)?.focus();
      return;
    }
    const [x, y, width, height] = fields.map((field) => Number(field.value));
    for (const field of fields) field.value = "";
    add(between({x, y}, {x: x + width, y: y + height}));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find("[type=submit]").disabled = true;
    draw();
    canvas.toBlob((copy) => {
      const files = new DataTransfer();
      files.items.add(new File([copy], "copy.jpg", {type: "image/jpeg"}));
      find("[type=file]").files = files.files;
      form.submit();
    }, "image/jpeg", 0.95);
  });
  // Back in the browser's history, the page is as it was left.
  window.addEventListener("pageshow", () => {
    find("[type=submit]").disabled = !boxes.length;
  });
  photo.addEventListener("load", () => {
    Object.assign(canvas, {width: photo.naturalWidth, height: photo.naturalHeight});
    for (const field of form.querySelectorAll("[data-side]")) {
      field.max = ["left", "width"].includes(field.dataset.side) ? canvas.width : canvas.height;
    }
    form.hidden = false;
    show();
  });
  photo.addEventListener("error", () => {
    document.querySelector("[data-failed]").hidden = false;
  });
  photo.src = form.dataset.photo;
})();
