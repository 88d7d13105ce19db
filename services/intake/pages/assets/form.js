// Makes the form smoother, and keeps it when the connection is lost. Without it every button sends the form instead.
(() => {
  const RETRY_MS = 15_000;
  let regions = [];
  let timers = {};

  const form = () => document.getElementById("complaint");
  const field = (name) => form().elements.namedItem(name);
  const said = (name, ...values) => {
    const place = document.getElementById("said").content.querySelector(`[data-said="${name}"]`);
    return place ? values.reduce((text, value) => text.replace("{}", value), place.textContent) : "";
  };
  lapor.said = said;
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
      if (typeof value === "string" && !["key", "photos", "go"].includes(name)) found[name] = value;
    }
    return found;
  };
  const keep = (change = {}) => {
    if (!form() || "checked" in form().dataset) return;
    const before = lapor.draft.read() || {};
    lapor.draft.write({waits: before.waits, ...change, key: field("key").value, values: values()});
  };
  const mark = (waits) => lapor.draft.write({...(lapor.draft.read() || {key: field("key").value, values: values()}), waits});
  const restore = async (draft) => {
    for (const [name, value] of Object.entries(draft.values)) {
      const place = field(name);
      if (place && name !== "district" && name !== "village" && !name.startsWith("answers.")) set(place, value);
    }
    showCategory();
    for (const [name, value] of Object.entries(draft.values)) if (name.startsWith("answers.") && field(name)) set(field(name), value);
    await showDistricts();
    if (draft.values.district) { set(field("district"), draft.values.district); showVillages(); }
    if (draft.values.village) set(field("village"), draft.values.village);
    if (draft.values.latitude) showPoint();
    suggest();
  };
  const set = (place, value) => {
    if (place.type === "checkbox") place.checked = true;
    else place.value = value;
  };
  const has = (draft) => Object.entries(draft.values).some(([name, value]) => value && name !== "suggested");

  // What it is about.
  const particular = (category) => document.querySelector(`template[data-category="${category}"]`)?.content;
  const showCategory = () => {
    const content = particular(field("category").value);
    const questions = content?.querySelector("[data-questions]").cloneNode(true);
    document.getElementById("questions").replaceChildren(...(questions ? questions.childNodes : []));
    for (const name of ["anonymous", "confidential"]) force(name, Boolean(content?.querySelector(`[data-forces=${name}]`)));
    showAlarm();
  };
  const force = (name, isForced) => {
    const box = document.getElementById(name);
    if (isForced && !box.disabled) box.dataset.chosen = box.checked ? "1" : "";
    if (isForced) box.checked = true;
    else if (box.disabled) box.checked = Boolean(box.dataset.chosen);
    box.disabled = isForced;
    document.querySelector(`[data-forced=${name}]`).hidden = !isForced;
  };
  const showAlarm = () => {
    const alarm = particular(field("category").value || field("suggested").value)?.querySelector("[data-alarm]");
    const place = document.getElementById("alarm");
    // Said once, not again at each letter that is typed.
    if (place.textContent.trim() !== (alarm?.textContent.trim() || "")) {
      place.replaceChildren(...(alarm ? alarm.cloneNode(true).childNodes : []));
    }
  };
  const suggest = async () => {
    const text = field("text").value;
    let found = [];
    try {
      if (text.trim()) {
        const headers = {"Content-Type": "application/json"};
        const answer = await fetch(form().dataset.suggest, {method: "POST", headers, body: JSON.stringify({text})});
        found = answer.ok ? (await answer.json()).suggestions : [];
      }
    } catch {
      return;
    }
    if (!form() || "checked" in form().dataset || field("text").value !== text) return;
    field("suggested").value = found.length ? found[0].category : "";
    drawSuggestions(found);
    showAlarm();
    keep();
  };
  const drawSuggestions = (found) => {
    const items = found.map((one) => {
      const button = Object.assign(document.createElement("button"), {type: "button", className: "quiet"});
      const name = Object.assign(document.createElement("strong"), {textContent: categoryName(one.category)});
      const why = `${said("because", one.words.join(", "))} · ${said("sure", Math.round(100 * one.confidence))}`;
      button.append(name, " ", Object.assign(document.createElement("small"), {textContent: why}));
      button.dataset.pick = one.category;
      const item = document.createElement("li");
      item.append(button);
      return item;
    });
    const shown = Object.assign(document.createElement("ul"), {className: "suggestions"});
    shown.append(...items);
    const lead = Object.assign(document.createElement("p"), {textContent: said("suggested")});
    document.getElementById("suggestions").replaceChildren(...(items.length ? [lead, shown] : []));
  };
  const categoryName = (category) => field("category").querySelector(`option[value="${category}"]`)?.textContent || category;

  // Where it is.
  const fill = (name, options) => {
    const select = field(name);
    select.replaceChildren(select.options[0], ...options.map(([value, text]) => new Option(text, value)));
    select.value = "";
    document.querySelector(`[data-field="${name}"]`).hidden = !options.length;
  };
  const showDistricts = async () => {
    const regency = field("regency").value;
    regions = [];
    try {
      if (regency) regions = await (await fetch(form().dataset.regions + regency)).json();
    } catch {
      // The regency alone will do.
    }
    if (!form() || field("regency").value !== regency) return;
    fill("district", regions);
    fill("village", []);
  };
  const showVillages = () => fill("village", (regions.find(([code]) => code === field("district").value) || [])[2] || []);
  const setPoint = (latitude, longitude) => {
    field("latitude").value = latitude;
    field("longitude").value = longitude;
    showPoint();
    keep();
  };
  const showPoint = () => {
    const point = field("latitude").value && `${field("latitude").value}, ${field("longitude").value}`;
    document.getElementById("located").textContent = point ? said("located", point) : "";
    document.querySelector("[data-forget-point]").hidden = !point;
  };
  const locate = () => {
    const told = document.getElementById("located");
    told.textContent = said("locating");
    navigator.geolocation.getCurrentPosition(
      ({coords}) => setPoint(coords.latitude.toFixed(6), coords.longitude.toFixed(6)),
      () => { told.textContent = said("not_located"); },
      {enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000},
    );
  };
  lapor.offer = ({latitude, longitude, place}) => {
    const offered = document.getElementById("offered");
    if (!offered) return;
    offered.querySelector("span").textContent = said("photo_place", place);
    offered.querySelector("button").onclick = () => { setPoint(latitude, longitude); offered.hidden = true; };
    offered.hidden = false;
  };

  // Sending.
  let isSending = false;
  const submit = async (go) => {
    if (isSending) return;
    isSending = true;
    status(said("sends"));
    try {
      if (!await lapor.photos.settle()) { wait(); return; }
      const body = new FormData(form());
      body.delete("photo");
      body.set("go", go);
      const answer = await fetch(form().action, {method: "POST", body});
      await show(await answer.text());
    } catch {
      wait();
    } finally {
      isSending = false;
    }
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
  const show = async (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const main = page.querySelector("main");
    if (!main) throw new Error("no page of ours");
    clearTimeout(timers.retry);
    document.querySelector("main").replaceWith(main);
    document.title = page.title;
    window.scrollTo(0, 0);
    await start();
    (main.querySelector(".errors") || main.querySelector("h1")).focus();
  };

  // The receipt.
  const spell = (text) => {
    const speech = new SpeechSynthesisUtterance(text.replace(/[0-9A-Z]{4,}/g, (run) => [...run].join(" ")));
    speech.lang = document.documentElement.lang;
    speech.rate = 0.8;
    speechSynthesis.cancel();
    speechSynthesis.speak(speech);
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      document.getElementById("receipt-said").textContent = said("copied");
    } catch {
      getSelection().selectAllChildren(document.querySelector(".receipt dl"));
    }
  };

  const start = async () => {
    for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
    for (const script of document.querySelectorAll("[data-script]")) script.hidden = false;
    for (const speak of document.querySelectorAll("[data-speak]")) speak.hidden = !("speechSynthesis" in window);
    for (const locate of document.querySelectorAll("[data-locate]")) locate.hidden = !("geolocation" in navigator);
    if (document.querySelector("[data-accepted]")) { lapor.photos.forget(); await lapor.draft.forget(); }
    if (!form()) return;
    if ("checked" in form().dataset) return;
    const draft = lapor.draft.read();
    if ("fresh" in form().dataset) {
      // The page may come from the cache, where the key in it was used before.
      field("key").value = draft?.key || lapor.photos.newKey();
      if (draft) await restore(draft);
      document.getElementById("draft").hidden = !draft || !has(draft);
    } else {
      keep({waits: false});
      if (field("regency").value) await remember();
    }
    await lapor.photos.begin();
    if (lapor.draft.read()?.waits) await submit("send");
    else if (!navigator.onLine) status(said("offline"));
  };
  // A page that came with districts chosen: their villages are needed when another is chosen.
  const remember = async () => {
    try { regions = await (await fetch(form().dataset.regions + field("regency").value)).json(); } catch { regions = []; }
  };

  document.addEventListener("input", (event) => {
    if (!form()?.contains(event.target)) return;
    soon("keep", keep, 300);
    if (event.target.name === "text") soon("suggest", suggest, 600);
  });
  document.addEventListener("change", async (event) => {
    if (!form()?.contains(event.target) || "checked" in form().dataset) return;
    const name = event.target.name;
    if (name === "category") showCategory();
    if (name === "regency") await showDistricts();
    if (name === "district") showVillages();
    if (name === "photo") {
      const chosen = [...event.target.files];
      event.target.value = "";
      await lapor.photos.add(chosen);
    }
    keep();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const told = button.dataset;
    if (told.pick) { field("category").value = told.pick; showCategory(); keep(); field("category").focus(); }
    if ("locate" in told) locate();
    if ("forget" in told) lapor.draft.forget().then(() => location.replace(form().action));
    if ("print" in told) window.print();
    if (told.speak) spell(told.speak);
    if (told.copy) copy(told.copy);
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    const go = event.submitter?.value || "check";
    if (go === "nowhere") setPoint("", "");
    else { keep(); submit(go); }
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
