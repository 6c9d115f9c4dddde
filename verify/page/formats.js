// The formats of docs/formats/, read strictly: what is accepted has one spelling. The twin of signing/formats.
// Nothing here fetches, stores or shows anything.

export class Unreadable extends Error {}
export class UnknownVersion extends Error {}

const refuse = (why) => { throw new Unreadable(why); };
const need = (condition, why) => condition || refuse(why);

// ── Digits: seven bytes, little-endian, as 17 digits ────────────────────────────────────────────
const BYTES_FOR_DIGITS = { 3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7 };

export function parseDigits(text) {
  need(/^[0-9]+$/.test(text), "not digits");
  const bytes = [];
  for (let at = 0; at < text.length; at += 17) {
    const group = text.slice(at, at + 17);
    const size = BYTES_FOR_DIGITS[group.length];
    need(size, "a length no byte string has");
    let value = BigInt(group);
    for (let i = 0; i < size; i++, value >>= 8n) bytes.push(Number(value & 255n));
    need(value === 0n, "a group beyond its bytes");
  }
  return Uint8Array.from(bytes);
}

// ── Deterministic CBOR (RFC 8949 §4.2): arrays, Maps, {tag, value} ──────────────────────────────
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ARGUMENT_OCTETS = { 24: 1, 25: 2, 26: 4, 27: 8 };
const SIMPLE = new Map([[20, false], [21, true], [22, null]]);

export function parseCbor(data) {
  let at = 0;
  const take = (length) => {
    need(length <= data.length - at, "cut short");
    at += length;
    return data.subarray(at - length, at);
  };
  const argument = (information) => {
    if (information < 24) return information;
    const octets = ARGUMENT_OCTETS[information];
    need(octets, "an indefinite length");
    const value = take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
    need(Number.isSafeInteger(value), "an integer too large");
    need(value >= (octets === 1 ? 24 : 256 ** (octets / 2)), "not the shortest form");
    return value;
  };
  const readMap = (length, depth) => {
    const map = new Map();
    let previous = new Uint8Array();
    for (let i = 0; i < length; i++) {
      const start = at;
      const key = read(1);
      const encoded = data.subarray(start, at);
      need(compareBytes(encoded, previous) > 0, "keys repeated or out of order");
      need(typeof key === "number" || typeof key === "string", "not a key");
      previous = encoded;
      map.set(key, read(depth - 1));
    }
    return map;
  };
  const read = (depth) => {
    need(depth > 0, "nested too deeply");
    const first = take(1)[0], major = first >> 5;
    if (major === 7) {
      need(SIMPLE.has(first & 31), "not a simple value of ours");
      return SIMPLE.get(first & 31);
    }
    const n = argument(first & 31);
    switch (major) {
      case 0: return n;
      case 1: return need(Number.isSafeInteger(-1 - n), "an integer too large") && -1 - n;
      case 2: return take(n);
      case 3: return decodeUtf8(take(n));
      case 4: need(n <= data.length - at, "more items than octets"); return Array.from({ length: n }, () => read(depth - 1));
      case 5: need(2 * n <= data.length - at, "more items than octets"); return readMap(n, depth);
      default: return { tag: n, value: read(depth - 1) };
    }
  };
  const value = read(16);
  need(at === data.length, "bytes behind the end");
  return value;
}

function decodeUtf8(bytes) {
  try { return utf8.decode(bytes); } catch { return refuse("not UTF-8"); }
}

function compareBytes(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function hasKeys(map, keys) {
  return map instanceof Map && map.size === keys.length && keys.every((key) => map.has(key));
}

// ── COSE_Sign1 with ES256 (RFC 9052 §4.2) ───────────────────────────────────────────────────────
const isBytes = (value) => value instanceof Uint8Array;

export function parseSign1(data) {
  const { tag, value } = parseCbor(data) ?? {};
  need(tag === 18 && Array.isArray(value) && value.length === 4, "not a COSE_Sign1");
  const [bare, unprotected, content, signature] = value;
  need(isBytes(bare) && isBytes(content) && isBytes(signature) && signature.length === 64, "not a COSE_Sign1");
  need(hasKeys(unprotected, []), "an unprotected header");
  const headers = parseCbor(bare);
  need(headers instanceof Map && headers.get(1) === -7, "not ES256");
  return { protected: bare, headers, content, signature };
}

const bstr = (bytes) => {
  const n = bytes.length;
  return n < 24 ? [0x40 | n, ...bytes] : n < 256 ? [0x58, n, ...bytes] : n < 65536 ? [0x59, n >> 8, n & 255, ...bytes]
    : [0x5a, n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255, ...bytes];
};

export async function isSignedBy(message, key, externalData = "") {
  const aad = new TextEncoder().encode(externalData);
  const head = new TextEncoder().encode("Signature1");
  const parts = [[0x84, 0x60 | head.length, ...head], bstr(message.protected), bstr(aad), bstr(message.content)];
  const signed = Uint8Array.from(parts.flat());
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, message.signature, signed);
}

