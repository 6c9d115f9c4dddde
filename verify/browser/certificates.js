// Certificates and revocation lists (RFC 5280), as far as a trust list needs them: DER, definite lengths only.

import { decodeUtf8, hex, isBytes, need, refuse } from "./formats.js";

const HASHES = { "1.2.840.10045.4.3.2": "SHA-256", "1.2.840.10045.4.3.3": "SHA-384" };
const CURVES = { "1.3.132.0.34": ["P-384", 48], "1.2.840.10045.3.1.7": ["P-256", 32] };
const TRUST_LIST_SIGNING = "1.3.6.1.4.1.32473.760.3.1";
const PARTS_OF_A_LIST = ["2.5.29.27", "2.5.29.28", "2.5.29.46"];

export function readDer(bytes, start = 0) {
  need(isBytes(bytes) && start + 2 <= bytes.length);
  let length = bytes[start + 1], at = start + 2;
  if (length > 127) {
    const octets = length & 127;
    need(octets > 0 && octets < 4);
    for (length = 0; at < start + 2 + octets; at++) length = length * 256 + bytes[at];
  }
  need(at + length <= bytes.length);
  return { tag: bytes[start], value: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length), end: at + length };
}

export function derItems(bytes) {
  const derParts = [];
  for (let at = 0; at < bytes.length; at = derParts.at(-1).end) derParts.push(readDer(bytes, at));
  return derParts;
}

export function oid(bytes) {
  const arcs = [0];
  for (const octet of bytes) {
    arcs.push(arcs.pop() * 128 + (octet & 127));
    if (octet < 128) arcs.push(0);
  }
  const first = Math.min(2, Math.floor(arcs[0] / 40));
  return [first, arcs[0] - 40 * first, ...arcs.slice(1, -1)].join(".");
}

const integer = (bytes) => bytes.reduce((sum, octet) => sum * 256 + octet, 0);

function derTime({ tag, value }) {
  const text = decodeUtf8(value);
  const full = tag === 0x18 ? text : (text < "5" ? "20" : "19") + text;
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full) ?? refuse();
  return Date.UTC(y, mo - 1, d, h, mi, s);
}

function parseExtensions(derParts) {  // → object identifier: {isCritical, value}
  return new Map(derParts.map((extension) => {
    const parts = derItems(extension.value);
    return [oid(parts[0].value), { isCritical: parts.length > 2, value: parts.at(-1).value }];
  }));
}

// What stands inside an extension that is a sequence; nothing where there is none.
const within = (extension) => extension ? readDer(extension.value).value : new Uint8Array();

// SEQUENCE { what is signed, algorithm, signature }
function parseSigned(der) {
  const outer = readDer(der);
  need(outer.end === der.length);
  const [tbs, algorithm, bits] = derItems(outer.value);
  return { tbs: tbs.whole, hash: HASHES[oid(derItems(algorithm.value)[0].value)], signatureOctets: bits.value.subarray(1), derParts: derItems(tbs.value) };
}

export function parseCertificate(der) {
  const { derParts, ...signed } = parseSigned(der);
  need(derParts[0].tag === 0xa0);  // else not version 3
  const [notBefore, notAfter] = derItems(derParts[4].value).map(derTime);
  const derExtensions = parseExtensions(derItems(derItems(derParts.find(({ tag }) => tag === 0xa3).value)[0].value));
  const usages = derItems(within(derExtensions.get("2.5.29.37"))).map(({ value }) => oid(value));
  const isAuthority = within(derExtensions.get("2.5.29.19")).length > 0;
  return {
    ...signed, notBefore, notAfter, derExtensions, isAuthority,
    serialHex: hex(derParts[1].value), issuer: hex(derParts[3].whole), subject: derParts[5], spki: derParts[6].whole,
    isForTrustLists: !isAuthority && usages.length === 1 && usages[0] === TRUST_LIST_SIGNING,
  };
}

// A list that speaks of all its issuer's certificates; another is refused, and one with a critical extension, as no
// list of ours has (RFC 5280 §5.2, §5.3).
export function parseRevocationList(der) {
  const { derParts, ...signed } = parseSigned(der);
  const [thisUpdate, nextUpdate] = [derParts[3], derParts[4]].map(derTime);
  const behind = derParts.slice(5);
  const derExtensions = parseExtensions(derItems(derItems(behind.find(({ tag }) => tag === 0xa0).value)[0].value));
  const revoked = derItems(behind.find(({ tag }) => tag === 0x30)?.value ?? new Uint8Array()).map(({ value }) => {
    const [serialHex, since, own] = derItems(value);
    return { serialHex: hex(serialHex.value), since: derTime(since), derExtensions: parseExtensions(own ? derItems(own.value) : []) };
  });
  for (const known of [derExtensions, ...revoked.map((entry) => entry.derExtensions)]) {
    for (const [name, { isCritical }] of known) need(!isCritical && !PARTS_OF_A_LIST.includes(name));
  }
  const number = integer(readDer(derExtensions.get("2.5.29.20").value).value);
  return { ...signed, issuer: hex(derParts[2].whole), thisUpdate, nextUpdate, revoked, number };
}

// By a P-384 or P-256 key; the signature is DER, WebCrypto wants r and s.
export async function isIssuedBy(signed, spki) {
  const curve = oid(derItems(derItems(readDer(spki).value)[0].value)[1].value);
  const [namedCurve, size] = CURVES[curve] ?? refuse();
  const raw = new Uint8Array(2 * size);
  derItems(readDer(signed.signatureOctets).value).forEach(({ value }, i) => {
    const bare = value[0] === 0 ? value.subarray(1) : value;
    need(i < 2 && bare.length <= size);
    raw.set(bare, (i + 1) * size - bare.length);
  });
  const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: signed.hash ?? refuse() }, key, raw, signed.tbs);
}
