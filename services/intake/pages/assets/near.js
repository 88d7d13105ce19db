// Cases of the same kind near the place, to be supported instead of told again. Without them the form goes on all the same.
window.lapor = window.lapor || {};
lapor.near = (() => {
  const AFTER_MS = 700;
  const PATIENCE_MS = 5_000;
  const MOST = 3;
  const {form, field, said} = lapor;
  const keys = {};
  let timer = null;
  let asking = null;
  let asked = "";
  let supported = "";

  const part = (name, within = document.getElementById("near")) => within.querySelector(`[data-near="${name}"]`);
  const label = (names) => names ? names[document.documentElement.lang] : "";
  const value = (name) => field(name)?.value || "";
  const isSecret = () => Boolean(field("confidential")?.checked
    || document.querySelector("#questions [data-forces=confidential]"));
  const wanted = () => {
    const region = value("village") || value("district");
    const point = {latitude: value("latitude"), longitude: value("longitude")};
    if (!value("category") || isSecret() || !(point.latitude || region)) return null;
    const text = value("text").trim();
    return {category: value("category"), ...(point.latitude ? point : {region}), ...(text && {text})};
  };

  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(find, AFTER_MS);
  };
  const find = async () => {
    const place = document.getElementById("near");
    if (!place || !form() || supported) return;
    const body = JSON.stringify(wanted());
    if (body === asked && part("told").textContent) return;
    asked = body;
    asking?.abort();
    const found = body === "null" ? null : await ask(place.dataset.find, body);
    if (place.isConnected && body === asked && !supported) show(found);
  };
  // The cases; null where nobody tells.
  const ask = async (address, body) => {
    const mine = asking = new AbortController();
    const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
    try {
      const headers = {"Content-Type": "application/json"};
      const answer = await fetch(address, {method: "POST", headers, body, signal: mine.signal});
      return answer.ok ? (await answer.json()).items.slice(0, MOST) : null;
    } catch {
      return null;
    } finally {
      clearTimeout(patience);
    }
  };

  const show = (found) => {
    const plain = document.getElementById("near-plain");
    if (plain) plain.hidden = Boolean(found);
    const nothing = plain && found ? said("near_none") : "";
    const lead = !found?.length ? nothing : said(found.length === 1 ? "near_one" : "near_found", found.length);
    // Said once, not again at each letter that is typed.
    if (part("told").textContent !== lead) part("told").textContent = lead;
    part("cases").replaceChildren(...(found || []).map(draw));
  };
  const draw = (near) => {
    const item = document.getElementById("near-case").content.cloneNode(true).firstElementChild;
    const {ticket, category_name: category, region_name: region} = near.case;
    const title = [label(category), region].filter(Boolean).join(", ");
    Object.assign(part("title", item), {href: `/aduan/${ticket}`, textContent: `${title} (${said("near_new_tab")})`});
    part("status", item).textContent = label(near.status_name);
    part("why", item).textContent = reasons(near).join(" · ");
    part("resolved", item).hidden = near.is_open;
    const button = part("support", item);
    button.hidden = !near.is_open;
    button.setAttribute("aria-label", `${button.textContent}: ${title}, ${ticket}`);
    button.addEventListener("click", () => support(ticket, item));
    return item;
  };
  const reasons = ({kilometres, days, reporters}) => [
    ...(kilometres === null ? [] : [said("near_place", kilometres)]),
    days ? said("near_days", days) : said("near_today"),
    reporters === 1 ? said("near_alone") : said("near_reporters", reporters),
  ];

  const support = async (ticket, item) => {
    const button = part("support", item);
    keys[ticket] = keys[ticket] || lapor.photos.newKey();
    button.disabled = true;
    const address = `${document.getElementById("near").dataset.support}${ticket}/support`;
    const answer = await fetch(address, {method: "POST", headers: {"Idempotency-Key": keys[ticket]}}).catch(() => null);
    button.disabled = false;
    if (answer?.ok) thank(ticket);
    else part("failed", item).textContent = said(answer?.status === 429 ? "near_too_many" : "near_failed");
  };
  const thank = (ticket) => {
    supported = ticket;
    const thanks = document.getElementById("near-supported").content.cloneNode(true).firstElementChild;
    part("thanks", thanks).textContent = part("thanks", thanks).textContent.replace("{}", ticket);
    part("follow", thanks).href = `/aduan/${ticket}`;
    document.getElementById("near").replaceChildren(thanks);
    thanks.focus();
  };

  return {look};
})();
