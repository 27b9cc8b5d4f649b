/** What a document says of a file → a checked entry. */
import { contentOf, isDataUrl } from "./data-url.js";
import { Fault } from "./fault.js";
import { ALGORITHMS, Hasher, canonicalName, isStreamed } from "./hash.js";
import { isBroken, joined, markedPathFault, pathFault, utf8 } from "./names.js";
import { parseTime } from "./time.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Pieces} Pieces */
/** @typedef {import("./types.js").Access} Access */
/** @typedef {Record<string, any>} Fields */

const URL_FIELDS = ["urls", "url", "extra_urls"];
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
  if (typeof path !== "string") throw new Fault("no-path");
  const fault = markedPathFault(path);
  if (fault) throw new Fault(fault);
  if (value?.twice === true) throw new Fault("twice");
  const fields = Array.isArray(value) ? { urls: value } : value;
  if (!isObject(fields)) throw new Fault("no-urls");
  const items = urlItems(fields);
  const symlink = flag(fields, "symlink");
  const content = inlineContent(items);
  const entry = {
    path, symlink, content, where,
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
    if (Array.isArray(items) || typeof items === "string" || isObject(items)) return items;
    throw new Fault("no-urls");
  });
}

/** @param {any[]} items @param {string} [base] */
function readUrls(items, base) {
  const found = items.map((item) => {
    const { url, priority, location } = isObject(item) ? item : { url: item };
    if (typeof url !== "string") throw new Fault("url");
    if (priority != null && !isCount(priority)) throw new Fault("url");
    if (location != null && (typeof location !== "string" || isBroken(location))) throw new Fault("url");
    return { url: absolute(url, base), priority: priority ?? Infinity };
  });
  if (!found.length) throw new Fault("no-urls");
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
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1].toLowerCase();
  const isWeb = !scheme || (/^https?$/.test(scheme) && /^[^/]*:\/\/[^/?#]/.test(text));
  if (!text || /[\x00-\x1f\x7f]/.test(url) || isBroken(url) || !isWeb) throw new Fault("url");
  try {
    const found = scheme ? new URL(text) : new URL(text, base);
    if (!/^https?:$/.test(found.protocol) || found.username || found.password) throw new Fault("url");
    return found.href;
  } catch {
    throw new Fault("url");
  }
}

/** @param {any[]} items @returns {Uint8Array | null} */
function inlineContent(items) {
  const urls = items.map((item) => (isObject(item) ? item.url : item)).filter(isDataUrl);
  const [first, ...others] = urls.map(contentOf);
  if (others.some((other) => !isEqual(other, first))) throw new Fault("data-url");
  return first ?? null;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function isEqual(a, b) {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** @param {Entry} entry @param {Uint8Array} content */
function checkInline(entry, content) {
  const { pieces, digests } = entry;
  const streamed = (/** @type {Uint8Array} */ bytes, /** @type {string} */ name) =>
    new Hasher(name).update(bytes).digest();
  const isWrong = (entry.size !== null && entry.size !== content.length)
    || Object.entries(digests).some(([name, hex]) => isStreamed(name) && streamed(content, name) !== hex)
    || (pieces && isStreamed(pieces.algorithm) && pieces.digests.some((hex, n) =>
      streamed(content.subarray(n * pieces.length, (n + 1) * pieces.length), pieces.algorithm) !== hex))
    || (pieces && pieces.digests.length !== Math.ceil(content.length / pieces.length));
  if (isWrong) throw new Fault("data-url");
  entry.size = content.length;
  entry.pieces = null;
  digests.sha256 ??= streamed(content, "sha256");
}

/** @param {Entry} entry A symlink leads to a place within what it is saved with. */
function checkSymlink({ content, executable, path }) {
  if (!content || executable) throw new Fault("symlink");
  let target = "";
  try {
    target = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new Fault("symlink");
  }
  const parts = target.split("/").filter((part) => part && part !== ".");
  const up = parts.findIndex((part) => part !== "..");
  const inside = up < 0 ? [] : parts.slice(up);
  const depth = joined(path).split("/").length - 1;
  const isFar = (up < 0 ? parts.length : up) > depth || /^(\/|[A-Za-z]:)/.test(target);
  if (!target || content.length > 4095 || isFar || (inside.length && pathFault(inside.join("/")))) {
    throw new Fault("symlink");
  }
}

/** @param {unknown} value */
function readSize(value) {
  if (value == null) return null;
  if (!isCount(value)) throw new Fault("bad-size");
  return /** @type {number} */ (value);
}

/** @param {unknown} value */
function readDigests(value) {
  if (value == null) return {};
  if (!isObject(value)) throw new Fault("bad-digest");
  const found = /** @type {Record<string, string>} */ ({});
  for (const [given, hex] of Object.entries(/** @type {Fields} */ (value))) {
    const name = canonicalName(given);
    if (!name || hex === null) continue; // crc32, an S3 ETag: nothing that we verify with
    const lower = checkedHex(name, hex);
    if ((found[name] ??= lower) !== lower) throw new Fault("bad-digest");
  }
  return found;
}

/** @param {string} name @param {unknown} hex */
function checkedHex(name, hex) {
  if (typeof hex !== "string" || hex.length !== ALGORITHMS[name] || /[^0-9a-fA-F]/.test(hex)) {
    throw new Fault("bad-digest");
  }
  return hex.toLowerCase();
}

/** @param {any} value @param {unknown} size @returns {Pieces | null} */
function readPieces(value, size) {
  if (value == null) return null;
  if (!isObject(value) || !Array.isArray(value.digests)) throw new Fault("bad-digest");
  const algorithm = canonicalName(String(value.algorithm));
  const { length, digests } = value;
  if (!algorithm) return null;
  if (!isCount(length) || length < 1) throw new Fault("bad-digest");
  if (isCount(size) && digests.length !== Math.ceil(/** @type {number} */ (size) / length)) {
    throw new Fault("bad-digest");
  }
  return { algorithm, length, digests: digests.map((/** @type {unknown} */ hex) => checkedHex(algorithm, hex)) };
}

/** @param {any} value @param {string} [base] @returns {Access | null} */
function readAccess(value, base) {
  if (value == null) return null;
  const { kind, url = null, text = null } = value;
  const isText = text === null || (typeof text === "string" && !NO_TEXT.test(text) && !isBroken(text)
    && [...text.trim()].length <= 500);
  if (!isObject(value) || !["login", "terms", "request"].includes(kind) || !isText) throw new Fault("access");
  if (url !== null && typeof url !== "string") throw new Fault("access");
  return { kind, url: url === null ? "" : absolute(url, base), text: (text ?? "").trim() };
}

/** @param {Fields} fields @param {string} name */
function flag(fields, name) {
  const found = fields[name] ?? false;
  if (typeof found !== "boolean") throw new Fault("flag");
  return found;
}

/** @param {unknown} value A whole number that can be counted on. */
function isCount(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
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
