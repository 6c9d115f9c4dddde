// A sealed PDF, as far as a browser can judge it; the twin of verify/files/structure.py and signing/formats/pdf_updates.py
// for the forms in which documents are issued. It shows no page and follows no reference: what is signed is what the
// authority sealed, and behind the seal only a security store may pass, octet by octet as ours are written.

import { UnknownVersion, decodeUtf8, hex, inflate, need, parseSealCode, refuse } from "./formats.js";
import { derItems, isIssuedBy, parseCertificate, parseRevocationList, readDer } from "./certificates.js";

const MOST_UNSIGNED = 2 * 64 * 1024;
const MOST_STORED = 64;
const STEPS = ["form", "digest", "signature", "chain", "revocation", "agency", "record"];
const KINDS = ["/Certs", "/OCSPs", "/CRLs"];
const SIGNED_DATA = "2a864886f70d010702";
const DATA = "2a864886f70d010701";
const SHA256 = "608648016503040201";
const CONTENT_TYPE = "2a864886f70d010903";
const DIGEST_OF_CONTENT = "2a864886f70d010904";
const ALGORITHMS = "2a864886f70d010934";
const DIGEST_OF_CERTIFICATE = "2a864886f70d010910022f";
const SIGNED = [CONTENT_TYPE, DIGEST_OF_CONTENT, ALGORITHMS, DIGEST_OF_CERTIFICATE];
const TIME_STAMP = "2a864886f70d010910020e";
const ORGANIZATION_IDENTIFIER = "550461";
const ECDSA = "2a8648ce3d040302";  // with SHA-256
const RSA = ["2a864886f70d010101", "2a864886f70d01010b"];
// As verify/signatures/fitness.py: what this judge does not know does not pass.
const UNDERSTOOD = ["2.5.29.15", "2.5.29.19", "2.5.29.32", "2.5.29.37"];
const REFUSED = ["2.5.29.30", "2.5.29.33", "2.5.29.36", "2.5.29.54"];
const OF_A_PERSON = ["550404", "55042a", "550441"];  // surname, given name, pseudonym (EN 319 412-2 §4.2.4)

export class NotJudgedHere extends Error {}

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const concatenated = async (...parts) => new Uint8Array(await new Blob(parts).arrayBuffer());
const fromHex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
// One character an octet, so that positions and comparisons are those of the octets.
export const asText = (bytes) => new TextDecoder("windows-1252").decode(bytes);

// Each step by its name: passed, failed or undecided. A step that could not be taken is not passed.
// `place`: {rootKey, askTrust, askList}; they answer the trust list, and the newest list that a reader takes, or nothing.
export async function judgeSteps(bytes, text, code, { rootKey, askTrust, askList }) {
  const steps = Object.fromEntries(STEPS.map((name) => [name, "undecided"]));
  const step = async (name, judge) => {
    try {
      steps[name] = await judge() ? "passed" : "failed";
    } catch (error) {
      steps[name] = [NotJudgedHere, UnknownVersion].some((each) => error instanceof each) ? "undecided" : "failed";
    }
    return steps[name] === "passed";
  };
  let seal, stored, signature, certificate, authority, claims;
  await step("form", async () => {
    seal = readSeal(bytes, text);
    signature = parseSignature(seal.contents);
    stored = await readBehind(bytes, text, seal.end);
    return true;
  });
  if (!signature) return steps;
  await step("digest", () => isDigestSigned(signature, seal));
  const isSigned = await step("signature", async () => {
    certificate = await signerOf(signature);
    return isSignedByCertificate(signature, certificate);
  });
  await step("record", async () => {
    ({ claims } = parseSealCode(code));
    return await recordDigestOf(bytes, text) === hex(claims.recordDigest);
  });
  const trust = await askTrust();
  if (!isSigned || !trust) return steps;
  const others = [...signature.certificates, ...stored ?? []];
  await step("chain", async () => {
    authority = await leadsToRoot(certificate, others, { rootKey, crl: trust.crl, at: seal.claimedAt });
    return authority;
  });
  if (authority) await step("revocation", async () => isUnrevoked(certificate, await askList(trust, (data) => readListOf(authority, data)), seal.claimedAt));
  if (!claims) return steps;
  const agency = trust.agencies.find((each) => each.code === claims.agency);
  await step("agency", () => Boolean(agency) && organizationOf(certificate) === agency.organizationIdentifier);
  return steps;
}