export async function importCoseKey(map) {
  need(hasKeys(map, [1, 2, -1, -2, -3]) && map.get(1) === 2 && map.get(-1) === 1, "not a P-256 key");
  const [x, y] = [map.get(-2), map.get(-3)];
  need(isBytes(x) && isBytes(y) && x.length === 32 && y.length === 32, "not a P-256 key");
  const key = await crypto.subtle.importKey("raw", Uint8Array.from([4, ...x, ...y]), P256, false, ["verify"]);
  return { kid: hex(map.get(2)), key };
}

export const P256 = { name: "ECDSA", namedCurve: "P-256" };
export const hex = (bytes) => Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");

// ── The seal code ───────────────────────────────────────────────────────────────────────────────
const TEXT = /^(https:\/\/[a-z0-9](?:[a-z0-9.-]{0,198}[a-z0-9])?(?::[0-9]{1,5})?|http:\/\/(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?)\/(?:#|%23)([0-9])([0-9]+)$/;
const windows1256 = new TextDecoder("windows-1256");
const IN_WINDOWS_1256 = new Set(windows1256.decode(Uint8Array.from({ length: 256 }, (_, i) => i)));
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

export function parseSealCode(text) {
  const found = text.length <= 3200 && TEXT.exec(text);
  need(found, "not a seal code");
  if (found[2] !== "1") throw new UnknownVersion(found[2]);
  const payload = parseDigits(found[3]);
  need(payload.length <= 1200, "larger than any seal code");
  const message = parseSign1(payload);
  const kid = message.headers.get(4);
  need(message.headers.size === 2 && isBytes(kid) && kid.length === 4, "not a key identifier");
  return { origin: found[1], kid: hex(kid), claims: parseClaims(message.content), message };
}

function parseClaims(content) {
  const claims = parseCbor(content);
  need(hasKeys(claims, [4, 6, -65537, -65538]), "not the claims of a seal code");
  const [document, digest] = [claims.get(-65537), claims.get(-65538)];
  need(Array.isArray(document) && document.length > 5 && document.length <= 69, "not a document with fields");
  need(isBytes(digest) && digest.length === 16, "not a record digest");
  const codes = document.slice(0, 5);
  need(codes.every((code) => Number.isInteger(code) && code >= 0 && code < 1e12), "not a code");
  const [expiresAt, issuedAt] = [parseTime(claims.get(4)), parseTime(claims.get(6))];
  need(expiresAt > issuedAt, "expires before it is issued");
  const [profile, statusList, statusIndex, number, agency] = codes;
  return {
    expiresAt, issuedAt, profile, statusList, statusIndex, agency, digest,
    number: parseDocumentNumber(String(number).padStart(12, "0")),
    fields: document.slice(5).map(parseField),
  };
}

export function parseTime(value) {
  need(Number.isInteger(value) && value >= 0 && value < 4102444800, "not a time of this century");
  return value * 1000;
}

export function parseDocumentNumber(digits) {  // ISO/IEC 7064 MOD 11,10
  need(/^[0-9]{12}$/.test(digits), "not a document number");
  let product = 10;
  for (const digit of digits.slice(0, 11)) product = ((Number(digit) + product) % 10 || 10) * 2 % 11;
  need((11 - product) % 10 === Number(digits[11]), "the check digit does not fit");
  return digits;
}

function parseField(value) {
  if (Array.isArray(value)) return value.map(parseField);
  if (isBytes(value)) return parseText(windows1256.decode(value));
  if (typeof value === "string") {
    need([...value].some((letter) => !IN_WINDOWS_1256.has(letter)), "UTF-8 that windows-1256 can hold");
    return parseText(value);
  }
  need(value === null || Number.isInteger(value), "a field of no known type");
  return value;
}

function parseText(text) {
  need(text && text.normalize("NFC") === text && !INVISIBLE.test(text), "text that cannot stand in a seal code");
  return text;
}

// ── Status list: four bits an entry, zlib ────────────────────────────────────────────────────────
export async function inflate(data, most) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) { await reader.cancel(); refuse("too long"); }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.length), 0);
  return whole;
}

