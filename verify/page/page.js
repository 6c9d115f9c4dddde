// Shows what verify.js finds. The fragment leaves the address bar and the history before anything is fetched.

import { parseDocumentNumber } from "./formats.js";
import { judge, loadTrust } from "./verify.js";
import { WORDS } from "./words.js";

const byId = (id) => document.getElementById(id);
const meta = (name) => document.querySelector(`meta[name="wathiqa-${name}"]`).content;
const ORIGIN = meta("origin");
const ANCHOR = Uint8Array.from(atob(meta("anchor")), (letter) => letter.charCodeAt(0));
const CHECK_API = "api/documents/check";

// Word, shape and colour say the same, so that none of them is needed alone.
const CIRCLE = "M24 2a22 22 0 1 0 0 44a22 22 0 1 0 0-44z";
const LOOKS = {
  genuine: [CIRCLE, "M13 25l8 8l15-17"],
  unchecked: ["M24 3l22 40h-44z", "M24 17v12M24 36v.1"],
  ended: [CIRCLE, "M11 24h26"],
  false: ["M15 2h18l13 13v18l-13 13h-18l-13-13v-18z", "M16 16l16 16M32 16l-16 16"],
  open: ["M8 3h32a5 5 0 0 1 5 5v32a5 5 0 0 1-5 5h-32a5 5 0 0 1-5-5v-32a5 5 0 0 1 5-5z", "M17 18a7 7 0 1 1 10 6q-3 2-3 5M24 36v.1"],
};

let language = (localStorage.getItem("language") ?? (navigator.language.startsWith("ar") ? "ar" : "en")) === "en" ? "en" : "ar";
let result = null;

function say(key) {
  return WORDS[key][language];
}

function date(ms, { withTime = false, zone = "Asia/Damascus" } = {}) {
  const options = { day: "numeric", month: "long", year: "numeric", calendar: "gregory", numberingSystem: "latn", timeZone: zone };
  if (withTime) Object.assign(options, { hour: "2-digit", minute: "2-digit", hour12: false });
  return new Intl.DateTimeFormat(language === "ar" ? "ar-SY" : "en-GB", options).format(ms);
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const inBoth = (text) => ({ ar: text, en: text });

function line(label, shown) {
  const made = element("div");
  made.append(element("dt", label), shownValue(shown));
  return made;
}

function shownValue(shown) {
  const made = element("dd");
  if (shown.date !== undefined) {
    const day = shown.date * 864e5;
    made.append(element("bdi", date(day, { zone: "UTC" })), element("small", new Date(day).toISOString().slice(0, -14)));
  } else {
    made.append(element("bdi", shown[language]));
  }
  return made;
}

function rows(field, shown) {
  const made = element("div", undefined, "rows");
  const value = element("dd");
  made.append(element("dt", `${field[language]} (${shown.rows.length})`), value);
  for (const row of shown.rows) {
    const list = element("dl", undefined, "row");
    list.append(...row.map((cell, i) => line(field.columns[i][language], cell)));
    value.append(list);
  }
  return made;
}

function render() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  const other = language === "ar" ? "en" : "ar";
  Object.assign(byId("language"), { textContent: WORDS.language[other], lang: other });
  for (const node of document.querySelectorAll("[data-words]")) node.textContent = say(node.dataset.words);
  for (const id of ["verdict", "compare", "about", "notes"]) byId(id).hidden = true;
  byId("start").hidden = Boolean(result);
  if (result) renderResult();
}

function renderResult() {
  const { verdict } = WORDS.reasons[result.reason];
  byId("verdict").className = verdict;
  byId("verdict").dataset.reason = result.reason;
  const [shape, mark] = LOOKS[verdict];
  byId("shape").setAttribute("d", shape);
  byId("mark").setAttribute("d", mark);
  byId("headline").textContent = (WORDS.headlines[result.reason.replace(/^revoked-.*/, "revoked")] ?? WORDS.headlines[verdict])[language];
  const offline = result.claims && !result.live ? ` ${say("offline")}` : "";
  byId("sentence").textContent = WORDS.reasons[result.reason][language] + offline;
  byId("advice").textContent = WORDS.advice[verdict][language];
  document.title = `${byId("headline").textContent} · ${say("title")}`;
  byId("verdict").hidden = byId("notes").hidden = false;
  renderAddress();
  const { fields, claims, profile, agency } = result;
  byId("which").textContent = [profile, agency].filter(Boolean).map((name) => name[language]).join(" · ");
  byId("bearer").hidden = !claims;
  byId("compare").hidden = !fields;
  byId("about").hidden = !claims;
  if (fields) {
    const number = claims.number.replace(/(.{4})(?=.)/g, "$1 ");
    byId("fields").replaceChildren(
      line(say("kind"), profile),
      line(say("number"), inBoth(`\u2066${number}\u2069`)),
      ...fields.map(({ field, shown }) => shown.rows ? rows(field, shown) : line(field[language], shown)),
    );
  }
  if (claims) renderFacts();
}

