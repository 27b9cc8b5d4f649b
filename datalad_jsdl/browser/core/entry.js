/** What a document says of a file → a checked entry. */
import { contentOf, isDataUrl } from "./data-url.js";
import { need } from "./fault.js";
import { canonicalName, hasherOf, hexLength, isStreamed } from "./hash.js";
import { isBroken, isMarkedPath, isPath, joined, utf8 } from "./names.js";
import { parseTime } from "./time.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Pieces} Pieces */
/** @typedef {import("./types.js").Access} Access */
/** @typedef {Record<string, any>} Fields */

const URL_FIELDS = ["urls", "url", "extra_urls"];
/** What objects with a URL may say of its file. */
const OF_A_FILE = ["path", "name", "filename", "file_name", "title", "id", "size", "checksum", "md5", "sha1",
  "sha256", "sha512"];
const NO_TEXT = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/**
 * @param {unknown} path
 * @param {any} value A list of URLs, or an object with `urls` and more.
 * @param {string} where
 * @param {string} [base] What relative URLs are resolved against.
 * @param {boolean} [isElsewhere] It needs no URLs, as an archive has it.
 * @returns {Entry}
 * @throws {Fault} Its kind is the reason.
 */
export function readEntry(path, value, where, base, isElsewhere = false) {
  need(typeof path === "string", "no-path");
  need(isMarkedPath(path), "name");
  need(value?.twice !== true, "twice");
  const fields = Array.isArray(value) ? { urls: value } : value;
  need(isObject(fields), "no-urls");
  const items = urlItems(fields);
  const symlink = flag(fields, "symlink");
  const content = inlineContent(items);
  const entry = {
    path, symlink, content, where, given: fields,
    urls: content || (isElsewhere && !items.length) ? [] : readUrls(items, base),
    size: readSize(fields.size),
    digests: readDigests(fields.digests),
    pieces: readPieces(fields.pieces, fields.size),
    mtime: parseTime(fields.mtime),
    ownMtime: flag(fields, "own_mtime"),
    executable: flag(fields, "executable"),
    access: readAccess(fields.access, base),
  };
  if (symlink) checkSymlink(entry);
  if (content) checkInline(entry, content);
  return entry;
}

/** @param {any} value */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {Fields} fields */
function urlItems(fields) {
  return URL_FIELDS.flatMap((name) => {
    const items = fields[name] ?? [];
    need(Array.isArray(items) || typeof items === "string" || isObject(items), "no-urls");
    return items;
  });
}

/** @param {any[]} items @param {string} [base] */
function readUrls(items, base) {
  for (const field of OF_A_FILE) {
    const said = items.flatMap((item) => (item?.[field] == null ? [] : JSON.stringify(item[field])));
    need(new Set(said).size < 2, "url"); // else they are of different files
  }
  const found = items.map((item) => {
    const { url, priority, location } = isObject(item) ? item : { url: item };
    need(typeof url === "string" && (priority == null || isCount(priority))
      && (location == null || (typeof location === "string" && !isBroken(location))), "url");
    return { url: absolute(url, base), priority: priority ?? Infinity };
  });
  need(found.length, "no-urls");
  const first = /** @type {Map<string, number>} */ (new Map());
  for (const { url, priority } of found) if (!first.has(url)) first.set(url, priority);
  // stable: the given order decides among equal priorities
  return [...first].sort((a, b) => a[1] - b[1] || 0).map(([url]) => url);
}

/**
 * @param {string} url
 * @param {string} [base]
 * @returns {string} As a browser asks for it.
 * @throws {Fault} `url`: it cannot be a candidate.
 */
