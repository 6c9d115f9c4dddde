// The formats of docs/formats/, read strictly: what is accepted has one spelling. The twin of signing/formats.
// Nothing here fetches, stores or shows anything. `need` refuses what its condition does not hold for.

export class Unreadable extends Error {}
export class UnknownVersion extends Error {}

export const refuse = () => { throw new Unreadable(); };
export const need = (condition) => condition || refuse();

// ── Digits: seven bytes, little-endian, as 17 digits ────────────────────────────────────────────
const BYTES_FOR_DIGITS = { 3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7 };

export function parseDigits(text) {
  need(/^[0-9]+$/.test(text));  // else not digits
  const bytes = [];
  for (let at = 0; at < text.length; at += 17) {
    const group = text.slice(at, at + 17);
    const size = BYTES_FOR_DIGITS[group.length];
    need(size);  // else a length no byte string has
    let value = BigInt(group);
    for (let i = 0; i < size; i++, value >>= 8n) bytes.push(Number(value & 255n));
    need(value === 0n);  // else a group beyond its bytes
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
    need(length <= data.length - at);
    at += length;
    return data.subarray(at - length, at);
  };
  const argument = (information) => {
    if (information < 24) return information;
    const octets = ARGUMENT_OCTETS[information];
    need(octets);  // else an indefinite length
    const value = take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
    need(Number.isSafeInteger(value));  // else an integer too large
    need(value >= (octets === 1 ? 24 : 256 ** (octets / 2)));  // else not the shortest form
    return value;
  };
  const readMap = (length, depth) => {
    const map = new Map();
    let previous = new Uint8Array();
    for (let i = 0; i < length; i++) {
      const start = at;
      const key = read(1);
      const encoded = data.subarray(start, at);
      need(compareBytes(encoded, previous) > 0);  // else keys repeated or out of order
      need(typeof key === "number" || typeof key === "string");  // else not a key
      previous = encoded;
      map.set(key, read(depth - 1));
    }
    return map;
  };
  const read = (depth) => {
    need(depth > 0);  // else nested too deeply
    const first = take(1)[0], major = first >> 5;
    if (major === 7) {
      need(SIMPLE.has(first & 31));  // else not a simple value of ours
      return SIMPLE.get(first & 31);
    }
    const n = argument(first & 31);
    switch (major) {
      case 0: return n;
      case 1: return need(Number.isSafeInteger(-1 - n)) && -1 - n;
      case 2: return take(n);
      case 3: return decodeUtf8(take(n));
      case 4: need(n <= data.length - at); return Array.from({ length: n }, () => read(depth - 1));
      case 5: need(2 * n <= data.length - at); return readMap(n, depth);
      default: return { tag: n, value: read(depth - 1) };
    }
  };
  const value = read(16);
  need(at === data.length);  // else bytes behind the end
  return value;
}

export function decodeUtf8(bytes) {
  try { return utf8.decode(bytes); } catch { return refuse(); }
}

function compareBytes(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function hasKeys(map, keys) {
  return map instanceof Map && map.size === keys.length && keys.every((key) => map.has(key));
}

// ── COSE_Sign1 with ES256 (RFC 9052 §4.2) ───────────────────────────────────────────────────────
export const isBytes = (value) => value instanceof Uint8Array;

export function parseSign1(data) {
  const { tag, value } = parseCbor(data) ?? {};
  need(tag === 18 && Array.isArray(value) && value.length === 4);
  const [bare, unprotected, signedContent, signatureOctets] = value;
  need(isBytes(bare) && isBytes(signedContent) && isBytes(signatureOctets) && signatureOctets.length === 64);
  need(hasKeys(unprotected, []));  // else an unprotected header
  const coseHeaders = parseCbor(bare);
  need(coseHeaders instanceof Map && coseHeaders.get(1) === -7);  // else not ES256
  return { protected: bare, coseHeaders, signedContent, signatureOctets };
}

// RFC 9052 §4.4. Lists are large: their octets are copied as a whole, never one by one.
export async function isSignedBy(signedMessage, key, externalData = "") {
  const text = (string) => new TextEncoder().encode(string);
  const parts = [[0x84, 0x6a], text("Signature1"), ...[signedMessage.protected, text(externalData), signedMessage.signedContent].flatMap(byteString)];
  const signed = new Uint8Array(await new Blob(parts.map((part) => Uint8Array.from(part))).arrayBuffer());
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signedMessage.signatureOctets, signed);
}