export async function parseStatusList(data) {
  const message = parseSign1(data);
  const { headers } = message;
  need(hasKeys(headers, [1, 4, 16]) && headers.get(16) === "application/statuslist+cwt", "not a status list");
  const claims = parseCbor(message.content);
  need(hasKeys(claims, [2, 4, 6, 65533, 65534]), "not a status list");
  const list = claims.get(65533);
  need(hasKeys(list, ["bits", "lst"]) && list.get("bits") === 4 && isBytes(list.get("lst")), "not a status list");
  const entries = await inflate(list.get("lst"), 1 << 21);
  need(entries.length >= 65536, "too short");
  const issuedAt = parseTime(claims.get(6)), expiresAt = parseTime(claims.get(4));
  need(issuedAt < expiresAt && expiresAt - issuedAt <= 7 * 86400e3, "a lifetime that no status list has");
  return { message, entries, kid: hex(headers.get(4)), uri: claims.get(2), issuedAt, expiresAt };
}

export const statusAt = (entries, index) =>
  index < entries.length * 2 ? (entries[index >> 1] >> ((index & 1) * 4)) & 15 : undefined;

// ── Trust list: a CWT, and the X.509 certificate in its header ──────────────────────────────────
export function parseTrustList(data) {
  need(data.length <= 1 << 20, "too large");
  const message = parseSign1(data);
  const { headers } = message;
  need(hasKeys(headers, [1, 16, 33]) && headers.get(16) === "application/wathiqa-trust-list+cwt", "not a trust list");
  const claims = parseCbor(message.content);
  need(hasKeys(claims, [4, 6, -65539]), "not a trust list");
  const [issuedAt, expiresAt] = [parseTime(claims.get(6)), parseTime(claims.get(4))];
  need(expiresAt > issuedAt && expiresAt - issuedAt <= 30 * 864e5, "lives too long");
  const trust = plain(claims.get(-65539));
  const identifiers = trust.agencies.map(({ organizationIdentifier }) => organizationIdentifier);
  need(identifiers.every(Boolean) && new Set(identifiers).size === identifiers.length, "agencies not told apart");
  return { message, issuedAt, expiresAt, certificate: parseCertificate(headers.get(33)), ...trust };
}

// Maps with text keys become objects; COSE keys, whose labels are numbers, stay Maps.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map) || [...value.keys()].some((key) => typeof key !== "string")) return value;
  return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
}

const OID = { "1.2.840.10045.4.3.2": "SHA-256", "1.2.840.10045.4.3.3": "SHA-384" };
const TRUST_LIST_SIGNING = "1.3.6.1.4.1.32473.760.3.1";

function readDer(bytes, start = 0) {  // definite lengths of up to three octets; enough for any certificate
  need(isBytes(bytes) && start + 2 <= bytes.length, "cut short");
  let length = bytes[start + 1], at = start + 2;
  if (length > 127) {
    const octets = length & 127;
    need(octets > 0 && octets < 4, "not a DER length");
    for (length = 0; at < start + 2 + octets; at++) length = length * 256 + bytes[at];
  }
  need(at + length <= bytes.length, "cut short");
  return { tag: bytes[start], value: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length), end: at + length };
}

function children(bytes) {
  const items = [];
  for (let at = 0; at < bytes.length; at = items.at(-1).end) items.push(readDer(bytes, at));
  return items;
}

function oid(bytes) {
  const arcs = [];
  let arc = 0;
  for (const octet of bytes) {
    arc = arc * 128 + (octet & 127);
    if (octet < 128) { arcs.push(arc); arc = 0; }
  }
  const first = Math.min(2, Math.floor(arcs[0] / 40));
  return [first, arcs[0] - 40 * first, ...arcs.slice(1)].join(".");
}

