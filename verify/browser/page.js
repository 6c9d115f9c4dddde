// Shows what verify.js finds. The fragment leaves the address bar and the history before anything is fetched.
// What a verdict does not need is loaded when somebody asks for it: start.js, compare.js, and behind them more.

import { judge } from "./verify.js";

export const byId = (id) => document.getElementById(id);
const meta = (name) => document.querySelector(`meta[name="wathiqa-${name}"]`).content;
export const ORIGIN = meta("origin");
export const ANCHOR = Uint8Array.from(atob(meta("anchor")), (letter) => letter.charCodeAt(0));

// Word, shape and colour say the same, so that none of them is needed alone.
const CIRCLE = "M24 2a22 22 0 1 0 0 44a22 22 0 1 0 0-44z";
const LOOKS = {
  genuine: [CIRCLE, "M13 25l8 8l15-17"],
  unchecked: ["M24 3l22 40h-44z", "M24 17v12M24 36v.1"],
  ended: [CIRCLE, "M11 24h26"],
  false: ["M15 2h18l13 13v18l-13 13h-18l-13-13v-18z", "M16 16l16 16M32 16l-16 16"],
  open: ["M4 4h40v40h-40z", "M17 18a7 7 0 1 1 10 6q-3 2-3 5M24 36v.1"],
};

// ── Words: one language at a time, a part when it is needed ─────────────────────────────────────
let tongue = "ar";
let wished = preferred();
let words = {};
const parts = new Set(["words"]);
const texts = new Map();

export const say = (key) => words[key] ?? "";
export const inLanguage = (both) => both[tongue];

async function useLanguage(next) {
  wished = next;
  const loaded = await Promise.all([...parts].map((part) => readWords(`${part}-${next}.txt`)));
  if (next !== wished) return;
  tongue = next;
  words = Object.assign({}, ...loaded);
  render();
}

// An Arabic letter is one octet in windows-1256, as it is in seal codes.
async function readWords(name) {
  if (!texts.has(name)) {
    const answer = await fetch(name, { credentials: "omit" });
    if (!answer.ok) throw answer;
    texts.set(name, JSON.parse(new TextDecoder("windows-1256").decode(await answer.arrayBuffer())));
  }
  return texts.get(name);
}

export function needWords(part) {
  parts.add(part);
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "more.css" });
  if (!document.querySelector('[href="more.css"]')) document.head.append(style);
  return useLanguage(wished);
}

function preferred() {
  try {
    const kept = localStorage.getItem("language");
    if (kept) return kept === "en" ? "en" : "ar";
  } catch { /* storage forbidden */ }
  return navigator.language.startsWith("ar") ? "ar" : "en";
}

// ── Pieces ──────────────────────────────────────────────────────────────────────────────────────
export function dateText(ms, { withTime = false, zone = "Asia/Damascus" } = {}) {
  const options = { day: "numeric", month: "long", year: "numeric", calendar: "gregory", numberingSystem: "latn", timeZone: zone };
  if (withTime) Object.assign(options, { hour: "2-digit", minute: "2-digit", hour12: false });
  return new Intl.DateTimeFormat(tongue === "ar" ? "ar-SY" : "en-GB", options).format(ms);
}

