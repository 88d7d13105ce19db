// What the complaint is about and where it is, without asking the server for a new page.
window.lapor = window.lapor || {};
lapor.form = () => document.getElementById("complaint");
lapor.field = (name) => lapor.form().elements.namedItem(name);
lapor.said = (name, ...values) => {
  const place = document.getElementById("said").content.querySelector(`[data-said="${name}"]`);
  return place ? values.reduce((text, value) => text.replace("{}", value), place.textContent) : "";
};
lapor.about = (() => {
  const {form, field, said} = lapor;
  let regions = [];

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
    // The timer may be later than the button that leads on.
    if (!form()?.dataset.suggest) return;
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
    lapor.keep();
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
    lapor.keep();
    lapor.near.look();
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
  // A page that came with districts chosen: their villages are needed when another is chosen.
  const remember = async () => {
    try { regions = await (await fetch(form().dataset.regions + field("regency").value)).json(); } catch { regions = []; }
  };

  // For whom it is.
  const aboutSubject = () => [...document.querySelectorAll("#subject select, #subject input")];
  const showSubject = () => {
    if (aboutSubject().some((place) => place.value)) document.getElementById("subject").open = true;
  };
  const forgetSubject = () => {
    for (const place of aboutSubject()) place.value = "";
    document.getElementById("subject").open = false;
    document.querySelector("#subject summary").focus();
    lapor.keep();
  };

  return {showCategory, suggest, showDistricts, showVillages, remember, setPoint, showPoint, locate, showSubject, forgetSubject};
})();
