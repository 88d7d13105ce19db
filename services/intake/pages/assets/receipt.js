// What can be done with a receipt: copied, and read aloud letter by letter.
window.lapor = window.lapor || {};
lapor.receipt = (() => {
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
      document.getElementById("receipt-said").textContent = lapor.said("copied");
    } catch {
      getSelection().selectAllChildren(document.querySelector(".receipt dl"));
    }
  };
  return {spell, copy};
})();