function byteString(bytes) {  // its head in the shortest form, and itself
  const n = bytes.length;
  return [n < 24 ? [0x40 | n] : n < 256 ? [0x58, n] : n < 65536 ? [0x59, n >> 8, n & 255] : [0x5a, 0, n >> 16, (n >> 8) & 255, n & 255], bytes];
}

// Read at once and strictly; imported when it is asked for, since a list has many keys and a code has one.
export function parseCoseKey(map) {
  need(hasKeys(map, [1, 2, -1, -2, -3]) && map.get(1) === 2 && map.get(-1) === 1);
  const [x, y] = [map.get(-2), map.get(-3)];
  need(isBytes(x) && isBytes(y) && x.length === 32 && y.length === 32);
  return { kid: hex(map.get(2)), key: () => crypto.subtle.importKey("raw", Uint8Array.from([4, ...x, ...y]), P256, false, ["verify"]) };
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
  need(found);  // else not a seal code
  if (found[2] !== "1") throw new UnknownVersion(found[2]);
  const payload = parseDigits(found[3]);
  need(payload.length <= 1200);  // else larger than any seal code
  const signedMessage = parseSign1(payload);
  const kid = signedMessage.coseHeaders.get(4);
  need(signedMessage.coseHeaders.size === 2 && isBytes(kid) && kid.length === 4);  // else not a key identifier
  return { origin: found[1], kid: hex(kid), claims: parseClaims(signedMessage.signedContent), signedMessage };
}

function parseClaims(signedContent) {
  const claims = parseCbor(signedContent);
  need(hasKeys(claims, [4, 6, -65537, -65538]));  // else not the claims of a seal code
  const [sealed, recordDigest] = [claims.get(-65537), claims.get(-65538)];
  need(Array.isArray(sealed) && sealed.length > 5 && sealed.length <= 69);  // else not a document with fields
  need(isBytes(recordDigest) && recordDigest.length === 16);  // else not a record digest
  const codes = sealed.slice(0, 5);
  need(codes.every((code) => Number.isInteger(code) && code >= 0 && code < 1e12));
  const [expiresAt, issuedAt] = [parseTime(claims.get(4)), parseTime(claims.get(6))];
  need(expiresAt > issuedAt);  // else expires before it is issued
  const [sealProfile, statusList, statusIndex, number, agency] = codes;
  return {
    expiresAt, issuedAt, sealProfile, statusList, statusIndex, agency, recordDigest,
    number: parseDocumentNumber(String(number).padStart(12, "0")),
    fields: sealed.slice(5).map(parseField),
  };
}

export function parseTime(value) {
  need(Number.isInteger(value) && value >= 0 && value < 4102444800);
  return value * 1000;
}

export function parseDocumentNumber(digits) {  // ISO/IEC 7064 MOD 11,10
  need(/^[0-9]{12}$/.test(digits));  // else not a document number
  let product = 10;
  for (const digit of digits.slice(0, 11)) product = ((Number(digit) + product) % 10 || 10) * 2 % 11;
  need((11 - product) % 10 === Number(digits[11]));  // else the check digit does not fit
  return digits;
}

function parseField(cell) {
  if (Array.isArray(cell)) return cell.map(parseField);
  if (isBytes(cell)) return parseText(windows1256.decode(cell));
  if (typeof cell === "string") {
    need([...cell].some((letter) => !IN_WINDOWS_1256.has(letter)));  // else UTF-8 that windows-1256 can hold
    return parseText(cell);
  }
  need(cell === null || Number.isInteger(cell));  // else a field of no known type
  return cell;
}

function parseText(text) {
  need(text && text.normalize("NFC") === text && !INVISIBLE.test(text));  // else text that cannot stand in a seal code
  return text;
}

// ── Status list: four bits an entry, zlib ───────────────────────────────────────────────────────
export async function inflate(data, most) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) { await reader.cancel(); refuse(); }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.length), 0);
  return whole;
}

