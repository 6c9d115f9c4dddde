// Keeps the page itself for use without a network; signed lists are kept by verify.js.
// What a verdict needs must all be there before this worker counts; the rest may come later, one by one.
const VERSION = "wathiqa-page-{{version}}";
const FIRST = ["{{first}}"];
const REST = ["{{rest}}"];

const fetchInto = (store, name) => store.add(new Request(name, { cache: "no-cache", credentials: "omit" }));

self.addEventListener("install", (event) => {
  const keep = async () => {
    const store = await caches.open(VERSION);
    await Promise.all(FIRST.map((name) => fetchInto(store, name)));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("wathiqa-page-") && name !== VERSION);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

// The page asks for it once it has nothing more urgent; nothing waits for it.
self.addEventListener("message", (event) => {
  const keepTheRest = async () => {
    const store = await caches.open(VERSION);
    for (const name of REST) if (!await store.match(name)) await fetchInto(store, name).catch(() => {});
    event.source?.postMessage("kept");
  };
  event.waitUntil(keepTheRest());
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const scope = new URL(self.registration.scope);
  const file = pathname.slice(scope.pathname.length);
  const isPage = file === "" || file === "index.html" || file.startsWith("%23");
  if (event.request.method !== "GET" || origin !== scope.origin || !(isPage || FIRST.includes(file) || REST.includes(file))) return;
  const answer = async () => {
    const store = await caches.open(VERSION);
    const name = isPage ? "./" : file;
    const kept = await store.match(name);
    if (kept) return kept;
    const fetched = await fetch(event.request);
    if (fetched.ok) await store.put(name, fetched.clone()).catch(() => {});
    return fetched;
  };
  event.respondWith(answer());
});