export function makeElement(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

export const inBoth = (text) => ({ ar: text, en: text });
export const isolated = (text) => `\u2066${text}\u2069`;

export function line(label, shown) {
  const made = makeElement("div");
  const value = makeElement("dd");
  made.append(makeElement("dt", label), value);
  if (shown.date !== undefined) {
    const day = shown.date * 864e5;
    value.append(makeElement("bdi", dateText(day, { zone: "UTC" })), makeElement("small", new Date(day).toISOString().slice(0, -14)));
  } else if (shown.rows) {
    made.className = "rows";
    for (const row of shown.rows) {
      const list = makeElement("dl", undefined, "row");
      list.append(...row.map((cell) => line(cell.label[tongue], cell.shown)));
      value.append(list);
    }
  } else {
    value.append(makeElement("bdi", shown[tongue]));
  }
  return made;
}

// Everything that stands on the paper too: [label, what is shown].
export function paperLines() {
  const { fields, claims, sealProfile } = result;
  return [
    [say("kind"), sealProfile],
    [say("number"), inBoth(isolated(claims.number.replace(/(.{4})(?=.)/g, "$1 ")))],
    ...fields.map(({ field, shown }) => {
      if (!shown.rows) return [field[tongue], shown];
      const rows = shown.rows.map((row) => row.map((cell, i) => ({ label: field.columns[i], shown: cell })));
      return [`${field[tongue]} (${rows.length})`, { rows }];
    }),
  ];
}

// ── The page is a function of what it waits for, what was found, and the language ───────────────
let phase = "wait";  // or "result", "start", "camera"
let result = null;
let turn = 0;

function render() {
  if (!words.title) return;
  const { documentElement } = document;
  documentElement.lang = tongue;
  documentElement.dataset.phase = phase;
  documentElement.dir = tongue === "ar" ? "rtl" : "ltr";
  const other = tongue === "ar" ? "en" : "ar";
  Object.assign(byId("language"), { textContent: other === "ar" ? "العربية" : "English", lang: other });
  for (const node of document.querySelectorAll("[data-words]")) node.textContent = say(node.dataset.words);
  document.title = say("title");
  for (const name of ["wait", "start"]) byId(name).hidden = phase !== name;
  for (const name of ["verdict", "compare", "about", "notes"]) byId(name).hidden = true;
  if (phase === "result") renderResult();
  dispatchEvent(new Event("rendered"));
}

const lookOf = (reasonCode) => Object.keys(LOOKS).find((look) => say("reasons")[look][reasonCode]);

function renderResult() {
  const { reasonCode, claims, fields, sealProfile, agency } = result;
  const believed = lookOf(reasonCode);
  // What else is known of where the code stood may take from a good verdict, never add to one.
  const doubt = ["genuine", "unchecked"].includes(believed) && (result.paper?.() || result.doubt?.());
  const look = doubt ? doubt.look : believed;
  const kind = reasonCode.replace(/-.*/, "");  // revoked, whatever the reason
  byId("verdict").className = look;
  byId("verdict").dataset.reason = doubt ? doubt.reason : reasonCode;
  const [shape, mark] = LOOKS[look];
  byId("shape").setAttribute("d", shape);
  byId("mark").setAttribute("d", mark);
  byId("headline").textContent = (doubt ? doubt.headline : say("headlines")[kind]) ?? say("headlines")[look];
  byId("sentence").textContent = doubt ? doubt.sentence : say("reasons")[look][reasonCode] + (result.statusAsOf && !result.live ? ` ${say("offline")}` : "");
  byId("alarm").hidden = !result.alarm;
  byId("alarm").textContent = result.alarm?.();
  byId("extra").replaceChildren(...result.panel?.() ?? []);
  byId("advice").textContent = say("advice")[kind] ?? say("advice")[look];
  document.title = `${byId("headline").textContent} · ${say("title")}`;
  byId("which").textContent = [sealProfile, agency].filter(Boolean).map(inLanguage).join(" · ");
  byId("verdict").hidden = byId("notes").hidden = false;
  byId("bearer").hidden = byId("about").hidden = !claims;
  byId("compare").hidden = !fields || doubt?.hides;
  byId("fields").hidden = byId("guide").hidden = false;
  if (fields) byId("fields").replaceChildren(...paperLines().map(([label, shown]) => line(label, shown)));
  if (claims) renderFacts();
  renderAddress();
}

function renderFacts() {
  const { claims, agency, statusAsOf, clockBehind } = result;
  byId("facts").replaceChildren(...[
    ["issuer", agency ?? inBoth("—")],
    ["issued", inBoth(dateText(claims.issuedAt))],
    ["until", inBoth(dateText(claims.expiresAt))],
    ["statusAsOf", inBoth(statusAsOf ? dateText(statusAsOf, { withTime: true }) : say("never"))],
  ].map(([key, shown]) => line(say(key), shown)));
  byId("clock").hidden = !clockBehind;
}

function renderAddress() {
  const right = location.origin === ORIGIN;
  byId("address").className = right ? "" : "warning";
  byId("address").textContent = say(right ? "address" : "addressWrong")
    .replace("{right}", isolated(new URL(ORIGIN).host)).replace("{here}", isolated(location.host));
}

// Whatever was under way no longer counts. → whether what begins now is still the last.
export function leaveFor(next) {
  const mine = ++turn;
  show(next);
  return () => mine === turn;
}

// What is learnt of a verdict that is shown.
export function amend(learnt) {
  Object.assign(result, learnt);
  render();
}

function show(next, found = null) {
  phase = next;
  result = found;
  render();
}

// The last check asked for is the one shown, whichever ends first. Handheld readers and people hand in the
// whole address or the number behind `#` alone. `extra`, of who asks: doubt, alarm and panel, each a function of
// the language at hand, and `again`, what follows. The paper itself may bring a doubt later: `paper`.
export async function check(text, { extra = {}, maxAge } = {}) {
  const isLast = leaveFor("wait");
  const whole = /^[0-9]+$/.test(text) ? `${ORIGIN}/#${text}` : text;
  let found;
  try {
    found = { ...await judge(whole, { origin: ORIGIN, rootKey: ANCHOR, maxAge }), ...extra };
  } catch {
    found = { reasonCode: "browser", ...extra };
  }
  await ready;
  if (!isLast() || !words.title) return;
  show("result", found);
  byId("headline").focus();
  scrollTo(0, 0);
}

export async function start() {
  const mine = ++turn;
  try {
    await (await import("./start.js")).open();
    if (mine === turn) show("start");
  } catch {
    byId("wait").dataset.words = "notLoaded";
    render();
  }
}

function takeFragment() {
  const asPath = /^.*?\/%23([0-9]+)$/.exec(location.pathname);
  const fragment = asPath ? `#${asPath[1]}` : location.hash;
  if (!fragment) return null;
  history.replaceState(null, "", asPath ? location.pathname.slice(0, -asPath[1].length - 3) : location.pathname);
  return `${ORIGIN}/${fragment}`;
}

// Whoever can see a button can press it: everything listens before anything is awaited.
addEventListener("hashchange", () => { const next = takeFragment(); if (next) check(next); });
byId("language").addEventListener("click", () => {
  const next = tongue === "ar" ? "en" : "ar";
  try { localStorage.setItem("language", next); } catch { /* storage forbidden */ }
  useLanguage(next).catch(() => { wished = tongue; });
});
byId("again").addEventListener("click", () => (result?.again ?? start)());
byId("guide").addEventListener("click", async () => (await import("./compare.js")).compare());
const first = takeFragment();
const ready = useLanguage(wished).catch(() => useLanguage(wished === "ar" ? "en" : "ar")).catch(() => {});
if (first) check(first);
else start();
keepForLater().catch(() => {});

// Whole use without a network after one visit; `data-kept` tells when it is.
async function keepForLater() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  await serviceWorker.register("sw.js");
  serviceWorker.addEventListener("message", () => { document.documentElement.dataset.kept = ""; });
  (await serviceWorker.ready).active.postMessage("rest");
}
