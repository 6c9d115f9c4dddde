// Judges a seal code in the browser. The twin of verify/seal.py: same order, same reasons.
// Lists come from the page's own host; a verified copy is kept, and an older one never replaces it.

import {
  P256, UnknownVersion, Unreadable, importCoseKey, isIssuedBy, isSignedBy, parseSealCode, parseStatusList,
  parseTrustList, showValue, statusAt,
} from "./formats.js";

const LISTS = "wathiqa-lists";
const TIMEOUT_MS = 8000;
const CLOCK_TOLERANCE_MS = 10 * 60e3;
const RELEASE_DELAY_MS = 3600e3;
const WITHDRAWN = {
  1: "revoked", 2: "suspended", 3: "not-issued", 11: "revoked-record-corrected", 12: "superseded",
  13: "revoked-issued-in-error", 14: "revoked-fraud", 15: "revoked-court-order",
};

// → {reason, live, claims?, profile?, agency?, fields?, statusAsOf?, clockBehind?}
export async function judge(text, { origin, anchor, clock = Date.now }) {
  let parsed;
  try {
    parsed = parseSealCode(text);
  } catch (error) {
    return { reason: error instanceof UnknownVersion ? "unknown-version" : "unreadable" };
  }
  if (parsed.origin !== origin) return { reason: "wrong-origin" };
  const trust = await loadTrust({ origin, anchor });
  if (!trust) return { reason: "trust-stale", live: false };
  let now = Math.max(clock(), trust.issuedAt);
  if (now > trust.expiresAt) return { reason: "trust-stale", live: trust.live };
  const doubt = await judgeSeal(parsed, trust, now);
  if (doubt) return { reason: doubt, live: trust.live };
  const { claims } = parsed;
  const agency = trust.agencies.find(({ code }) => code === claims.agency);
  const profile = trust.profiles.find(({ code }) => code === claims.profile);
  if (!profile) return { reason: "unknown-profile", live: trust.live, claims, agency };
  let fields;
  try {
    fields = showFields(profile, claims, trust.tables);
  } catch (error) {
    if (error instanceof Unreadable) return { reason: "fields-malformed", live: trust.live };
    throw error;
  }
  const status = await findStatus(claims, trust);
  now = Math.max(now, status?.issuedAt ?? 0);
  return {
    reason: judgeStatus(claims, status, now), live: trust.live && Boolean(status?.live), claims, profile, agency, fields,
    statusAsOf: status?.issuedAt, clockBehind: clock() < now - CLOCK_TOLERANCE_MS,
  };
}

// The newest trust list that leads to the anchor; null where there is none.
export function loadTrust({ origin, anchor }) {
  return newest("trust-list.cwt", (data) => readTrustList(data, anchor, origin), (list) => list.version);
}

async function judgeSeal({ kid, claims, message }, trust, now) {
  const keys = trust.sealKeys.filter((key) => key.kid === kid);
  if (!keys.length) return claims.issuedAt < trust.issuedAt ? "unknown-key" : "key-too-new";
  let signer;
  for (const key of keys) {
    if (!signer && await isSignedBy(message, key.key, `WATHIQA1 ${trust.origin}`)) signer = key;
  }
  if (!signer) return "bad-signature";
  const inWindow = signer.from * 1000 <= claims.issuedAt && claims.issuedAt <= signer.until * 1000;
  if (!inWindow || claims.agency !== signer.agency || !signer.profiles.includes(claims.profile)) return "key-not-permitted";
  if (claims.issuedAt > now + CLOCK_TOLERANCE_MS) return "clock-wrong";
  return signer.state === "compromised" ? "key-compromised" : null;
}

function showFields(profile, claims, tables) {
  if (profile.fields.length !== claims.fields.length) throw new Unreadable("other fields");
  return profile.fields.map((field, i) => ({ field, shown: showValue(field, claims.fields[i], tables) }));
}

// Withdrawal is final, so an old list is enough to know it.
function judgeStatus(claims, list, now) {
  const isExpired = now > claims.expiresAt;
  const status = list ? statusAt(list.entries, claims.statusIndex) : undefined;
  if (status === undefined) return isExpired ? "expired" : "status-missing";
  if (status === 3 && list.issuedAt < claims.issuedAt + RELEASE_DELAY_MS) return isExpired ? "expired" : "status-stale";
  if (status !== 0) return WITHDRAWN[status] ?? (isExpired ? "expired" : "status-not-understood");
  if (isExpired) return "expired";
  return now <= list.expiresAt && list.issuedAt >= claims.issuedAt ? "in-force" : "status-stale";
}

function findStatus(claims, trust) {
  const name = `status/${claims.statusList}.cwt`;
  return newest(name, (data) => readStatusList(data, `${trust.origin}/${name}`, trust), (list) => list.issuedAt);
}

async function readStatusList(data, uri, trust) {
  const list = await parseStatusList(data);
  if (list.uri !== uri) throw new Unreadable("another list");
  for (const key of trust.statusKeys) {
    const inWindow = key.from * 1000 <= list.issuedAt && list.issuedAt <= key.until * 1000;
    if (key.kid === list.kid && inWindow && await isSignedBy(list.message, key.key)) return list;
  }
  throw new Unreadable("not signed by a status key");
}

async function readTrustList(data, anchor, origin) {
  const list = parseTrustList(data);
  const { certificate } = list;
  const inValidity = certificate.notBefore <= list.issuedAt && list.issuedAt <= certificate.notAfter;
  if (!inValidity || !certificate.isForTrustLists || list.origin !== origin || !await isIssuedBy(certificate, anchor)) {
    throw new Unreadable("not by the root");
  }
  const signer = await crypto.subtle.importKey("spki", certificate.spki, P256, false, ["verify"]);
  if (!await isSignedBy(list.message, signer)) throw new Unreadable("a wrong signature");
  const withKeys = (keys) => Promise.all(keys.map(async (entry) => ({ ...entry, ...await importCoseKey(entry.key) })));
  return { ...list, sealKeys: await withKeys(list.sealKeys), statusKeys: await withKeys(list.statusKeys) };
}

// The newest copy of a signed list that `read` accepts: from the host, or the one kept from before.
async function newest(name, read, age) {
  const attempt = async (get) => {
    try {
      const answer = await get();
      if (!answer?.ok) return null;
      const copy = answer.clone();
      return { copy, list: await read(new Uint8Array(await answer.arrayBuffer())) };
    } catch { return null; }
  };
  const store = await caches.open(LISTS);
  const kept = await attempt(() => store.match(name));
  const options = { cache: "no-cache", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) };
  const fetched = await attempt(() => fetch(name, options));
  if (fetched && (!kept || age(fetched.list) >= age(kept.list))) {
    await store.put(name, fetched.copy).catch(() => {});
    return { ...fetched.list, live: true };
  }
  return kept && { ...kept.list, live: false };
}
