// Keeps the page itself for use without a network; signed lists are kept by verify.js.
const VERSION = "wathiqa-page-{{version}}";
const FILES = ["./", "verify.js", "formats.js", "page.js", "words.js", "style.css"];

self.addEventListener("install", (event) => {
  const fill = async () => (await caches.open(VERSION)).addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("wathiqa-page-") && name !== VERSION);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const scope = new URL(self.registration.scope);
  const file = pathname.slice(scope.pathname.length);
  const isPage = file === "" || file === "index.html" || file.startsWith("%23");
  if (event.request.method !== "GET" || origin !== scope.origin || !(isPage || FILES.includes(file))) return;
  const answer = async () => {
    const kept = await (await caches.open(VERSION)).match(isPage ? "./" : file);
    return kept ?? fetch(event.request);
  };
  event.respondWith(answer());
});
