/** Files in the browser's own file system of this origin, for a worker: a folder for each download. */
import { Fault, asFault, need } from "../core/fault.js";

/** @typedef {import("./sink.js").Target} Target */

/**
 * @typedef {object} AccessHandle What only workers have, and their types.
 * @property {() => number} getSize
 * @property {(size: number) => void} truncate
 * @property {(bytes: Uint8Array, options: {at: number}) => number} write
 * @property {(bytes: Uint8Array, options: {at: number}) => number} read
 * @property {() => void} flush
 * @property {() => void} close
 */

const FOLDER = "jsdl";
const WAIT = 2000; // milliseconds

/** @param {boolean} create @returns {Promise<FileSystemDirectoryHandle>} Of all downloads. */
async function home(create) {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create });
}

/** @param {string} id @param {boolean} [create] The folder of a download. */
export async function folderOf(id, create = false) {
  return (await home(create)).getDirectoryHandle(id, { create });
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @returns {Promise<File>} */
export async function fileIn(folder, name) {
  return (await folder.getFileHandle(name)).getFile();
}

/** @param {FileSystemDirectoryHandle} folder @returns {Promise<any>} What is known of its download. */
export async function metaOf(folder) {
  return JSON.parse(await (await fileIn(folder, "meta")).text());
}

/** @returns {Promise<string[]>} Of which downloads something is there. */
export async function downloads() {
  try {
    const names = [];
    for await (const name of /** @type {any} */ (await home(false)).keys()) names.push(name);
    return names;
  } catch {
    return [];
  }
}

/**
 * One tab at a time has a download; one that was just closed may have it for a moment still.
 *
 * @template T
 * @param {string} id @param {() => Promise<T>} action
 * @returns {Promise<T>}
 * @throws {Fault} `lock`
 */
export function withLock(id, action) {
  if (!navigator.locks) return action();
  return new Promise((resolve, reject) => {
    const given = () => {
      const done = action();
      resolve(done);
      return done;
    };
    navigator.locks.request(`jsdl:${id}`, { signal: AbortSignal.timeout(WAIT) }, given)
      .catch(() => reject(new Fault("lock"))); // which tells nothing once it is resolved
  });
}

/** @param {string} id All that is kept of a download is deleted. */
export async function remove(id) {
  try {
    await (await home(false)).removeEntry(id, { recursive: true });
  } catch (error) {
    need(/** @type {Error} */ (error).name === "NotFoundError", "lock");
  }
}

/**
 * Full disks have many names; a browser throws even ones of its own.
 *
 * @template T
 * @param {() => T} action
 */
function orFull(action) {
  try {
    return action();
  } catch (error) {
    throw asFault(error, "space");
  }
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name
 * @returns {Promise<Target>}
 * @throws {Fault} `lock`: another tab has it open.
 */
export async function openTarget(folder, name) {
  const file = /** @type {any} */ (await folder.getFileHandle(name, { create: true }));
  /** @type {AccessHandle} */
  let handle;
  try {
    handle = await file.createSyncAccessHandle();
  } catch (error) {
    throw asFault(error, "lock");
  }
  return {
    size: () => handle.getSize(),
    resize: (size) => orFull(() => size !== handle.getSize() && handle.truncate(size)),
    write: (at, bytes) => need(orFull(() => handle.write(bytes, { at })) === bytes.length, "space"),
    read(at, length) {
      const out = new Uint8Array(length);
      return out.subarray(0, handle.read(out, { at }));
    },
    flush: () => orFull(() => handle.flush()),
    close: () => handle.close(),
  };
}