export function absolute(url, base) {
  const text = url.replace(/^ +| +$/g, "");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1];
  const against = scheme ? undefined : base;
  need(text && !/[\x00-\x1f\x7f]/.test(url) && !isBroken(url)
    && (!scheme || /^https?:\/\/[^/?#]/i.test(text)) && URL.canParse(text, against), "url");
  const found = new URL(text, against);
  need(/^https?:$/.test(found.protocol) && !found.username && !found.password, "url");
  return found.href;
}

/** @param {any[]} items @returns {Uint8Array | null} */
function inlineContent(items) {
  const urls = items.map((item) => (isObject(item) ? item.url : item)).filter(isDataUrl);
  const [first = null, ...others] = urls.map(contentOf);
  need(others.every((other) => isEqual(other, first)), "data-url");
  return first;
}

/** @param {Uint8Array} a @param {any} b */
const isEqual = (a, b) => a.length === b.length && a.every((byte, n) => byte === b[n]);

/** @param {Entry} entry @param {Uint8Array} content */
function checkInline(entry, content) {
  const { pieces, digests, size } = entry;
  const isWrong = (/** @type {Uint8Array} */ bytes, /** @type {string} */ name, /** @type {string} */ hex) =>
    isStreamed(name) && hasherOf(name).update(bytes).digest() !== hex;
  need((size ?? content.length) === content.length
    && !Object.entries(digests).some(([name, hex]) => isWrong(content, name, hex))
    && !(pieces && (pieces.digests.length !== Math.ceil(content.length / pieces.length) || pieces.digests.some((hex, n) =>
      isWrong(content.subarray(n * pieces.length, (n + 1) * pieces.length), pieces.algorithm, hex)))), "data-url");
  entry.size = content.length;
  entry.pieces = null;
  digests.sha256 ??= hasherOf("sha256").update(content).digest();
}

/** @param {Entry} entry A symlink leads to a place within what it is saved with. */
function checkSymlink({ content, executable, path }) {
  need(content && !executable && content.length <= 4095, "symlink");
  const target = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
  const parts = target.split("/").filter((part) => part && part !== ".");
  const inside = parts.join("/").replace(/^(\.\.(\/|$))+/, "");
  const up = parts.length - (inside ? inside.split("/").length : 0);
  need(target && isEqual(utf8(target), content) && !/^(\/|[A-Za-z]:)/.test(target)
    && up < joined(path).split("/").length && (!inside || isPath(inside)), "symlink");
}

/** @param {unknown} value */
function readSize(value) {
  need(value == null || isCount(value), "bad-size");
  return value ?? null;
}

/** @param {any} value */
function readDigests(value) {
  need(value == null || isObject(value), "bad-digest");
  const found = /** @type {Record<string, string>} */ ({});
  for (const given in value) {
    const name = canonicalName(given);
    const hex = value[given];
    if (!name || hex === null) continue; // crc32, an S3 ETag: nothing that we verify with
    const lower = checkedHex(name, hex);
    need((found[name] ??= lower) === lower, "bad-digest");
  }
  return found;
}

/** @param {string} name @param {unknown} hex */
function checkedHex(name, hex) {
  need(typeof hex === "string" && hex.length === hexLength(name) && !/[^0-9a-f]/i.test(hex), "bad-digest");
  return hex.toLowerCase();
}

/** @param {any} value @param {unknown} size @returns {Pieces | null} */
function readPieces(value, size) {
  if (value == null) return null;
  const { length, digests } = value;
  need(isObject(value) && Array.isArray(digests), "bad-digest");
  const algorithm = canonicalName(String(value.algorithm));
  if (!algorithm) return null;
  need(isCount(length) && length > 0 && (!isCount(size) || digests.length === Math.ceil(size / length)), "bad-digest");
  return { algorithm, length, digests: digests.map((hex) => checkedHex(algorithm, hex)) };
}

/** @param {any} value @param {string} [base] @returns {Access | null} */
function readAccess(value, base) {
  if (value == null) return null;
  const { kind, url = null, text = null } = value;
  need(["login", "terms", "request"].includes(kind) && (url === null || typeof url === "string")
    && (text === null || (typeof text === "string" && !NO_TEXT.test(text) && !isBroken(text)
      && [...text.trim()].length <= 500)), "access");
  return { kind, url: url === null ? "" : absolute(url, base), text: (text ?? "").trim() };
}

/** @param {Fields} fields @param {string} name */
function flag(fields, name) {
  const found = fields[name] ?? false;
  need(typeof found === "boolean", "flag");
  return found;
}

/** @param {unknown} value @returns {value is number} Whether it is a whole number that can be counted on. */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** @param {string} path @returns {string} The extension that git-annex keeps in a key. */
export function keyExtension(path) {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/^\.+/, "");
  const kept = [];
  for (const part of name.split(".").slice(1).reverse()) {
    if (utf8(part).length > 4) break;
    if (/^[A-Za-z0-9\u0080-\u{10ffff}]*$/u.test(part)) kept.push(part);
  }
  return kept.slice(0, 2).reverse().filter(Boolean).map((part) => `.${part}`).join("");
}
