// Keeps the empty form and what it loads, so that it opens without a connection. What people write is never in here.
const KEPT = "lapor-1";
const PAGE = "/lapor";

const isAsset = (path) => path.startsWith(`${PAGE}/assets/`);
const put = async (request, answer) => {
  const cache = await caches.open(KEPT);
  const {pathname} = new URL(request.url);
  // Of each file the newest: its name tells its content.
  for (const known of await cache.keys()) if (new URL(known.url).pathname === pathname) await cache.delete(known);
  await cache.put(request, answer);
};
const fromNetwork = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok) await put(request, answer.clone());
    return answer;
  } catch (error) {
    const known = await caches.match(request, {ignoreSearch: true, ignoreVary: true});
    if (!known) throw error;
    return known;
  }
};
const fromCache = async (request) => await caches.match(request, {ignoreVary: true}) || fromNetwork(request);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("lapor-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
})()));
self.addEventListener("message", (event) => event.waitUntil((async () => {
  for (const address of event.data.keep || []) {
    const request = new Request(address);
    await (isAsset(new URL(request.url).pathname) ? fromCache(request) : fromNetwork(request));
  }
})()));
self.addEventListener("fetch", (event) => {
  const {request} = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (isAsset(url.pathname)) event.respondWith(fromCache(request));
  else if (url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/regions/`)) event.respondWith(fromNetwork(request));
});
