// What is there before a code: the ways to hand one in. Loaded when the page is opened without one.

import { loadTrust } from "./verify.js";
import { ANCHOR, ORIGIN, byId, check, dateText, inLanguage, isolated, needWords, say } from "./page.js";
import { parseDocumentNumber } from "./formats.js";

const CHECK_API = "api/documents/check";
const ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩";
const REFUSALS = { 404: "notKnown", 422: "numberWrong", 429: "tooMany" };
let isBuilt = false;

export async function open() {
  const [page] = await Promise.all([isBuilt ? null : fetch("start.html", { credentials: "omit" }), needWords("more")]);
  if (page && !isBuilt) await build(page);
  byId("text").value = "";
  offerFallback();
}

async function build(page) {
  if (!page.ok) throw new Error("not there");
  const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
  if (isBuilt) return;
  isBuilt = true;
  byId("start").append(...parsed.body.children);
  byId("check").addEventListener("click", () => { const text = byId("text").value.trim(); if (text) check(text); });
  byId("ask").addEventListener("click", askRegister);
  byId("inspect").addEventListener("click", async () => (await import("./inspect.js")).inspect());
  byId("file").addEventListener("change", () => take(byId("file").files[0]));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer?.files[0]); });
  loadTrust({ origin: ORIGIN, rootKey: ANCHOR }).catch(() => {});  // so that the next check needs no network
}

async function take(file) {
  if (!file) return;
  byId("file").value = "";
  byId("file-answer").textContent = "";
  if (file.type.startsWith("image/")) await (await import("./inspect.js")).readImage(file);
  else await (await import("./file.js")).judgeFile(file);
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

async function askRegister() {
  const show = (words, className = "") => Object.assign(byId("answer"), { textContent: words, className });
  const number = byId("number").value.replace(/[\s-]/g, "").replace(/[٠-٩]/g, (digit) => ARABIC_DIGITS.indexOf(digit));
  const code = byId("code").value.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  try { parseDocumentNumber(number); } catch { return show(say("numberWrong"), "warning"); }
  if (!/^[0-9A-HJKMNP-TV-Z]{12}$/.test(code)) return show(say("codeWrong"), "warning");
  const answer = await postCheck({ number, code });
  if (!answer?.ok) return show(say(REFUSALS[answer?.status] ?? "noAnswer"), "warning");
  const found = await answer.json();
  const trust = await loadTrust({ origin: ORIGIN, rootKey: ANCHOR });
  const names = [
    trust?.profiles.find(({ kind }) => kind === found.kind),
    trust?.agencies.find(({ id }) => id === found.agency),
  ].filter(Boolean).map(inLanguage);
  const status = say("statuses")[found.status] ?? say("statuses").unknown;
  const issued = dateText(Date.parse(`${found.issued_on}T12:00Z`));
  const why = inLanguage({ ar: found.reason_ar, en: found.reason_en });
  const newer = found.superseded_by ? say("newer").replace("{number}", isolated(found.superseded_by)) : "";
  const said = [status, why, newer, `${[...names, issued].join(" · ")}.`, say("knownOnly")].filter(Boolean).join(" ");
  return show(said, found.status === "valid" ? "" : "warning");
}
