// Reads a part of the page aloud, where the browser can; elsewhere the button stays hidden.
(() => {
  const speech = window.speechSynthesis;
  if (!speech || !window.SpeechSynthesisUtterance) return;
  const begin = (button) => {
    const said = new SpeechSynthesisUtterance(document.getElementById(button.dataset.readAloud).innerText);
    const name = button.textContent;
    said.lang = document.documentElement.lang === "id" ? "id-ID" : "en-GB";
    said.onend = said.onerror = () => { button.textContent = name; delete button.dataset.reading; };
    button.textContent = button.dataset.stop;
    button.dataset.reading = "yes";
    speech.speak(said);
  };
  const show = () => {
    speech.cancel();
    for (const button of document.querySelectorAll("[data-read-aloud]")) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-read-aloud]");
    if (!button) return;
    if (button.dataset.reading) speech.cancel(); else begin(button);
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:load", show);
  window.addEventListener("pagehide", () => speech.cancel());
})();
