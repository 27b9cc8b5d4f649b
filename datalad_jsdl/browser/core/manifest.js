/** A manifest's text → entries: the project's two JSON forms, as the command line reads them. */
import { absolute, isObject, keyExtension, readEntry } from "./entry.js";
import { asFault, need } from "./fault.js";
import { ALGORITHMS } from "./hash.js";
import { joined } from "./names.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Manifest} Manifest */
/** @typedef {import("./types.js").NamedArchive} NamedArchive */

/** Path of the member that names zips of the manifest; no file can have it. */
const ARCHIVES = "/";
const MANY = 50; // URLs
/** Of JSON that is right: a string, or what tells where something ends. */
const TOKEN = /"(?:[^"\\]+|\\.)*"|[\n{}[\],:]/g;

/**
 * @param {string} text
 * @param {string} [base] URL that it was read from.
 * @returns {Manifest}
 * @throws {Fault} `manifest`: it is none.
 */
export function readManifest(text, base) {
  text = text.replace(/^\ufeff/, "");
  const records = isLines(text) ? lineRecords(text) : objectRecords(text);
  const found = /** @type {Manifest} */ ({ entries: [], refused: [], archives: [] });
  const paths = new Set();
  // archives first: what they have needs no URLs
  const isArchives = (/** @type {Item} */ { path, value }) => Number(path === ARCHIVES && isObject(value));
  for (const record of records.sort((a, b) => isArchives(b) - isArchives(a))) {
    const { path, value, where, fault } = record;
    try {
      need(!fault, "json");
      if (isArchives(record)) {
        found.archives.push(...readArchives(value.archives, base));
        continue;
      }
      const entry = readEntry(path, value, where, base, found.archives.length > 0);
      need(!paths.has(path), "twice");
      paths.add(path);
      found.entries.push(entry);
    } catch (error) {
      const { kind } = asFault(error, "json");
      found.refused.push({ path: typeof path === "string" ? path : null, reason: kind, where });
    }
  }
  // paths in a folder that others make a subdataset, without the mark
  const subdatasets = new Set(found.entries.flatMap(({ path }) => datasets(path)));
  refuse(found, "misplaced", (path) => {
    const own = datasets(path);
    return above(path).some((folder) => subdatasets.has(folder) && !own.includes(folder));
  });
  const folders = new Set(found.entries.flatMap(({ path }) => above(path)));
  refuse(found, "is-folder", (path) => folders.has(joined(path)));
  return found;
}

/** @typedef {{path: any, value: any, where: string, fault?: boolean}} Item */

/** @param {string} text Whether one of the first lines is an object with a path. */
function isLines(text) {
  return text.split("\n", 20).some((line) => typeof parsed(line)?.path === "string");
}

/** @param {string} text @returns {any} Undefined if it is no JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} text @returns {Item[]} */
function lineRecords(text) {
  return text.split("\n").flatMap((line, n) => {
    if (!line.trim()) return [];
    const value = parsed(line);
    return [{ path: value?.path, value, where: `line ${n + 1}`, fault: !isObject(value) }];
  });
}

/**
 * The members of an object one by one, as the parser keeps only the last of those of one name.
 *
 * @param {string} text
 * @returns {Item[]}
 */
function objectRecords(text) {
  need(isObject(parsed(text)), "manifest");
  const found = /** @type {Item[]} */ ([]);
  let depth = 0, key = "", start = 0, line = 1, keyLine = 1;
  const add = (/** @type {number} */ end) => {
    const value = text.slice(start, end).trim();
    if (value) found.push({ path: JSON.parse(key), value: JSON.parse(value), where: `line ${keyLine}` });
    key = "";
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const isTop = depth === 1;
    if (token === "\n") line++;
    else if (token[0] === '"') {
      if (isTop && !key) [key, keyLine] = [token, line];
    } else if (token === ":") {
      if (isTop) start = index + 1;
    } else if (/[{[]/.test(token)) depth++;
    else {
      if (isTop && key) add(index);
      if (token !== ",") depth--;
    }
  }
  return found;
}

/** @param {any} items @param {string} [base] @returns {NamedArchive[]} */
function readArchives(items, base) {
  need(Array.isArray(items), "archives");
  return items.map((item) => {
    const leadingDir = item?.leading_dir ?? "";
    need(Array.isArray(item?.urls) && typeof leadingDir === "string", "archives");
    return { urls: item.urls.map((/** @type {any} */ url) => absolute(String(url), base)), leadingDir };
  });
}

/** @param {Manifest} found @param {string} reason @param {(path: string) => boolean} isBad */
function refuse(found, reason, isBad) {
  found.entries = found.entries.filter(({ path, where }) => {
    const refused = isBad(path);
    if (refused) found.refused.push({ path, reason, where });
    return !refused;
  });
}

/** @param {string} path Folders of the subdatasets that it leads through. */
function datasets(path) {
  return before(path.split("//"));
}

/** @param {string} path All folders above it. */
function above(path) {
  return before(joined(path).split("/"));
}

/** @param {string[]} parts Of a path; all that lead to the last one. */
function before(parts) {
  return parts.slice(1).map((_, n) => parts.slice(0, n + 1).join("/"));
}

/**
 * What entries have in common: those of one content, which git-annex would give one key, have one
 * time, the latest, and each other's URLs. So has the archive that the command line writes.
 *
 * @param {Entry[]} entries
 * @returns {Array<{path: string, mtime: number | null, urls: string[]}>} In the order of the entries.
 */
export function shared(entries) {
  const groups = /** @type {Map<string, {mtime: number | null, urls: string[]}>} */ (new Map());
  const all = entries.map((entry) => {
    const { mtime, ownMtime, urls } = entry;
    const key = keyOf(entry);
    const group = groups.get(key) ?? { mtime: null, urls: [] };
    groups.set(key, group);
    if (!ownMtime && mtime !== null) group.mtime = Math.max(group.mtime ?? mtime, mtime);
    // thousands of files may have one content
    if (group.urls.length < MANY) group.urls.push(...urls.slice(0, MANY));
    return group;
  });
  return entries.map(({ path, mtime, ownMtime, urls }, n) => ({
    path: joined(path), mtime: ownMtime ? mtime : all[n].mtime, urls: [...new Set([...urls, ...all[n].urls])],
  }));
}

/** @param {Entry} entry */
function keyOf({ path, content, digests, size, urls }) {
  const mark = path.lastIndexOf("//");
  const algorithm = ALGORITHMS.find((name) => name in digests);
  const name = content ? `path ${path}` : algorithm
    ? `${algorithm} ${digests[algorithm]}${keyExtension(path)}` : urls[0] ?? `path ${path}`;
  return `${joined(path.slice(0, Math.max(mark, 0)))}\0${size}\0${name}`;
}