function derTime({ tag, value }) {
  const text = decodeUtf8(value);
  const full = tag === 0x18 ? text : (text < "5" ? "20" : "19") + text;
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full) ?? refuse("not a time");
  return Date.UTC(y, mo - 1, d, h, mi, s);
}

function parseCertificate(der) {
  const outer = readDer(der);
  need(outer.end === der.length, "bytes behind the certificate");
  const [tbs, algorithm, bits] = children(outer.value);
  const items = children(tbs.value);
  need(items[0].tag === 0xa0, "not version 3");
  const [notBefore, notAfter] = children(items[4].value).map(derTime);
  const extensions = new Map(children(children(items.find(({ tag }) => tag === 0xa3).value)[0].value).map((extension) => {
    const parts = children(extension.value);
    return [oid(parts[0].value), parts.at(-1).value];
  }));
  const usage = extensions.get("2.5.29.37");
  const usages = usage ? children(readDer(usage).value).map(({ value }) => oid(value)) : [];
  const constraints = extensions.get("2.5.29.19");
  const isAuthority = constraints ? readDer(constraints).value.length > 0 : false;
  return {
    tbs: tbs.whole, notBefore, notAfter, spki: items[6].whole,
    hash: OID[oid(children(algorithm.value)[0].value)] ?? refuse("another algorithm"),
    signature: bits.value.subarray(1),
    isForTrustLists: !isAuthority && usages.length === 1 && usages[0] === TRUST_LIST_SIGNING,
  };
}

// The root's key is P-384 or P-256; its signature is DER, WebCrypto wants r and s.
export async function isIssuedBy(certificate, anchorSpki) {
  const curve = oid(children(children(readDer(anchorSpki).value)[0].value)[1].value);
  const size = { "1.3.132.0.34": 48, "1.2.840.10045.3.1.7": 32 }[curve] ?? refuse("another curve");
  const anchor = { name: "ECDSA", namedCurve: size === 48 ? "P-384" : "P-256" };
  const raw = new Uint8Array(2 * size);
  children(readDer(certificate.signature).value).forEach(({ value }, i) => {
    const integer = value[0] === 0 ? value.subarray(1) : value;
    need(i < 2 && integer.length <= size, "not a signature");
    raw.set(integer, (i + 1) * size - integer.length);
  });
  const key = await crypto.subtle.importKey("spki", anchorSpki, anchor, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: certificate.hash }, key, raw, certificate.tbs);
}

// ── Fields for people ───────────────────────────────────────────────────────────────────────────
// Each answers {ar, en}, or for rows a list of lists; whatever the encoder would not write is refused.
export function showValue(field, value, tables) {
  if (value === null) return need(field.optional, "absent") && { ar: "—", en: "—" };
  const both = (text) => ({ ar: text, en: text });
  const whole = Number.isInteger(value);
  switch (field.kind) {
    case "text": return need(typeof value === "string", "not text") && both(value);
    case "date": return need(whole && value > -719163 && value < 2932897, "not a date") && { date: value };
    case "time": return need(whole && value >= 0 && value < 1440, "not a time")
      && both([Math.floor(value / 60), value % 60].map((part) => String(part).padStart(2, "0")).join(":"));
    case "digits": return need(whole && value >= 0 && value < 10 ** field.width, "too wide")
      && both(String(value).padStart(field.width, "0"));
    case "code": return findCode(tables[field.table], value);
    case "money": {
      need(Array.isArray(value) && value.length === 2 && value[0] >= 0, "not money");
      const currency = findCode(tables.currency, value[1]);
      const amount = (currency.key === "SYP-OLD" ? value[0] : value[0] / 100)
        .toLocaleString("en-US", { minimumFractionDigits: currency.key === "SYP-OLD" ? 0 : 2 });
      return { ar: `${amount} ${currency.ar}`, en: `${amount} ${currency.en}` };
    }
    case "rows":
      need(Array.isArray(value) && value.length <= 64, "not rows");
      return { rows: value.map((row) => {
        need(Array.isArray(row) && row.length === field.columns.length, "a row with other columns");
        return row.map((cell, i) => showValue(field.columns[i], cell, tables));
      }) };
    default: return refuse("an unknown kind of field");
  }
}

function findCode(codes, number) {
  return codes?.find((code) => code.n === number) ?? refuse("not in its table");
}
