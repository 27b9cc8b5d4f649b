/** What a manifest comes to: the files that are saved, where they lie in a zip, and what is refused. */
import { Fault } from "../core/fault.js";
import { hasherOf } from "../core/hash.js";
import { readManifest, shared } from "../core/manifest.js";
import { isInFolder, utf8 } from "../core/names.js";
import { layoutOf } from "../core/zip.js";
import { each } from "./environment.js";
import { requestInit } from "./response.js";

/** @typedef {import("../core/types.js").Manifest} Manifest */
/** @typedef {import("../core/types.js").Refusal} Refusal */
/** @typedef {import("../sinks/sink.js").File} File */
/** @typedef {import("./archives.js").Transport} Transport */

/** @typedef {Array<[string, number]>} Sizes Of files whose size the manifest does not tell, by path. */

/**
 * @typedef {object} Job
 * @property {File[]} files In the order of a zip.
 * @property {string[]} unsized Paths of files whose size is not known; they are not among these.
 * @property {Refusal[]} refused
 * @property {import("../core/zip.js").Layout} layout
 * @property {Transport[]} archives
 * @property {number} bytes Of content.
 */

/** The report of a download that did nothing. */
export const NOTHING = { saved: 0, failed: [], verified: 0, unverified: 0, bytesFetched: 0 };

/** @param {{fault?: string | null, failed: unknown[]}} report Whether all is there. */
export const isRight = ({ fault, failed }) => !fault && !failed.length;

/**
 * @param {Manifest} manifest
 * @param {"zip" | "folder"} as
 * @param {Sizes} [sizes]
 * @returns {Job}
 */
export function jobOf(manifest, as, sizes) {
  const common = shared(manifest.entries);
  const found = new Map(sizes);
  const refused = [...manifest.refused];
  const unsized = /** @type {string[]} */ ([]);
  const all = manifest.entries.flatMap((entry, n) => {
    const { path, mtime, urls } = common[n];
    const size = entry.size ?? found.get(path) ?? null;
    const reason = as === "zip" ? "" : entry.symlink ? "symlink-folder" : isInFolder(path) ? "" : "folder-name";
    if (reason) refused.push({ path, reason, where: entry.where });
    if (size === null) unsized.push(path);
    return size === null ? [] : [{ ...entry, path, mtime, urls, size, reason }];
  });
  const whole = layoutOf(all);
  const kept = whole.members;
  const members = [...kept.keys()].filter((number) => !kept[number].reason);
  const files = members.map((number) => kept[number]);
  return {
    files, unsized, refused, layout: files.length < kept.length ? layoutOf(files) : whole,
    archives: unsized.length ? []
      : manifest.archives.map(({ urls, leadingDir }) => ({ urls, members, layout: inside(kept, leadingDir) })),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/** @param {File[]} files @param {string} folder */
function inside(files, folder) {
  const before = folder.replace(/^\/+|\/+$/g, "");
  return layoutOf(files.map((file) => ({ ...file, path: before ? `${before}/${file.path}` : file.path })));
}

/**
 * Ask the servers for sizes that the manifest does not tell.
 *
 * @param {Manifest} manifest @param {string[]} paths @param {import("./response.js").Access} access
 * @param {typeof fetch} fetch
 * @returns {Promise<Sizes>}
 * @throws {Fault} `no-size`
 */
export async function askSizes(manifest, paths, access, fetch) {
  const found = /** @type {Sizes} */ ([]);
  const wanted = new Set(paths);
  await each(shared(manifest.entries).filter(({ path }) => wanted.has(path)), 6, async ({ path, urls }) => {
    for (const url of urls) {
      const size = await askSize(url, access, fetch).catch(() => null);
      if (size !== null) return void found.push([path, size]);
    }
    throw new Fault("no-size", { path });
  });
  return found;
}

/** @param {string} url @param {import("./response.js").Access} access @param {typeof fetch} fetch */
async function askSize(url, access, fetch) {
  const init = requestInit(new URL(url).origin, access);
  const signal = AbortSignal.timeout(30000);
  // with a range, nobody compresses; its total is readable only where the server lets it be
  const first = await fetch(url, { ...init, headers: { ...init.headers, Range: "bytes=0-0" }, signal });
  first.body?.cancel().catch(() => {});
  const total = /\/(\d+)$/.exec(first.headers.get("Content-Range") ?? "")?.[1];
  const head = total ? null : await fetch(url, { ...init, method: "HEAD", signal });
  const size = Number((total ?? (head?.ok && head.headers.get("Content-Length"))) || NaN);
  return Number.isSafeInteger(size) ? size : null;
}

/**
 * @param {string} text Of the manifest. @param {string} base @param {string} as
 * @returns {Uint8Array} What a journal is of.
 */
export function identity(text, base, as) {
  // `crypto.subtle` is not there on pages without encryption
  return hasherOf("sha256").update(utf8(JSON.stringify(["jsdl 1", as, base, text]))).bytes();
}

/** @param {string} text @param {string} base */
export const manifestOf = (text, base) => readManifest(text, base || undefined);
