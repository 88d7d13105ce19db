// Keeps in this browser what is not sent yet: the fields, and the photos, each with the key that makes one of all tries.
// At a counter it is kept no longer than the page is open: the next one at that computer finds nothing of it.
window.lapor = window.lapor || {};
lapor.draft = (() => {
  const NAME = "lapor-draft";
  const LASTS_MS = 7 * 24 * 3600 * 1000;
  const isPassing = "keepsNothing" in (document.getElementById("complaint")?.dataset || {});
  const passing = new Map();
  const inMemory = {
    getItem: (name) => passing.get(name) ?? null,
    setItem: (name, value) => passing.set(name, value),
    removeItem: (name) => passing.delete(name),
  };
  const kept = () => isPassing ? inMemory : localStorage;
  const read = () => {
    try {
      const draft = JSON.parse(kept().getItem(NAME));
      return draft && Date.now() - draft.at < LASTS_MS ? draft : null;
    } catch {
      return null;
    }
  };
  const write = (draft) => {
    // Where a browser keeps nothing, the form works without.
    try { kept().setItem(NAME, JSON.stringify({...draft, at: Date.now()})); } catch { /* as said */ }
  };
  const forget = async () => {
    try { kept().removeItem(NAME); } catch { /* as said */ }
    await photos.clear();
  };

  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let opened = null;
  const store = async (mode) => {
    if (!opened) {
      const opening = indexedDB.open(NAME, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("photos", {keyPath: "key"});
      opened = asked(opening);
    }
    return (await opened).transaction("photos", mode).objectStore("photos");
  };
  const safely = async (act, otherwise) => {
    try { return await act(); } catch { return otherwise; }
  };
  const shown = new Map();
  const photos = isPassing ? {
    all: async () => [...shown.values()],
    put: async (photo) => { shown.set(photo.key, photo); },
    remove: async (key) => { shown.delete(key); },
    clear: async () => { shown.clear(); },
  } : {
    all: () => safely(async () => asked((await store("readonly")).getAll()), []),
    put: (photo) => safely(async () => asked((await store("readwrite")).put(photo))),
    remove: (key) => safely(async () => asked((await store("readwrite")).delete(key))),
    clear: () => safely(async () => asked((await store("readwrite")).clear())),
  };
  return {NAME, read, write, forget, photos};
})();
