// Keeps the numbers of a page up to date that names its stream in `data-live`. Without it they are as old as the page.
(() => {
  let stream = null;
  const show = (message) => {
    const language = document.documentElement.lang;
    const told = JSON.parse(message.data);
    for (const place of document.querySelectorAll("[data-number]")) {
      const number = told[place.dataset.number];
      if (number === undefined) continue;
      place.textContent = number === null ? "–" : place.dataset.percent === undefined
        ? number.toLocaleString(language)
        : `${number.toLocaleString(language, {minimumFractionDigits: 1})} %`;
    }
  };
  const follow = () => {
    const place = document.querySelector("[data-live]");
    if (stream && !place) { stream.close(); stream = null; }
    if (!stream && place) { stream = new EventSource(place.dataset.live); stream.onmessage = show; }
  };
  document.addEventListener("DOMContentLoaded", follow);
  document.addEventListener("htmx:load", follow);
})();
