import { asFault } from "../core/fault.js";

/**
 * Where the files go.
 *
 * @typedef {import("../engine/journal.js").State} State
 *
 * @typedef {object} File What is saved.
 * @property {string} path
 * @property {number} size
 * @property {number | null} mtime
 * @property {boolean} executable
 * @property {boolean} symlink
 * @property {string[]} urls
 * @property {Record<string, string>} digests
 * @property {import("../core/types.js").Pieces | null} pieces
 * @property {Uint8Array | null} content
 *
 * @typedef {object} Sink Files are known by their numbers; bytes of one come in order.
 * @property {() => Promise<State[]>} open What is there already, by number.
 * @property {(number: number, from: number, bytes: Uint8Array, crc: number) => Promise<void>} write
 *   *crc* is that of the content up to the end of *bytes*, which is used again afterwards.
 * @property {(number: number, from: number, length: number) => Promise<Uint8Array>} read What was written.
 * @property {(number: number) => Promise<void>} reset The file begins anew.
 * @property {(number: number, state: State) => Promise<void>} complete All of it was written.
 * @property {() => Promise<void>} finish All files are complete.
 * @property {() => Promise<void>} close Keeps what is there.
 * @property {(isHurried: boolean) => void} [hurry] Whether no `write` may wait for another.
 *
 * @typedef {object} Target Bytes at any place: a file.
 * @property {() => number} size
 * @property {(size: number) => unknown} resize
 * @property {(at: number, bytes: Uint8Array) => unknown} write *bytes* are used again afterwards; a promise
 *   is waited for.
 * @property {(at: number, length: number) => Uint8Array} read
 * @property {() => void} flush
 * @property {() => void} close
 * @property {(isHurried: boolean) => void} [hurry]
 */

/**
 * @param {FileSystemFileHandle | Promise<FileSystemFileHandle>} file That the user picked, or in such a folder.
 * @param {Blob | Uint8Array} content All that it is to have.
 * @throws {Fault}
 */
export async function fill(file, content) {
  try {
    const stream = await (await file).createWritable();
    await stream.write(/** @type {FileSystemWriteChunkType} */ (content));
    await stream.close();
  } catch (error) {
    throw sinkFault(error);
  }
}

/** @param {unknown} error Of the browser, on a file or folder that the user picked. */
export function sinkFault(error) {
  const { name } = /** @type {Error} */ (error);
  // Firefox has a name of its own
  const kind = /Quota|NO_DEVICE_SPACE/.test(name) ? "space" : /Type|Security/.test(name) ? "folder-name" : "permission";
  return asFault(error, kind);
}
