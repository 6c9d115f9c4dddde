// What is there before a code: the ways to hand one in. Loaded when the page is opened without one.

import { loadTrust } from "./verify.js";
import {
  ANCHOR, ORIGIN, byId, check, dateText, inLanguage, isolated, leaveFor, makeElement, needWords, say,
} from "./page.js";
import { parseDocumentNumber } from "./formats.js";

const CHECK_API = "api/documents/check";
const ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩";
const REFUSALS = { 404: "notKnown", 422: "numberWrong", 429: "tooMany" };
const LONGEST_NAME = 120;
let isBuilt = false;
let answer = () => "";  // of the register, in the language at hand

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
  // Readers type a code and press Enter; where two were read, the last is meant.
  byId("check").addEventListener("click", () => { const text = byId("text").value.trim().split(/\s+/).at(-1); if (text) check(text); });
  for (const [id, button] of [["text", "check"], ["number", "ask"], ["code", "ask"]]) {
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      byId(button).click();
    });
  }
  byId("ask").addEventListener("click", askRegister);
  byId("inspect").addEventListener("click", async () => (await import("./inspect.js")).inspect());
  byId("file").addEventListener("change", () => take(byId("file").files[0]));
  addEventListener("rendered", () => { byId("answer").textContent = answer(); });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer?.files[0]); });
  loadTrust({ origin: ORIGIN, rootKey: ANCHOR }).catch(() => {});  // so that the next check needs no network
}

// From here on this file is the one that counts, whatever is judged faster; the verdict bears its name.
async function take(file) {
  if (!file) return;
  byId("file").value = "";
  const isLast = leaveFor("wait");
  byId("file-answer").dataset.words = "";
  const caption = () => {
    const made = makeElement("p", `${say("fileNamed")} `);
    made.append(makeElement("bdi", file.name.slice(0, LONGEST_NAME)));
    return made;
  };
  let refusal;
  try {
    refusal = file.type.startsWith("image/")
      ? await (await import("./inspect.js")).readImage(file, { isLast, caption })
      : await (await import("./file.js")).judgeFile(file, { isLast, caption });
  } catch {
    refusal = "notLoaded";
  }
  if (!refusal || !isLast()) return;
  byId("file-answer").dataset.words = refusal;
  byId("by-file").open = true;
  leaveFor("start");
  byId("file").focus();
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
  const show = (sentence, className = "warning") => {
    answer = sentence;
    Object.assign(byId("answer"), { textContent: answer(), className });
  };
  const number = byId("number").value.replace(/[\s-]/g, "").replace(/[٠-٩]/g, (digit) => ARABIC_DIGITS.indexOf(digit));
  const code = byId("code").value.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  try { parseDocumentNumber(number); } catch { return show(() => say("numberWrong")); }
  if (!/^[0-9A-HJKMNP-TV-Z]{12}$/.test(code)) return show(() => say("codeWrong"));
  const response = await postCheck({ number, code });
  if (!response?.ok) return show(() => say(REFUSALS[response?.status] ?? "noAnswer"));
  const found = await response.json();
  const trust = await loadTrust({ origin: ORIGIN, rootKey: ANCHOR });
  return show(() => said(found, trust), found.status === "valid" ? "" : "warning");
}

function said(found, trust) {
  const names = [
    trust?.profiles.find(({ kind }) => kind === found.kind),
    trust?.agencies.find(({ id }) => id === found.agency),
  ].filter(Boolean).map(inLanguage);
  const status = say("statuses")[found.status] ?? say("statuses").unknown;
  const issued = dateText(Date.parse(`${found.issued_on}T12:00Z`));
  const why = inLanguage({ ar: found.reason_ar, en: found.reason_en });
  const newer = found.superseded_by ? say("newer").replace("{number}", isolated(found.superseded_by)) : "";
  return [status, why, newer, `${[...names, issued].join(" · ")}.`, say("knownOnly")].filter(Boolean).join(" ");
}
