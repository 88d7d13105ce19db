// Makes the form smoother, and keeps it when the connection is lost. Without it every button sends the form instead.
(() => {
  const RETRY_MS = 15_000;
  const timers = {};
  const {form, field, said} = lapor;
  const soon = (name, act, after_ms) => { clearTimeout(timers[name]); timers[name] = setTimeout(act, after_ms); };
  const status = (text, button) => {
    const place = document.getElementById("waits");
    if (!place) return;
    place.replaceChildren();
    place.className = text ? "waits" : "";
    if (text) place.append(Object.assign(document.createElement("p"), {textContent: text}));
    if (button) place.append(button);
  };

  // The draft.
  const values = () => {
    const found = {};
    for (const [name, value] of new FormData(form())) {
      if (typeof value === "string" && !["key", "csrf", "photos", "go", "stamp", "website", "work"].includes(name)) found[name] = value;
    }
    return found;
  };
  const keep = (change = {}) => {
    if (!form() || "checked" in form().dataset) return;
    const before = lapor.draft.read() || {};
    lapor.draft.write({waits: before.waits, ...change, key: field("key").value, values: values()});
  };
  lapor.keep = keep;
  const mark = (waits) => lapor.draft.write({...(lapor.draft.read() || {key: field("key").value, values: values()}), waits});
  const restore = async (draft) => {
    for (const [name, value] of Object.entries(draft.values)) {
      const place = field(name);
      if (place && name !== "district" && name !== "village" && !name.startsWith("answers.")) set(place, value);
    }
    lapor.about.showCategory();
    for (const [name, value] of Object.entries(draft.values)) if (name.startsWith("answers.") && field(name)) set(field(name), value);
    await lapor.about.showDistricts();
    if (draft.values.district) { set(field("district"), draft.values.district); lapor.about.showVillages(); }
    if (draft.values.village) set(field("village"), draft.values.village);
    if (draft.values.latitude) lapor.about.showPoint();
    lapor.about.showSubject();
    lapor.about.suggest();
  };
  const set = (place, value) => {
    if (place.type === "checkbox") place.checked = true;
    else place.value = value;
  };
  const has = (draft) => Object.entries(draft.values).some(([name, value]) => value && name !== "suggested");

  // Sending.
  let isSending = false;
  const submit = async (go) => {
    if (isSending) return;
    isSending = true;
    if (go === "send" && lapor.work.isUnderWay()) {
      status(said("works"));
      await lapor.work.settle();
    }
    status(said("sends"));
    const page = await answered(go).catch(() => null);
    isSending = false;
    if (page) await show(page);
    else { if (go === "send") tried(); wait(); }
  };
  // The page that the server answers; null while anything waits for a connection, or what lies between answers instead.
  const answered = async (go) => {
    if (!await lapor.photos.settle()) return null;
    const body = new FormData(form());
    body.delete("photo");
    body.set("go", go);
    const answer = await fetch(form().action, {method: "POST", body});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("main") ? page : null;
  };
  // It may have arrived: who corrects how to be reached before it is sent again must be heard.
  const tried = () => {
    const contact = ["name", "email", "phone", "prefers"].map((name) => field(name)?.value.trim() || "").join("|");
    const before = field("tried").value;
    field("tried").value = !before || before === contact ? contact : "changed";
    const draft = lapor.draft.read();
    if (draft) lapor.draft.write({...draft, values: {...draft.values, tried: field("tried").value}});
  };
  // What was to be checked is sent as it is: whoever has no connection can't be shown what the server says to it.
  const wait = () => {
    mark(true);
    const stop = Object.assign(document.createElement("button"), {type: "button", className: "quiet"});
    stop.textContent = said("wait_no_more");
    stop.addEventListener("click", () => { mark(false); clearTimeout(timers.retry); status(""); });
    status(said("waits"), stop);
    soon("retry", resume, RETRY_MS);
  };
  const resume = async () => {
    if (!form()) return;
    if (lapor.draft.read()?.waits) await submit("send");
    else { status(""); await lapor.photos.settle(); }
  };
  const show = async (page) => {
    const main = page.querySelector("main");
    clearTimeout(timers.retry);
    document.querySelector("main").replaceWith(main);
    document.title = page.title;
    window.scrollTo(0, 0);
    await start();
    (main.querySelector(".errors") || main.querySelector("h1")).focus();
  };

  const start = async () => {
    for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
    for (const script of document.querySelectorAll("[data-script]")) script.hidden = false;
    for (const speak of document.querySelectorAll("[data-speak]")) speak.hidden = !("speechSynthesis" in window);
    for (const locate of document.querySelectorAll("[data-locate]")) locate.hidden = !("geolocation" in navigator);
    if (document.querySelector("[data-accepted]")) { lapor.photos.forget(); await lapor.draft.forget(); }
    if (!form()) return;
    lapor.near.look();
    lapor.work.begin();
    if ("checked" in form().dataset) return;
    const draft = lapor.draft.read();
    if ("fresh" in form().dataset) {
      // The page may come from the cache, where the key in it was used before.
      field("key").value = draft?.key || lapor.photos.newKey();
      if (draft) await restore(draft);
      document.getElementById("draft").hidden = !draft || !has(draft);
    } else {
      keep({waits: false});
      if (field("regency").value) await lapor.about.remember();
    }
    await lapor.photos.begin();
    if (lapor.draft.read()?.waits) await submit("send");
    else if (!navigator.onLine) status(said("offline"));
  };

  document.addEventListener("input", (event) => {
    if (!form()?.contains(event.target)) return;
    soon("keep", keep, 300);
    if (event.target.name === "text") { soon("suggest", lapor.about.suggest, 600); lapor.near.look(); }
  });
  document.addEventListener("change", async (event) => {
    if (!form()?.contains(event.target) || "checked" in form().dataset) return;
    const name = event.target.name;
    if (name === "category") lapor.about.showCategory();
    if (name === "regency") await lapor.about.showDistricts();
    if (name === "district") lapor.about.showVillages();
    if (name === "photo") {
      const chosen = [...event.target.files];
      event.target.value = "";
      await lapor.photos.add(chosen);
    }
    keep();
    lapor.near.look();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const told = button.dataset;
    if (told.pick) { field("category").value = told.pick; lapor.about.showCategory(); keep(); lapor.near.look(); field("category").focus(); }
    if ("locate" in told) lapor.about.locate();
    if ("forget" in told) lapor.draft.forget().then(() => location.replace(form().action));
    if ("print" in told) window.print();
    if (told.speak) lapor.receipt.spell(told.speak);
    if (told.copy) lapor.receipt.copy(told.copy);
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    const go = event.submitter?.value || "check";
    if (go === "nowhere") lapor.about.setPoint("", "");
    else if (go === "myself") lapor.about.forgetSubject();
    else { keep(); submit(go); }
  });
  window.addEventListener("storage", (event) => {
    // Sent from another window: what is written in this one becomes a complaint of its own.
    if (event.key === lapor.draft.NAME && event.newValue === null && form()) field("key").value = lapor.photos.newKey();
  });
  window.addEventListener("online", () => resume());
  window.addEventListener("offline", () => { if (form() && !lapor.draft.read()?.waits) status(said("offline")); });

  const work = async () => {
    const script = form()?.dataset.worker;
    if (!script || !("serviceWorker" in navigator)) return;
    const page = new URL(form().action).pathname;
    await navigator.serviceWorker.register(script, {scope: page});
    const worker = await navigator.serviceWorker.ready;
    const loaded = [...document.querySelectorAll("link[rel=stylesheet], script[src]")].map((one) => one.href || one.src);
    worker.active.postMessage({keep: [page, ...loaded]});
  };
  document.addEventListener("DOMContentLoaded", async () => {
    await start();
    // Where a browser allows none, the form works without.
    work().catch(() => {});
  });
})();
