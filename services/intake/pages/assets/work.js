// Where many forms come from one network, the number that lets this one in at once: found while somebody reads.
window.lapor = window.lapor || {};
lapor.work = (() => {
  const AT_ONCE = 256;
  const PATIENCE_MS = 5_000;
  let search = null;

  const begin = () => {
    const form = lapor.form();
    search = null;
    // Browsers have it on safe addresses alone. Elsewhere somebody waits, as without scripts.
    if (!form.dataset.work || !window.crypto?.subtle) return;
    const mine = search = find(form, Number(form.dataset.work)).catch(() => {}).finally(() => {
      if (search === mine) search = null;
    });
  };
  // Some at once, in turn with whatever else the page does; a page that was replaced is not worked for.
  const find = async (form, bits) => {
    const {work, stamp: {value: stamp}} = form.elements;
    const encoder = new TextEncoder();
    for (let first = 0; form.isConnected; first += AT_ONCE) {
      const digests = await Promise.all(Array.from({length: AT_ONCE}, (_, place) =>
        crypto.subtle.digest("SHA-256", encoder.encode(`${stamp}:${first + place}`))));
      const place = digests.findIndex((digest) => new DataView(digest).getUint32(0) >>> (32 - bits) === 0);
      if (place >= 0) {
        work.value = first + place;
        return;
      }
    }
  };

  const isUnderWay = () => search !== null;
  const settle = () => Promise.race([search, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  return {begin, isUnderWay, settle};
})();
