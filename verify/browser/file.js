// A PDF that was chosen or dropped: judged here as far as a browser can, and sent to the server only if its holder
// agrees. The verdict is that of the seal code inside; whatever is wrong with the file takes from it, nothing adds.
// A browser compares no page: that a file is genuine is said once the server, which does, has said so.

import { asText, findSealCode, judgeSteps } from "./pdf.js";
import { ANCHOR, ORIGIN, amend, byId, check, makeElement, needWords, say } from "./page.js";
import { Copies, loadTrust } from "./verify.js";

const LARGEST = 8 * 1024 * 1024;
const A_LIST = /^crl\/(?!root\.crl$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.crl$/;
const MOST_LISTS = 16;
const WORSE = { "not-genuine": "false", "not-in-force": "ended", undecided: "open" };
const API = "api/verifications/document";

// → what to say of a file that is no document of ours; nothing where a later check took its place.
export async function judgeFile(file, { isLast, caption }) {
  await Promise.all([needWords("more"), needWords("file")]);
  if (file.size > LARGEST) return "fileTooLarge";
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = asText(bytes);
  const code = findSealCode(text, ORIGIN);
  if (!code) return "fileNoCode";
  const place = { origin: ORIGIN, rootKey: ANCHOR };
  const steps = await judgeSteps(bytes, text, code, { rootKey: ANCHOR, askTrust: () => loadTrust(place), askList });
  if (!isLast()) return null;
  const outcomes = Object.values(steps);
  const outcome = ["failed", "undecided"].find((each) => outcomes.includes(each)) ?? "passed";
  const server = { asked: false, answer: null };
  return check(code, { extra: {
    doubt() { return doubtOf(outcome, server.verdict, this); },
    panel: () => panel(steps, outcome, caption(), offer(file, server)),
  } });
}

// The newest of an authority's lists, from the page's own host; the trust list names all that there are.
async function askList({ files }, read) {
  const copies = new Copies();
  const names = files.filter((name) => A_LIST.test(name)).slice(0, MOST_LISTS);
  for (const name of names) copies.ask(name);
  const found = await Promise.all(names.map((name) => copies.newest(name, read, (list) => list.number)));
  return found.filter(Boolean).sort((a, b) => b.number - a.number)[0];
}

// The worst that this device or the server found. What a device finds wrong stays so whatever the server says.
function doubtOf(outcome, verdict, { reasonCode, live, statusAsOf }) {
  if (outcome === "failed") return { look: "false", hides: true, reason: "file-altered", headline: say("fileAltered"), sentence: say("fileFalse") };
  const look = WORSE[verdict];
  if (look) return { look, hides: look === "false", reason: `server-${verdict}`, headline: say("verdicts")[verdict], sentence: say("serverSaid") };
  if (verdict === "genuine") return undefined;
  if (outcome === "undecided") return { look: "open", reason: "file-undecided", headline: say("fileUnsure"), sentence: say("fileOpen") };
  const status = [say("reasons").unchecked[reasonCode], statusAsOf && !live && say("offline")];
  const sentence = [say("fileUncompared"), ...status].filter(Boolean).join(" ");
  return { look: "unchecked", reason: "file-page-unchecked", headline: say("fileSealOnly"), sentence };
}

function panel(steps, outcome, caption, offered) {
  const box = makeElement("section", undefined, "panel");
  const list = makeElement("ul", undefined, "steps");
  for (const [name, each] of Object.entries(steps)) {
    const item = makeElement("li", say("fileSteps")[name], each);
    item.append(" ", makeElement("b", say("outcomes")[each]));
    list.append(item);
  }
  box.dataset.outcome = outcome;
  box.append(makeElement("h2", say("fileTitle")), caption);
  if (outcome === "passed") box.append(makeElement("p", say("fileGood")));
  box.append(list, makeElement("p", say("fileLimits")), ...offered);
  return [box];
}

// Nothing leaves the device before the box is ticked and the button pressed.
function offer(file, server) {
  const status = makeElement("p");
  status.setAttribute("role", "status");
  const tell = () => {
    status.textContent = server.answer ? server.answer() : "";
    status.className = server.answer ? "ask" : "";
  };
  tell();
  Object.assign(server, { status, tell });  // of the language at hand
  if (server.asked) return [status];
  const agree = makeElement("input");
  Object.assign(agree, { type: "checkbox", id: "agree" });
  const label = makeElement("label");
  label.append(agree, say("sendAgree"));
  const button = makeElement("button", say("send"));
  Object.assign(button, { type: "button", disabled: true, id: "send" });
  agree.addEventListener("change", () => { button.disabled = !agree.checked; });
  button.addEventListener("click", async () => {
    button.disabled = agree.disabled = true;
    Object.assign(server, await send(file), { asked: true });
    server.tell();
    if (!say("verdicts")[server.verdict] || !server.status.isConnected) return;
    amend({});
    byId("headline").focus();
  });
  return [makeElement("p", say("sendHow")), label, makeElement("p"), button, status];
}

async function send(file) {
  const headers = { "Content-Type": "application/pdf", "Wathiqa-Consent": "judge-once" };
  const answer = await fetch(API, { method: "POST", credentials: "omit", headers, body: file }).catch(() => null);
  if (answer?.status === 429) return { answer: () => say("sendTooMany") };
  const report = answer?.ok ? await answer.json().catch(() => null) : null;
  const verdict = report?.verdict;
  const told = () => verdict && say("verdicts")[verdict] ? `${say("sendSays")}: ${say("verdicts")[verdict]}` : say("sendNone");
  return { answer: told, verdict };
}
