/** What a page keeps of downloads between visits: folders that were picked, and what is on disk. */
import { RECORD, ready } from "../engine/journal.js";
import { downloads, fileIn, folderOf, metaOf, remove, withLock } from "../sinks/opfs.js";

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
  const found = await Promise.all((await downloads()).map((id) => keptOf(id).catch(() => {
    // what cannot be told of takes space for nothing, unless it has just begun
    forget(id).catch(() => {});
    return [];
  })));
  return found.flat();
}

/** @param {string} id @returns {Promise<Kept>} */
export async function keptOf(id) {
  const folder = await folderOf(id);
  const { text, base, as, name, since } = await metaOf(folder);
  // the last record of the journal tells
  const end = await fileIn(folder, "journal").then((file) => file.slice(-RECORD).arrayBuffer()).catch(() => []);
  return { id, as, name, base, isReady: `${new Uint8Array(end)}` === `${ready()}`, since, text };
}

/** @param {string} id @returns {Promise<File>} The zip. */
export async function zipOf(id) {
  return fileIn(await folderOf(id), "data");
}

/** @param {string} id All that is kept of it. @throws {Fault} `lock`: another tab has it. */
export const forget = (id) => withLock(id, async () => {
  await remove(id);
  await withStore("readwrite", (store) => store.delete(id)).catch(() => {});
});