function renderFacts() {
  const { claims, agency, statusAsOf, clockBehind } = result;
  const facts = [
    line(say("issuer"), agency ?? inBoth("—")),
    line(say("issued"), inBoth(date(claims.issuedAt))),
    line(say("until"), inBoth(date(claims.expiresAt))),
    line(say("statusAsOf"), inBoth(statusAsOf ? date(statusAsOf, { withTime: true }) : say("never"))),
  ];
  byId("facts").replaceChildren(...facts);
  if (clockBehind) byId("facts").append(element("p", say("clock"), "warning"));
}

function renderAddress() {
  const right = location.origin === ORIGIN;
  const host = `\u2066${new URL(ORIGIN).host}\u2069`;
  byId("address").className = right ? "" : "warning";
  byId("address").textContent = say(right ? "address" : "addressWrong")
    .replace("{right}", host).replace("{here}", `\u2066${location.host}\u2069`);
}

// Handheld readers and people hand in the whole address or the number behind `#` alone.
async function check(text) {
  byId("start").hidden = true;
  byId("wait").hidden = false;
  const whole = /^[0-9]+$/.test(text) ? `${ORIGIN}/#${text}` : text;
  try {
    result = await judge(whole, { origin: ORIGIN, anchor: ANCHOR });
  } catch {
    result = { reason: "browser" };
  }
  byId("wait").hidden = true;
  render();
  byId("headline").focus();
  scrollTo(0, 0);
}

function takeFragment() {
  const asPath = /^.*?\/%23([0-9]+)$/.exec(location.pathname);
  const fragment = asPath ? `#${asPath[1]}` : location.hash;
  if (!fragment) return null;
  history.replaceState(null, "", asPath ? location.pathname.slice(0, -asPath[1].length - 3) : location.pathname);
  return `${ORIGIN}/${fragment}`;
}

// A service at this address refuses an empty question as badly asked; a static host has no such address.
async function offerFallback() {
  const answer = await postCheck({});
  byId("fallback").hidden = answer?.status !== 422;
}

function postCheck(question) {
  const headers = { "Content-Type": "application/json" };
  return fetch(CHECK_API, { method: "POST", credentials: "omit", headers, body: JSON.stringify(question) }).catch(() => null);
}

const ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩";
const REFUSALS = { 404: "notKnown", 422: "numberWrong", 429: "tooMany" };

async function ask() {
  const show = (words, className) => Object.assign(byId("answer"), { textContent: words, className: className ?? "" });
  const number = byId("number").value.replace(/[\s-]/g, "").replace(/[٠-٩]/g, (digit) => ARABIC_DIGITS.indexOf(digit));
  const code = byId("code").value.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  try { parseDocumentNumber(number); } catch { return show(say("numberWrong"), "warning"); }
  if (!/^[0-9A-HJKMNP-TV-Z]{12}$/.test(code)) return show(say("codeWrong"), "warning");
  const answer = await postCheck({ number, code });
  if (!answer?.ok) return show(say(REFUSALS[answer?.status] ?? "noAnswer"), "warning");
  const found = await answer.json();
  const trust = await loadTrust({ origin: ORIGIN, anchor: ANCHOR });
  const names = [
    trust?.profiles.find(({ kind }) => kind === found.kind),
    trust?.agencies.find(({ id }) => id === found.agency),
  ].filter(Boolean).map((name) => name[language]);
  const status = WORDS.statuses[found.status] ?? WORDS.statuses.unknown;
  const issued = date(Date.parse(`${found.issued_on}T12:00Z`));
  return show(`${status[language]} ${[...names, issued].join(" · ")}. ${say("knownOnly")}`, found.status === "valid" ? "" : "warning");
}

// Whoever can see a button can press it: everything listens before anything is awaited.
addEventListener("hashchange", () => { const next = takeFragment(); if (next) check(next); });
byId("language").addEventListener("click", () => {
  language = language === "ar" ? "en" : "ar";
  localStorage.setItem("language", language);
  render();
});
byId("again").addEventListener("click", () => { result = null; document.title = say("title"); render(); offerFallback(); });
byId("check").addEventListener("click", () => { const text = byId("text").value.trim(); if (text) check(text); });
byId("ask").addEventListener("click", ask);
const first = takeFragment();
render();
if (first) check(first);
else offerFallback();
navigator.serviceWorker?.register("sw.js").catch(() => {});
