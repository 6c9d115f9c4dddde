// The page's own judge of files, outside a browser. The second argument: a file with a list of {pdf, anchor, rootList, issuingList, agencies, origin},
// octets in base64. Standard output: for each the outcomes of its steps, or null where no seal code of ours is inside.

import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${argv[2]}/${name}`));
const [{ asText, findSealCode, judgeSteps }, { parseRevocationList }] = await Promise.all(["pdf.js", "certificates.js"].map(load));
const octets = (text) => new Uint8Array(Buffer.from(text, "base64"));

async function judge({ pdf, anchor, rootList, issuingList, agencies, origin }) {
  const bytes = octets(pdf);
  const text = asText(bytes);
  const code = findSealCode(text, origin);
  if (!code) return null;
  const trust = { crl: parseRevocationList(octets(rootList)), agencies };
  const askList = async (_, read) => read(octets(issuingList)).catch(() => null);
  return judgeSteps(bytes, text, code, { rootKey: octets(anchor), askTrust: async () => trust, askList });
}

const found = [];
for (const file of JSON.parse(readFileSync(argv[3], "utf8"))) found.push(await judge(file));
console.log(JSON.stringify(found));