export async function parseStatusList(data) {
  const signedMessage = parseSign1(data);
  const { coseHeaders } = signedMessage;
  need(hasKeys(coseHeaders, [1, 4, 16]) && coseHeaders.get(16) === "application/statuslist+cwt");
  const claims = parseCbor(signedMessage.signedContent);
  need(hasKeys(claims, [2, 4, 6, 65533, 65534]));
  const list = claims.get(65533);
  need(hasKeys(list, ["bits", "lst"]) && list.get("bits") === 4 && isBytes(list.get("lst")));
  const statusEntries = await inflate(list.get("lst"), 1 << 21);
  need(statusEntries.length >= 65536);  // else too short
  const issuedAt = parseTime(claims.get(6)), expiresAt = parseTime(claims.get(4));
  need(issuedAt < expiresAt && expiresAt - issuedAt <= 7 * 86400e3);  // else a lifetime that no status list has
  return { signedMessage, statusEntries, kid: hex(coseHeaders.get(4)), uri: claims.get(2), issuedAt, expiresAt };
}

export const statusAt = (statusEntries, index) => index < statusEntries.length * 2 ? (statusEntries[index >> 1] >> ((index & 1) * 4)) & 15 : undefined;

// ── Trust list: a CWT ───────────────────────────────────────────────────────────────────────────
export function parseTrustList(data) {
  need(data.length <= 1 << 20);  // else too large
  const signedMessage = parseSign1(data);
  const { coseHeaders } = signedMessage;
  need(hasKeys(coseHeaders, [1, 16, 33]) && coseHeaders.get(16) === "application/wathiqa-trust-list+cwt");
  const claims = parseCbor(signedMessage.signedContent);
  need(hasKeys(claims, [4, 6, -65539]));
  const [issuedAt, expiresAt] = [parseTime(claims.get(6)), parseTime(claims.get(4))];
  need(expiresAt > issuedAt && expiresAt - issuedAt <= 30 * 864e5);  // else lives too long
  const trust = plain(claims.get(-65539));
  const identifiers = trust.agencies.map(({ organizationIdentifier }) => organizationIdentifier);
  need(identifiers.every(Boolean) && new Set(identifiers).size === identifiers.length);  // else agencies not told apart
  return { signedMessage, issuedAt, expiresAt, certificate: coseHeaders.get(33), ...trust };
}

// Maps with text keys become objects; COSE keys, whose labels are numbers, stay Maps.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map) || [...value.keys()].some((key) => typeof key !== "string")) return value;
  return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
}

// ── Fields for people ───────────────────────────────────────────────────────────────────────────
// Each answers {ar, en}, or for rows a list of lists; whatever the encoder would not write is refused.
export function showValue(field, cell, tables) {
  if (cell === null) return need(field.optional) && { ar: "—", en: "—" };
  const both = (text) => ({ ar: text, en: text });
  const whole = Number.isInteger(cell);
  switch (field.kind) {
    case "text": return need(typeof cell === "string") && both(cell);
    case "date": return need(whole && cell > -719163 && cell < 2932897) && { date: cell };
    case "time": return need(whole && cell >= 0 && cell < 1440)
      && both([Math.floor(cell / 60), cell % 60].map((part) => String(part).padStart(2, "0")).join(":"));
    case "digits": return need(whole && cell >= 0 && cell < 10 ** field.width)
      && both(String(cell).padStart(field.width, "0"));
    case "code": return findCode(tables[field.table], cell);
    case "money": {
      need(Array.isArray(cell) && cell.length === 2 && cell[0] >= 0);  // else not money
      const currency = findCode(tables.currency, cell[1]);
      const amount = (currency.key === "SYP-OLD" ? cell[0] : cell[0] / 100)
        .toLocaleString("en-US", { minimumFractionDigits: currency.key === "SYP-OLD" ? 0 : 2 });
      return { ar: `${amount} ${currency.ar}`, en: `${amount} ${currency.en}` };
    }
    case "rows":
      need(Array.isArray(cell) && cell.length <= 64);  // else not rows
      return { rows: cell.map((row) => {
        need(Array.isArray(row) && row.length === field.columns.length);  // else a row with other columns
        return row.map((inner, i) => showValue(field.columns[i], inner, tables));
      }) };
    default: return refuse();
  }
}

function findCode(codes, number) {
  return codes?.find((code) => code.n === number) ?? refuse();
}
