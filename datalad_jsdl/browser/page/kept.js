/** What a page keeps of downloads between visits: folders that were picked, and what is on disk. */
import { replay } from "../engine/journal.js";
import { identity } from "../engine/job.js";
import { downloads, folderOf, remove } from "../sinks/opfs.js";

/**
 * @typedef {object} Kept
 * @property {string} id
 * @property {"zip" | "folder"} as
 * @property {string} name
 * @property {string} base URL of the manifest, or "".
 * @property {boolean} isReady A zip is complete, and may be saved.
 * @property {number} since Milliseconds since 1970.
 * @property {string} text Of the manifest.
 */

const NAME = "jsdl";
const STORE = "folders";

/**
 * @template T
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} action
 * @returns {Promise<T>}
 */
function withStore(mode, action) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = action(opening.result.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      opening.result.close();
    };
  });
}

/** @param {string} id @param {FileSystemDirectoryHandle} folder */
export const keepFolder = (id, folder) => withStore("readwrite", (store) => store.put(folder, id));

/** @param {string} id @returns {Promise<FileSystemDirectoryHandle | undefined>} */
export const keptFolder = (id) => withStore("readonly", (store) => store.get(id));

/** @returns {Promise<Kept[]>} Downloads that are not over, and zips that were not freed. */
export async function unfinished() {
  const found = await Promise.all((await downloads()).map((id) => keptOf(id).catch(() => null)));
  return found.filter((kept) => kept !== null);
}

/** @param {string} id @returns {Promise<Kept>} */
export async function keptOf(id) {
  const folder = await folderOf(id);
  const read = async (/** @type {string} */ name) => (await folder.getFileHandle(name)).getFile();
  const { text, base, as, name, since } = JSON.parse(await (await read("meta")).text());
  const journal = await read("journal").then((file) => file.arrayBuffer(), () => new ArrayBuffer(0));
  const header = identity(text, base, as);
  // only its end is looked at; of members nothing is asked
  const { isReady } = replay(ends(new Uint8Array(journal), header.length), header, []);
  return { id, as, name, base, isReady, since, text };
}

/** @param {Uint8Array} journal @param {number} head */
function ends(journal, head) {
  const last = head + Math.max(0, Math.floor((journal.length - head) / 16) - 1) * 16;
  const out = new Uint8Array(Math.min(journal.length, head + 16));
  out.set(journal.subarray(0, head));
  out.set(journal.subarray(last, last + 16).subarray(0, out.length - head), Math.min(head, out.length));
  return out;
}

/** @param {string} id @returns {Promise<File>} The zip. */
export async function zipOf(id) {
  return (await (await folderOf(id)).getFileHandle("data")).getFile();
}

/** @param {string} id All that is kept of it. */
export async function forget(id) {
  await remove(id);
  await withStore("readwrite", (store) => store.delete(id)).catch(() => {});
}
