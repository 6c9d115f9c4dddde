// Judges a seal code in the browser. The twin of verify/seal.py and verify/trust.py: same order, same reasons.
// Lists come from the page's own host; a verified copy is kept, and an older one never replaces it.

import { isIssuedBy, parseCertificate, parseRevocationList } from "./certificates.js";
import {
  P256, UnknownVersion, Unreadable, parseCoseKey, isSignedBy, need, parseSealCode, parseStatusList, parseTrustList,
  showValue, statusAt,
} from "./formats.js";

const LISTS = "wathiqa-lists";
const SEEN = "wathiqa-seen";
const TRUST_LIST = "trust-list.cwt";
const ROOT_CRL = "crl/root.crl";
const TIMEOUT_MS = 9000;  // a third of it where a copy is at hand
const CLOCK_TOLERANCE_MS = 10 * 60e3;
const RELEASE_DELAY_MS = 3600e3;
const WITHDRAWN = {
  1: "revoked", 2: "suspended", 3: "not-issued", 11: "revoked-record-corrected", 12: "superseded",
  13: "revoked-issued-in-error", 14: "revoked-fraud", 15: "revoked-court-order",
};

// → {reasonCode, live, claims?, sealProfile?, agency?, fields?, statusAsOf?, clockBehind?}
// `place`: {origin, rootKey, clock?, maxAge?}; `maxAge` is how old lists in memory may be, in milliseconds.
export async function judge(text, place) {
  const { origin, clock = Date.now } = place;
  let parsed;
  try {
    parsed = parseSealCode(text);
  } catch (error) {
    return { reasonCode: error instanceof UnknownVersion ? "unknown-version" : "unreadable" };
  }
  if (parsed.origin !== origin) return { reasonCode: "wrong-origin" };
  const statusName = `status/${parsed.claims.statusList}.cwt`;
  const copies = new Copies(place.maxAge);
  copies.ask(statusName);  // while the others are on their way
  const trust = await loadTrust(place, copies);
  if (!trust) return { reasonCode: "trust-stale", live: false };
  const { live } = trust;
  let now = notBefore(clock(), trust.issuedAt);
  if (now > trust.expiresAt || now > trust.vouchedUntil) return { reasonCode: "trust-stale", live };
  const doubt = await judgeSeal(parsed, trust, now);
  if (doubt) return { reasonCode: doubt, live };
  const { claims } = parsed;
  const agency = trust.agencies.find(({ code }) => code === claims.agency);
  const sealProfile = trust.profiles.find(({ code }) => code === claims.sealProfile);
  if (!sealProfile) return { reasonCode: "unknown-profile", live, claims, agency };
  let fields;
  try {
    fields = showFields(sealProfile, claims, trust.tables);
  } catch (error) {
    if (error instanceof Unreadable) return { reasonCode: "fields-malformed", live };
    throw error;
  }
  const status = await copies.newest(statusName, (data) => readStatusList(data, `${origin}/${statusName}`, trust), (list) => list.issuedAt);
  now = notBefore(now, status?.issuedAt ?? 0);
  return {
    reasonCode: judgeStatus(claims, status, now), live: live && Boolean(status?.live), claims, sealProfile, agency, fields,
    statusAsOf: status?.issuedAt, clockBehind: clock() < now - CLOCK_TOLERANCE_MS,
  };
}

// The newest trust list that leads to the root and was not withdrawn; null where there is none.
export async function loadTrust({ origin, rootKey, clock = Date.now, maxAge }, copies = new Copies(maxAge)) {
  copies.ask(TRUST_LIST);
  const crl = await copies.newest(ROOT_CRL, (data) => readRootCrl(data, rootKey), (list) => list.number);
  if (!crl) return null;
  const now = notBefore(clock(), crl.thisUpdate);
  const trust = await copies.newest(TRUST_LIST, (data) => readTrustList(data, rootKey, origin, crl, now), (list) => list.version);
  return trust && { ...trust, live: trust.live && crl.live, vouchedUntil: crl.nextUpdate, crl };
}

// The device's clock may be wrong, but never earlier than a signed list that was seen.
function notBefore(now, issuedAt) {
  let seen = 0;
  try {
    seen = Math.max(Number(localStorage.getItem(SEEN)), issuedAt);
    localStorage.setItem(SEEN, seen);
  } catch { /* storage forbidden: the lists at hand still count */ }
  return Math.max(now, seen, issuedAt);
}

