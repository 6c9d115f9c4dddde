// Inspector mode: the camera in the page, one document after another. Whatever address a code leads to, the page
// opens none: it judges the digits by its own lists, and warns where they stand under another's address.

import { Copies, loadTrust, readStatusList } from "./verify.js";
import { ANCHOR, ORIGIN, byId, check, isolated, leaveFor, makeElement, needWords, say, start } from "./page.js";

const LISTS_MAY_BE_MS = 5 * 60e3;  // as old as caches may keep them anyway
const MOST_LISTS = 64;
const LONGEST_SIDE = 1280;
const PAUSE_MS = 120;

let view = null;  // {box, video, status}
let stream = null;
let worker = null;

export async function inspect() {
  await needWords("more");
  build();
  leaveFor("camera");
  view.box.hidden = false;
  view.video.hidden = true;
  tell("starting");
  view.title.focus();
  try {
    const opened = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
    });
    if (!inCamera()) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    view.video.srcObject = stream;
    view.video.hidden = false;
    await view.video.play();
  } catch {
    if (inCamera()) tell("noCamera");
    return;
  }
  tell("aim");
  look();
  keepStatuses().catch(() => {});
}

// Where the next document is shown there may be no network: all status lists, as long as there is one.
async function keepStatuses() {
  const trust = await loadTrust({ origin: ORIGIN, rootKey: ANCHOR, maxAge: LISTS_MAY_BE_MS });
  const copies = new Copies(LISTS_MAY_BE_MS);
  for (let number = 1, isThere = Boolean(trust); isThere && number <= MOST_LISTS; number++) {
    const name = `status/${number}.cwt`;
    isThere = Boolean(await copies.newest(name, (data) => readStatusList(data, `${ORIGIN}/${name}`, trust), (list) => list.issuedAt));
  }
}

// Whatever is written here follows the language.
function tell(key) {
  view.status.dataset.words = key;
  view.status.textContent = say(key);
}

const inCamera = () => document.documentElement.dataset.phase === "camera";

// Until something is read or the camera is stopped.
async function look() {
  const mine = stream;
  while (stream && stream === mine) {
    const text = await read(view.video, view.video.videoWidth, view.video.videoHeight).catch(() => null);
    if (text && stream === mine) return judge(text, { again: inspect });
    await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
  }
}

// → what to say where there is no code; nothing where a later check took its place.
export async function readImage(file, { isLast, caption }) {
  await needWords("more");
  let text = null;
  try {
    const picture = await createImageBitmap(file);
    text = await read(picture, picture.width, picture.height) ?? await read(picture, picture.width, picture.height, 2 * LONGEST_SIDE);
  } catch { /* not a picture */ }
  if (!isLast()) return null;
  if (!text) return "noCode";
  return judge(text, { panel: () => {
    const box = makeElement("section", undefined, "panel");
    box.append(caption());
    return [box];
  } });
}

// → the text of the symbol, or null. The browser's own reader where there is one, else ours.
async function read(picture, width, height, longest = LONGEST_SIDE) {
  if (!width) return null;
  const native = await nativeReader();
  if (native) return (await native.detect(picture)).find(({ rawValue }) => rawValue)?.rawValue ?? null;
  const scale = Math.min(1, longest / Math.max(width, height));
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  const context = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, w, h);
  context.drawImage(picture, 0, 0, w, h);
  return decode(context.getImageData(0, 0, w, h));
}

async function nativeReader() {
  const formats = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
  return formats?.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

// Each picture has a channel of its own, so that none is answered with another's code.
function decode({ data, width, height }) {
  worker ??= new Worker("decode.js");
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => { port1.close(); resolve(event.data); };
    worker.onerror = reject;
    worker.postMessage({ pixels: data.buffer, width, height, port: port2 }, [data.buffer, port2]);
  });
}

async function judge(text, extra) {
  stop();
  navigator.vibrate?.(80);
  const { digits, foreign } = readAsOurs(text);
  if (foreign) {
    extra.alarm = () => say("foreign").replace("{host}", isolated(foreign));
    // A code of ours under another's address: nobody prints that by mistake.
    extra.doubt = () => ({ look: "false", hides: true, reason: "foreign-address", headline: say("foreignHeadline"), sentence: say("foreignSaid") });
  }
  await check(digits ?? text.slice(0, 3200), { maxAge: LISTS_MAY_BE_MS, extra });
}

// The digits of a seal code under whatever address, and that address if it is not ours. Telephones open addresses
// without a scheme too (`www.…`), so before digits everything is an address.
export function readAsOurs(text) {
  const [, address, digits] = /^(.{1,300}?)(?:#|%23)([0-9]{10,3000})$/s.exec(text) ?? [null, text];
  const isOurs = address === `${ORIGIN}/` || /^[0-9]+$/.test(text);
  return { digits, foreign: isOurs ? undefined : hostOf(address) ?? (digits && legible(address)) };
}

function hostOf(address) {
  try {
    return new URL(address).host || legible(address);
  } catch {
    return undefined;
  }
}

const legible = (text) => text.replace(/\p{C}+/gu, "\ufffd").slice(0, 60);

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  if (view) {
    view.video.srcObject = null;
    view.box.hidden = true;
  }
}

function build() {
  if (view) return;
  const box = makeElement("section", undefined, "panel camera");
  const title = makeElement("h2", say("inspect"));
  title.tabIndex = -1;
  title.dataset.words = "inspect";
  const video = makeElement("video");
  Object.assign(video, { muted: true, playsInline: true });
  video.setAttribute("aria-hidden", "true");
  const status = makeElement("p");
  status.setAttribute("role", "status");
  const button = makeElement("button", say("stop"), "quiet");
  button.type = "button";
  button.dataset.words = "stop";
  button.addEventListener("click", () => { stop(); start(); });
  box.append(title, video, status, button);
  byId("start").after(box);
  view = { box, title, video, status };
  addEventListener("pagehide", stop);
  addEventListener("rendered", () => {
    if (!inCamera()) stop();
  });
}
