// The guided comparison: one line of the seal code at a time beside the paper. Nothing of it is kept.

import { byId, makeElement, line, needWords, paperLines, say } from "./page.js";

let at = 0;
let answers = [];
let box = null;

export async function compare() {
  await needWords("guide");
  [at, answers] = [0, []];
  if (!box) addEventListener("rendered", () => { if (box?.isConnected) draw(); });
  box?.remove();
  box = makeElement("div", undefined, "guide");
  box.setAttribute("role", "group");
  byId("fields").before(box);
  draw();
  box.querySelector("p").focus();
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
  const text = wrong.length ? say("guideDiffers").replace("{n}", wrong.length) : say("guideAll");
  const list = makeElement("dl");
  list.append(...wrong.map((each) => line(...each)));
  const others = makeElement("p", undefined, "buttons");
  others.append(button("guideEnd", "quiet", end));
  return [focusable(text, wrong.length ? "alarm" : "agreed"), list, others];
}

function answer(isSame) {
  answers[at++] = isSame;
  redraw();
}

function redraw() {
  draw();
  box.querySelector("p").focus();
}

function end() {
  box.remove();
  byId("fields").hidden = byId("guide").hidden = false;
  byId("guide").focus();
}