// → {before, behind, contents, claimedAt, end}: what is signed, the signature, the time that it claims.
export function readSeal(bytes, text) {
  need(text.startsWith("%PDF-1.7\n") && /%%EOF\n?$/.test(text.slice(-6)) && !/\/(?:X|#58)(?:R|#52)(?:e|#65)(?:f|#66)/.test(text));
  const range = /\/ByteRange\s{0,8}\[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]/;
  const [start, next, length] = (range.exec(text) ?? refuse()).slice(1).map(Number);
  const end = next + length;
  need(start > 0 && start < next && next < end && end <= bytes.length && next - start <= MOST_UNSIGNED);
  need(text.slice(0, end).match(new RegExp(range, "g")).length === 1);
  const [, digits] = /^<((?:[0-9A-Fa-f]{2})+)>$/.exec(text.slice(start, next)) ?? refuse();
  const contents = fromHex(digits);
  const object = readDer(contents);
  need(contents.subarray(object.end).every((octet) => octet === 0));
  refuseWhatActs(text.slice(0, end));
  const [, year, month, day, hour, minute, second] = /\/M \(D(?::|\\072)(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|(?:[+]|\\053)00(?:'|\\047)00(?:'|\\047)?)\)/.exec(text.slice(0, end)) ?? refuse();
  return {
    contents: object, before: bytes.subarray(0, start), behind: bytes.subarray(next, end), end,
    claimedAt: Date.UTC(year, month - 1, day, hour, minute, second),
  };
}

// What a reader would do by itself, and files besides the record; as no document of ours has them.
function refuseWhatActs(text) {
  const names = text.replace(/#([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  need(!/\/(?:OpenAction|Collection|NeedsRendering|FileAttachment)(?![A-Za-z])|\/AA\s{0,9}(?:<<|\d{1,7}\s)/.test(names));
  for (const once of [/\/EmbeddedFile(?!s)/g, /\/Filespec(?![A-Za-z])/g, /\/EF\s{0,9}(?:<<|\d{1,7}\s)/g]) need(names.match(once)?.length === 1);
}

// ── What follows the seal ───────────────────────────────────────────────────────────────────────
export async function readBehind(bytes, text, end) {
  let ground = readGround(text, end);
  const certificates = [];
  while (ground.length < text.length) {
    // An archive's time-stamps are ours too, but not for a browser to judge.
    if (/^\d{1,7} 0 obj\n<<\n\/FT \/Sig\n/.test(text.slice(ground.length, ground.length + 40))) throw new NotJudgedHere();
    ground = await readStore(bytes, text, ground, certificates);
  }
  return certificates;
}

function readGround(text, end) {
  const [, table] = /startxref\n(\d{1,10})\n%%EOF\n?$/.exec(text.slice(end - 40, end)) ?? refuse();
  const trailer = /trailer\n<<\n\/Size (\d{1,7})\n\/Root (\d{1,7}) 0 R\n\/Info (\d{1,7}) 0 R\n\/ID \[ <([0-9a-f]{2,128})> <[0-9a-f]{32}> \]\n\/Prev \d{1,10}\n>>\nstartxref\n/;
  const [, size, root, info, id] = trailer.exec(text.slice(Number(table), end)) ?? refuse();
  const sealing = text.slice(0, Number(table));
  const start = sealing.lastIndexOf(`\n${root} 0 obj\n`) + 1;
  const [, catalog] = /^\d+ 0 obj\n<<\n(\/Type \/Catalog\n[^]*?)>>\nendobj\n/.exec(sealing.slice(start)) ?? refuse();
  need(start > 0 && !catalog.includes("/DSS"));
  // The rendered revision and the sealing one, with one file in its place.
  need(text.slice(0, end).match(/startxref/g).length === 2);
  const [, record] = /\/EmbeddedFiles <<\n\/Names \[ \(record(?:\.|\\056)json\) (\d{1,7}) 0 R \]\n>>\n/.exec(catalog) ?? refuse();
  need(catalog.includes(`/AF [ ${record} 0 R ]\n`) && catalog.match(/\/(?:EmbeddedFiles|AF)(?![A-Za-z])/g).length === 2);
  return { length: end, table: Number(table), size: Number(size), root, info, id, catalog, stored: KINDS.map(() => []), digests: new Set() };
}

async function readStore(bytes, text, ground, certificates) {
  const head = /\d{1,7} 0 obj\n<<\n\/Length (\d{1,8})\n(\/Filter \/ASCIIHexDecode\n)?>>\nstream\n/y;
  const streams = [];
  let at = ground.length;
  for (;;) {
    head.lastIndex = at;
    const found = streams.length < MOST_STORED && head.exec(text);
    if (!found) break;
    const length = Number(found[1]);
    const from = at + found[0].length;
    streams.push({ written: text.slice(from, from + length), octets: found[2] ? fromHex(text.slice(from, from + length).replace(/>$/, "")) : bytes.slice(from, from + length) });
    at = from + length + "\nendstream\nendobj\n".length;
  }
  const store = /\d{1,7} 0 obj\n<<\n\/Type \/DSS\n(?:\/Certs \[ ((?:\d{1,7} 0 R )+)\]\n)?(?:\/OCSPs \[ ((?:\d{1,7} 0 R )+)\]\n)?(?:\/CRLs \[ ((?:\d{1,7} 0 R )+)\]\n)?>>\nendobj\n/y;
  store.lastIndex = at;
  const counts = (store.exec(text) ?? refuse()).slice(1).map((list) => list?.split("R").length - 1 || 0);
  const after = await writeStore(bytes, ground, streams, counts);
  need(text.startsWith(after.written, ground.length));
  certificates.push(...after.certificates);
  return after.ground;
}

// The one way in which such a revision is written (docs/formats/pdf-seal.md).
async function writeStore(bytes, ground, streams, counts) {
  const objects = [];
  const certificates = [];
  let number = ground.size;
  const stored = [];
  for (const [i, kind] of KINDS.entries()) {
    const numbers = [...ground.stored[i]];
    while (numbers.length < counts[i]) {
      const { octets } = streams[objects.length] ?? refuse();
      const digest = hex(await sha256(await concatenated(kind, octets)));
      need(!ground.digests.has(digest));
      ground.digests.add(digest);
      needStored(octets, i);
      if (i === 0) certificates.push(octets);
      objects.push([number, stream(octets)]);
      numbers.push(number++);
    }
    stored.push(numbers);
  }
  need(objects.length > 0 && objects.length === streams.length);
  const references = stored.map((numbers) => numbers.map((each) => `${each} 0 R `).join(""));
  const arrays = KINDS.map((kind, i) => references[i] && `${kind} [ ${references[i]}]\n`).join("");
  objects.push([number, `<<\n/Type /DSS\n${arrays}>>`], [Number(ground.root), `<<\n${ground.catalog}/DSS ${number} 0 R\n>>`]);
  const written = await writeRevision(bytes, ground, objects, number + 1);
  return { written: written.text, certificates, ground: { ...ground, length: ground.length + written.text.length, table: written.table, size: number + 1, stored } };
}

// A certificate, an OCSP response (RFC 6960 §4.2.1) or a revocation list (RFC 5280 §5.1), and nothing behind it.
function needStored(octets, i) {
  const object = readDer(octets);
  need(object.tag === 0x30 && object.end === octets.length);
  if (i === 0) parseCertificate(octets);
  else itemsOf(object, i === 1 ? [0x0a, 0xa0] : [0x30, 0x30, 0x03]);
}

function stream(octets) {
  const isHidden = octets.at(-1) === 13;
  const content = isHidden ? `${hex(octets)}>` : asText(octets);
  return `<<\n/Length ${content.length}\n${isHidden ? "/Filter /ASCIIHexDecode\n" : ""}>>\nstream\n${content}\nendstream`;
}

async function writeRevision(bytes, ground, objects, size) {
  const offsets = new Map();
  let text = "";
  for (const [number, content] of objects) {
    offsets.set(number, ground.length + text.length);
    text += `${number} 0 obj\n${content}\nendobj\n`;
  }
  const table = ground.length + text.length;
  text += "xref\n0 1\n0000000000 65535 f \n";
  const numbers = [...offsets.keys()].sort((a, b) => a - b);
  for (let i = 0; i < numbers.length;) {
    let run = 1;
    while (numbers[i + run] === numbers[i] + run) run++;
    text += `${numbers[i]} ${run}\n`;
    for (const number of numbers.slice(i, i + run)) text += `${String(offsets.get(number)).padStart(10, "0")} 00000 n \n`;
    i += run;
  }
  const changing = hex(await sha256(bytes.subarray(0, ground.length))).slice(0, 32);
  text += `trailer\n<<\n/Size ${size}\n/Root ${ground.root} 0 R\n/Info ${ground.info} 0 R\n/ID [ <${ground.id}> <${changing}> ]\n/Prev ${ground.table}\n>>\nstartxref\n${table}\n%%EOF\n`;
  return { text, table };
}

// ── The signature (CMS, RFC 5652) ───────────────────────────────────────────────────────────────
// The parts of a constructed value, by their tags: these and no others.
function itemsOf({ value }, tags) {
  const found = derItems(value);
  need(found.length === tags.length && found.every(({ tag }, i) => tag === tags[i]));
  return found;
}

const algorithmOf = (identifier) => hex(derItems(identifier.value)[0].value);
const isOne = ({ value }) => hex(value) === "01";

// Exactly the parts that a seal of ours has (docs/formats/pdf-seal.md): what else stood there would be unread.
export function parseSignature(contents) {
  const [type, wrapped] = itemsOf(contents, [0x06, 0xa0]);
  const [version, digests, content, listed, signers] = itemsOf(itemsOf(wrapped, [0x30])[0], [0x02, 0x31, 0x30, 0xa0, 0x31]);
  need(contents.tag === 0x30 && hex(type.value) === SIGNED_DATA && isOne(version));
  need(algorithmOf(itemsOf(digests, [0x30])[0]) === SHA256);
  need(hex(itemsOf(content, [0x06])[0].value) === DATA);  // and none inside
  const certificates = derItems(listed.value).map(({ whole }) => whole);
  certificates.forEach(parseCertificate);
  const [signer] = itemsOf(signers, [0x30]);
  const [own, sid, digest, attributes, identifier, value, behind] = derItems(signer.value);
  itemsOf(signer, [0x02, 0x30, 0x30, 0xa0, 0x30, 0x04, ...behind ? [0xa1] : []]);
  const [issuer, serial] = itemsOf(sid, [0x30, 0x02]);
  const values = new Map(derItems(attributes.value).map(readAttribute));
  const algorithm = algorithmOf(identifier);
  need(isOne(own) && algorithmOf(digest) === SHA256 && [ECDSA, ...RSA].includes(algorithm));
  need(derItems(attributes.value).length === SIGNED.length && SIGNED.every((name) => values.has(name)));
  need(hex(values.get(CONTENT_TYPE).value) === DATA);
  const [sameDigest, sameAlgorithm] = itemsOf(values.get(ALGORITHMS), [0x30, 0xa1]);
  need(algorithmOf(sameDigest) === SHA256 && algorithmOf(sameAlgorithm) === algorithm);
  if (behind) {
    const [name, token] = readAttribute(itemsOf(behind, [0x30])[0]);
    need(name === TIME_STAMP && token.tag === 0x30);
  }
  const signed = Uint8Array.from(attributes.whole);
  signed[0] = 0x31;  // RFC 5652 §5.4: as a SET, whatever its tag in the file
  return { certificates, values, signed, algorithm, issuer: hex(issuer.whole), serialHex: hex(serial.value), value: value.value };
}

// → [name, its one value]
function readAttribute(attribute) {
  need(attribute.tag === 0x30);
  const [name, set] = itemsOf(attribute, [0x06, 0x31]);
  const held = derItems(set.value);
  need(held.length === 1);
  return [hex(name.value), held[0]];
}

export async function isDigestSigned({ values }, seal) {
  const digest = await sha256(await concatenated(seal.before, seal.behind));
  return hex(values.get(DIGEST_OF_CONTENT).value) === hex(digest);
}

// The one certificate that the signature names twice: by issuer and number, and by its digest (ESSCertIDv2, RFC 5035;
// SHA-256 where it says no other).
export async function signerOf({ values, certificates, issuer, serialHex }) {
  const [identifier] = derItems(derItems(values.get(DIGEST_OF_CERTIFICATE).value)[0].value);
  const named = hex(derItems(identifier.value).find(({ tag }) => tag === 4).value);
  const all = certificates.map((der) => ({ der, ...parseCertificate(der) }));
  const [certificate, ...others] = all.filter((each) => each.issuer === issuer && each.serialHex === serialHex);
  need(certificate && !others.length && hex(await sha256(certificate.der)) === named);
  return certificate;
}

export async function isSignedByCertificate({ signed, algorithm, value }, certificate) {
  if (algorithm === ECDSA) return isIssuedBy({ tbs: signed, hash: "SHA-256", signatureOctets: value }, certificate.spki);
  const key = await crypto.subtle.importKey("spki", certificate.spki, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["verify"]);
  return key.algorithm.modulusLength >= 3072 && crypto.subtle.verify(key.algorithm.name, key, value, signed);
}

// → the issuing authority, or nothing. Seal certificate, issuing authority, root: each fit, and valid when the file says
// that it was sealed.
export async function leadsToRoot(seal, others, { rootKey, crl, at }) {
  const isValid = ({ notBefore, notAfter }) => notBefore <= at && at <= notAfter;
  const usage = usageOf(seal);
  // Content commitment and nothing that signs certificates or lists (RFC 5280 §4.2.1.3).
  if (seal.isAuthority || !(usage & 0x40) || usage & 0x86 || !isValid(seal) || !isFit(seal)) return false;
  if (namesOf(seal).some(([name]) => OF_A_PERSON.includes(hex(name.value)))) return false;
  for (const der of others) {
    const issuer = parseCertificate(der);
    if (!issuer.isAuthority || hex(issuer.subject.whole) !== seal.issuer || !isValid(issuer)) continue;
    if (!isFit(issuer) || !(usageOf(issuer) & 0x04)) continue;
    if (crl.revoked.some(({ serialHex }) => serialHex === issuer.serialHex) || issuer.issuer !== crl.issuer) continue;
    if (await isIssuedBy(seal, issuer.spki) && await isIssuedBy(issuer, rootKey)) return issuer;
  }
  return null;
}

// The list of an authority that may sign one.
async function readListOf(authority, data) {
  const list = parseRevocationList(data);
  need(list.issuer === hex(authority.subject.whole) && usageOf(authority) & 0x02 && await isIssuedBy(list, authority.spki));
  return list;
}

// Revoked after the time that the file claims: only its time-stamp tells which was first, and that is not judged here.
function isUnrevoked({ serialHex }, list, claimedAt) {
  const entry = list?.revoked.find((each) => each.serialHex === serialHex);
  if (entry && entry.since <= claimedAt) return false;
  if (entry || !list || list.nextUpdate < Math.max(Date.now(), list.thisUpdate)) throw new NotJudgedHere();
  return true;
}

const usageOf = ({ derExtensions }) => readDer((derExtensions.get("2.5.29.15") ?? refuse()).value).value[1];

function isFit({ derExtensions, serialHex }) {
  const isPositive = /^[0-7]/.test(serialHex) && /[^0]/.test(serialHex);
  return isPositive && [...derExtensions].every(([name, { isCritical }]) =>
    !REFUSED.includes(name) && (!isCritical || UNDERSTOOD.includes(name)));
}

const namesOf = ({ subject }) =>
  derItems(subject.value).flatMap(({ value }) => derItems(value)).map(({ value }) => derItems(value));

export function organizationOf(certificate) {
  const found = namesOf(certificate).find(([name]) => hex(name.value) === ORGANIZATION_IDENTIFIER);
  return found ? decodeUtf8(found[1].value) : null;
}

// ── What the file carries ───────────────────────────────────────────────────────────────────────
export function findSealCode(text, origin) {
  const links = [...text.matchAll(/\/URI\s{0,2}\((https?:\/\/[^()\\\s]{1,3300})\)/g)].map(([, link]) => link);
  const codes = new Set(links.filter((link) => [`${origin}/#`, `${origin}/%23`].some((start) => link.startsWith(start))));
  return codes.size === 1 ? [...codes][0] : null;
}

// SHA-256 of the one file inside, first half.
export async function recordDigestOf(bytes, text) {
  const found = [...text.matchAll(/<<\/Length (\d{1,7})\/Type\/EmbeddedFile\/Filter\/FlateDecode[^]{1,200}?>>>>\nstream\n/g)];
  need(found.length === 1);
  const from = found[0].index + found[0][0].length;
  return hex((await sha256(await inflate(bytes.slice(from, from + Number(found[0][1])), 1 << 20))).subarray(0, 16));
}
