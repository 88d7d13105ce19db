// Photos of a draft: each is uploaded by itself, and again until it has arrived or was refused.
window.lapor = window.lapor || {};
lapor.photos = (() => {
  const MOST_BYTES = 10 * 1024 * 1024;
  const PASSING = [429, 500, 502, 503, 504];
  const AGAIN_MS = 15_000;
  const LEFT = ["photo_waits", "photo_503"];
  let photos = [];
  let uploading = Promise.resolve(true);
  let timer = null;

  const list = () => document.getElementById("photos");
  const form = () => document.getElementById("complaint");
  const newKey = () => crypto.randomUUID ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> digit / 4).toString(16));

  // What came with the page counts where this browser does not know the photo; of a known one only whether it is there.
  const begin = async () => {
    const shown = list();
    if (!shown) return;
    photos = (await lapor.draft.photos.all()).sort((one, other) => one.at - other.at);
    const isFresh = "fresh" in form().dataset;
    for (const photo of photos) {
      const item = shown.querySelector(`li[data-name="${photo.name}"]`);
      if (item) item.remove();
      else if (!isFresh && photo.name) photo.name = null;
      if (!photo.name && !photo.reason) photo.state = "photo_waits";
    }
    draw();
    if (photos.some((photo) => photo.state === "photo_waits")) settle();
  };

  const add = async (files) => {
    for (const file of files) {
      if (count() >= Number(form().dataset.most)) break;
      const photo = {key: newKey(), at: Date.now() + photos.length, blob: file, name: null, state: "photo_waits"};
      if (file.size > MOST_BYTES) Object.assign(photo, {state: "photo_413", reason: true});
      photos.push(photo);
      await lapor.draft.photos.put(photo);
    }
    draw();
    return settle();
  };

  const count = () => photos.length + list().querySelectorAll("li[data-name]:not([data-own])").length;

  const draw = () => {
    const shown = list();
    if (!shown) return;
    for (const item of shown.querySelectorAll("[data-own]")) item.remove();
    photos.forEach((photo, place) => shown.append(item(photo, place + 1)));
    document.getElementById("add-photo").hidden = count() >= Number(form().dataset.most);
  };

  const item = (photo, number) => {
    const item = document.createElement("li");
    item.dataset.own = photo.key;
    if (photo.address) {
      const image = new Image();
      image.src = photo.address;
      image.alt = lapor.said("photo_number", number);
      item.append(image);
    }
    const state = document.createElement("p");
    state.textContent = `${lapor.said("photo_number", number)}: ${lapor.said(photo.state)}`;
    item.append(state);
    if (photo.name) {
      const named = Object.assign(document.createElement("input"), {type: "hidden", name: "photos", value: photo.name});
      item.append(named);
    }
    const remove = document.createElement("button");
    Object.assign(remove, {type: "button", className: "quiet", textContent: lapor.said("remove", number)});
    remove.addEventListener("click", () => drop(photo));
    item.append(remove);
    return item;
  };

  const drop = async (photo) => {
    photos = photos.filter((one) => one !== photo);
    await lapor.draft.photos.remove(photo.key);
    draw();
    document.getElementById("photo").focus();
  };

  // Whether each has arrived or was refused for good. One after the other: a slow line carries one photo sooner than two.
  const settle = () => {
    uploading = uploading.then(async () => {
      for (const photo of [...photos]) {
        if (!photo.name && LEFT.includes(photo.state)) await upload(photo);
      }
      const isDone = !photos.some((photo) => LEFT.includes(photo.state));
      clearTimeout(timer);
      if (!isDone) timer = setTimeout(() => { if (form()) settle(); }, AGAIN_MS);
      return isDone;
    });
    return uploading;
  };

  const upload = async (photo) => {
    set(photo, {state: "photo_sends"});
    const body = new FormData();
    body.append("photo", photo.blob, "photo");
    try {
      const answer = await fetch(form().dataset.upload, {method: "POST", body, headers: {"Idempotency-Key": photo.key}});
      const told = await answer.json();
      if (answer.ok) {
        set(photo, {state: "photo_kept", name: told.name, address: told.thumbnail_address, reason: false});
        if (told.position) lapor.offer(told.position);
      } else if (PASSING.includes(answer.status)) {
        set(photo, {state: "photo_503"});
      } else {
        set(photo, {state: lapor.said(`photo_${answer.status}`) ? `photo_${answer.status}` : "photo_other", reason: true});
      }
    } catch {
      set(photo, {state: "photo_waits"});
    }
  };

  const set = (photo, change) => {
    Object.assign(photo, change);
    if (!photos.includes(photo)) return;
    lapor.draft.photos.put(photo);
    draw();
  };

  const forget = () => { clearTimeout(timer); photos = []; };
  return {begin, add, settle, forget, newKey};
})();
