/**
 * Saves the files of a manifest from the browser: as one zip, or to a folder.
 *
 * `download(manifest, options)` begins at once; call it in a click, as browsers ask for one before they
 * let a folder be picked.
 */
import { Fault, asFault, need } from "./core/fault.js";
import { jobOf, manifestOf } from "./engine/job.js";
import { downloadOf } from "./page/download.js";
import { forget, keptFolder, keptOf, unfinished } from "./page/kept.js";
import { readText } from "./page/read.js";

export { Fault, forget, unfinished };

/** @typedef {import("./page/download.js").Options} Options */

/**
 * @param {string | URL | object} manifest Its URL, its text, or the object.
 * @param {Options} [options]
 * @returns {import("./page/download.js").Download}
 */
export function download(manifest, options = {}) {
  const as = options.as ?? "zip";
  // first of all: the click is over after the first `await`
  const folder = as === "folder" ? Promise.resolve(options.directory ?? pick()) : undefined;
  folder?.catch(() => {});
  return downloadOf(readText(manifest, options), as, options, folder);
}

/** @returns {Promise<FileSystemDirectoryHandle>} */
async function pick() {
  const picker = /** @type {any} */ (globalThis).showDirectoryPicker;
  need(picker, "no-picker");
  try {
    return await picker({ mode: "readwrite", id: "jsdl", startIn: "downloads" });
  } catch (error) {
    throw asFault(error, "permission");
  }
}

/**
 * Go on with what an earlier visit has begun; call it in a click if it is a folder.
 *
 * @param {string} id Of `unfinished`.
 * @param {Options} [options]
 * @returns {import("./page/download.js").Download}
 */
export function resume(id, options = {}) {
  const kept = keptOf(id);
  const folder = kept.then(async ({ as }) => {
    if (as !== "folder") return undefined;
    const handle = /** @type {any} */ (options.directory ?? (await keptFolder(id)));
    need((await handle?.requestPermission({ mode: "readwrite" })) === "granted", "permission");
    return handle;
  });
  folder.catch(() => {});
  return downloadOf(kept, kept.then(({ as }) => as), options, folder, id);
}

/**
 * @param {string | URL | object} manifest
 * @param {Options} [options]
 * @returns {Promise<{length: number, bytes: number, files: number, refused: Array<{path: string | null,
 *   reason: string, where: string}>, unsized: string[]}>} `length`: of the zip, without those `unsized`.
 * @throws {Fault}
 */
export async function plan(manifest, options = {}) {
  const { text, base } = await readText(manifest, options);
  const { layout, bytes, files, refused, unsized } = jobOf(manifestOf(text, base), options.as ?? "zip");
  return { length: layout.total, bytes, files: files.length, refused, unsized };
}

/**
 * What this browser can do.
 *
 * @returns {Promise<{zip: boolean, folder: boolean, resumable: boolean, maxBytes: number, why: string}>}
 *   `why`: the key of a text on what it cannot, or "".
 */
export async function capabilities() {
  let folder = "showDirectoryPicker" in globalThis, resumable = true, maxBytes = 2 ** 31;
  try {
    await navigator.storage.getDirectory();
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    maxBytes = quota - usage;
  } catch {
    folder = resumable = false;
  }
  return { zip: true, folder, resumable, maxBytes, why: folder ? "" : "no-picker" };
}
