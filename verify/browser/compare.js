// The guided comparison: one line of the seal code at a time beside the paper. Nothing of it is kept. A line that
// differs takes from the verdict above; that all are the same adds nothing to one.

import { amend, byId, makeElement, line, needWords, paperLines, say } from "./page.js";

let at = 0;
let answers = [];
let told;  // of lines that differ, in the verdict
let box = null;

export async function compare() {
  await needWords("guide");
  [at, answers] = [0, []];
  if (!box) addEventListener("rendered", () => { if (box?.isConnected) draw(); });
  box?.remove();
  box = makeElement("div", undefined, "guide");
  box.setAttribute("role", "group");
  byId("fields").before(box);
  redraw();
}

// What the verdict says as long as a line differs.
function paper() {
  const n = answers.filter((isSame) => !isSame).length;
  if (!n) return undefined;
  return { look: "false", reason: "paper-differs", headline: say("guideHeadline"), sentence: say("guideDiffers").replace("{n}", n) };
}

function draw() {
  if (byId("compare").hidden) return box.remove();
  byId("fields").hidden = byId("guide").hidden = true;
  const lines = paperLines();
  box.replaceChildren(...(at < lines.length ? question(lines) : conclusion()));
}

function focusable(text, className) {
  const made = makeElement("p", text, className);
  made.tabIndex = -1;
  return made;
}

function button(key, className, act) {
  const made = makeElement("button", say(key), className);
  made.type = "button";
  made.addEventListener("click", () => { act(); });
  return made;
}

function question(lines) {
  const step = say("guideStep").replace("{at}", at + 1).replace("{all}", lines.length);
  const list = makeElement("dl");
  list.append(line(...lines[at]));
  const buttons = makeElement("p", undefined, "buttons");
  buttons.append(button("guideYes", "", () => answer(true)), button("guideNo", "differs", () => answer(false)));
  const others = makeElement("p", undefined, "buttons");
  if (at) others.append(button("guideBack", "quiet", () => { at--; answers.length = at; redraw(); }));
  others.append(button("guideEnd", "quiet", end));
  return [focusable(step, "step"), list, makeElement("p", say("guideAsk"), "ask"), buttons, others];
}

function conclusion() {
  const wrong = paperLines().filter((_, i) => !answers[i]);
  const [text, className] = wrong.length ? [paper().sentence, "alarm"] : allTheSame();
  const list = makeElement("dl");
  list.append(...wrong.map((each) => line(...each)));
  const others = makeElement("p", undefined, "buttons");
  others.append(button("guideEnd", "quiet", end));
  return [focusable(text, className), list, others];
}

function allTheSame() {
  const look = byId("verdict").className;
  if (look === "genuine") return [say("guideAll"), "agreed"];
  const [headline, advice] = ["headline", "advice"].map((id) => byId(id).textContent);
  const same = say("guideAllBut").replace("{headline}", headline);
  return [look === "unchecked" ? same : `${same} ${advice}`, "warning"];
}

function answer(isSame) {
  answers[at++] = isSame;
  redraw();
}

// The verdict is read out when it changes, and else left alone.
function redraw() {
  const now = paper()?.sentence;
  if (now === told) draw();
  else amend({ paper });  // which draws
  told = now;
  box.querySelector("p").focus();
}

function end() {
  box.remove();
  byId("fields").hidden = byId("guide").hidden = false;
  byId("guide").focus();
}