async function judgeSeal({ kid, claims, signedMessage }, trust, now) {
  const keys = trust.sealKeys.filter((key) => key.kid === kid);
  if (!keys.length) return claims.issuedAt < trust.issuedAt ? "unknown-key" : "key-too-new";
  let signer;
  for (const key of keys) {
    if (!signer && await isSignedBy(signedMessage, await key.key(), `WATHIQA1 ${trust.origin}`)) signer = key;
  }
  if (!signer) return "bad-signature";
  const inWindow = signer.from * 1000 <= claims.issuedAt && claims.issuedAt <= signer.until * 1000;
  if (!inWindow || claims.agency !== signer.agency || !signer.profiles.includes(claims.sealProfile)) return "key-not-permitted";
  if (claims.issuedAt > now + CLOCK_TOLERANCE_MS) return "clock-wrong";
  return signer.state === "compromised" ? "key-compromised" : null;
}

function showFields(sealProfile, claims, tables) {
  need(sealProfile.fields.length === claims.fields.length);
  return sealProfile.fields.map((field, i) => ({ field, shown: showValue(field, claims.fields[i], tables) }));
}

// A date that has passed needs no register, and a withdrawal is believed of a list of any age.
function judgeStatus(claims, list, now) {
  const told = toldBy(list, claims, now);
  return now > claims.expiresAt && !Object.values(WITHDRAWN).includes(told) ? "expired" : told;
}

function toldBy(list, claims, now) {
  const status = list ? statusAt(list.statusEntries, claims.statusIndex) : undefined;
  if (status === undefined) return "status-missing";
  if (status === 3 && list.issuedAt < claims.issuedAt + RELEASE_DELAY_MS) return "status-stale";
  if (status !== 0) return WITHDRAWN[status] ?? "status-not-understood";
  return now <= list.expiresAt && list.issuedAt >= claims.issuedAt ? "in-force" : "status-stale";
}

export async function readStatusList(data, uri, trust) {
  const list = await parseStatusList(data);
  need(list.uri === uri);  // else another list
  for (const key of trust.statusKeys) {
    const inWindow = key.from * 1000 <= list.issuedAt && list.issuedAt <= key.until * 1000;
    if (key.kid === list.kid && inWindow && await isSignedBy(list.signedMessage, await key.key())) return list;
  }
  throw new Unreadable();
}

async function readRootCrl(data, rootKey) {
  const list = parseRevocationList(data);
  need(await isIssuedBy(list, rootKey));
  return list;
}

async function readTrustList(data, rootKey, origin, crl, now) {
  const list = parseTrustList(data);
  const certificate = parseCertificate(list.certificate);
  need(certificate.notBefore <= list.issuedAt && list.issuedAt <= certificate.notAfter);
  need(certificate.isForTrustLists && list.origin === origin && await isIssuedBy(certificate, rootKey));
  need(certificate.issuer === crl.issuer);
  need(!crl.revoked.some(({ serialHex, since }) => serialHex === certificate.serialHex && since <= now));
  const signer = await crypto.subtle.importKey("spki", certificate.spki, P256, false, ["verify"]);
  need(await isSignedBy(list.signedMessage, signer));
  const withKeys = (keys) => keys.map((entry) => ({ ...entry, ...parseCoseKey(entry.key) }));
  return { ...list, sealKeys: withKeys(list.sealKeys), statusKeys: withKeys(list.statusKeys) };
}

// ── Copies: the one kept from before, and the one that the host has now ─────────────────────────
const held = new Map();  // name: the list last believed, and when

export class Copies {
  constructor(maxAge = 0) {
    this.asked = new Map();  // name: both copies, on their way
    this.isHeld = (name) => held.has(name) && performance.now() - held.get(name).at < maxAge;
  }

  ask(name) {
    if (this.asked.has(name) || this.isHeld(name)) return;
    const octets = async (answer) => {
      const found = await answer;
      return found?.ok ? new Uint8Array(await found.arrayBuffer()) : null;
    };
    const kept = caches.open(LISTS).then((store) => octets(store.match(name))).catch(() => null);
    const fetched = kept.then((copy) => {
      const signal = AbortSignal.timeout(TIMEOUT_MS / (copy ? 3 : 1));
      return octets(fetch(name, { cache: "no-cache", credentials: "omit", redirect: "error", signal }));
    }).catch(() => null);
    this.asked.set(name, Promise.all([kept, fetched]));
  }

  // The newest copy of a signed list that `read` accepts.
  async newest(name, read, age) {
    if (this.isHeld(name)) return held.get(name).list;
    this.ask(name);
    const [kept, fetched] = await this.asked.get(name);
    const attempt = async (data) => {
      try { return data && await read(data); } catch { return null; }
    };
    const [now, before] = await Promise.all([attempt(fetched), isSame(kept, fetched) ? null : attempt(kept)]);
    if (!now || before && age(now) < age(before)) return before && { ...before, live: false };
    const list = { ...now, live: true };
    held.set(name, { list, at: performance.now() });
    const keep = (store) => store.put(name, new Response(fetched));
    if (!isSame(kept, fetched)) await caches.open(LISTS).then(keep).catch(() => {});
    return list;
  }
}

const isSame = (a, b) => Boolean(a && b) && a.length === b.length && a.every((octet, i) => octet === b[i]);
