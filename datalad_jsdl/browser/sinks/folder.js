/**
 * A folder that the user picked. Small files are written as they come; larger ones are put together in
 * the browser's own file system, where a break costs little, and moved in at the end.
 */
import { need } from "../core/fault.js";
import { each } from "../engine/environment.js";
import { untouched } from "../engine/journal.js";
import { UNIT, checkOf } from "../engine/pieces.js";
import { fileIn, openTarget } from "./opfs.js";
import { fill, sinkFault } from "./sink.js";

/** @typedef {import("./sink.js").Sink} Sink */
/** @typedef {import("./sink.js").File} File */
/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("./log.js").Log} Log */

const NOT_THERE = new Set(["NotFoundError", "TypeMismatchError"]);

/**
 * @param {File[]} files
 * @param {FileSystemDirectoryHandle} picked
 * @param {FileSystemDirectoryHandle} stage For large files.
 * @param {Log} log
 * @returns {Sink}
 */
export function folderSink(files, picked, stage, log) {
  const parts = /** @type {Map<number, Promise<Target>>} */ (new Map());

  /**
   * @param {number} number
   * @param {Blob} file Whether it has the size and the digests.
   * @param {boolean} otherwise The answer where there are no digests.
   */
  async function isRight(number, file, otherwise) {
    const check = checkOf(files[number]);
    if (file.size !== files[number].size) return false;
    try {
      for (let at = 0; check.verifies && at < file.size; at += check.unit) {
        const bytes = await file.slice(at, at + check.unit).arrayBuffer();
        await check.unitIs(new Uint8Array(bytes), at);
      }
      return check.verifies || otherwise;
    } catch {
      return false;
    }
  }

  /** @param {number} number @returns {Promise<globalThis.File | null>} What is in the folder under its name. */
  async function existing(number) {
    try {
      return await (await handleOf(number, false)).getFile();
    } catch (error) {
      if (NOT_THERE.has(/** @type {Error} */ (error).name)) return null;
      throw sinkFault(error);
    }
  }

  /** @param {number} number @param {boolean} create @returns {Promise<FileSystemFileHandle>} */
  async function handleOf(number, create) {
    const [folder, name] = await placeOf(number, create);
    return folder.getFileHandle(name, { create });
  }

  /** @param {number} number @param {boolean} create @returns {Promise<[FileSystemDirectoryHandle, string]>} */
  async function placeOf(number, create) {
    const names = files[number].path.split("/");
    const last = /** @type {string} */ (names.pop());
    let folder = picked;
    for (const name of names) folder = await folder.getDirectoryHandle(name, { create });
    return [folder, last];
  }

  /** @param {number} number @returns {Promise<Target>} */
  function partOf(number) {
    const found = parts.get(number) ?? openTarget(stage, `part-${number}`);
    parts.set(number, found);
    return found;
  }

  /** @param {number} number @param {Blob | Uint8Array} content */
  async function save(number, content) {
    const file = await existing(number);
    // since it was looked for: by another program, by this download where case makes no difference,
    // or by a page that was closed while it was being moved to its place
    if (file?.size) return need(await isRight(number, file, false), "exists");
    await fill(handleOf(number, true), content);
  }

  return {
    async open() {
      const states = log.open(files.map(({ size }) => size));
      await each(states.entries(), 8, async ([number, state]) => {
        const { size } = files[number];
        const file = await existing(number);
        if (state.complete && file?.size === size) return;
        // one that was being written when the browser ended is there, and empty
        const isCut = file && size && !file.size;
        if (isCut) {
          // what that browser has written of it, under a name of its own
          const [folder, name] = await placeOf(number, false);
          await folder.removeEntry(`${name}.crswap`).catch(() => {});
        }
        if (!file || isCut) Object.assign(state, state.complete ? untouched() : {});
        else if (!(await isRight(number, file, true))) state.blocked = true;
        else Object.assign(state, { position: size, complete: true, verified: checkOf(files[number]).verifies });
      });
      return states;
    },

    async write(number, from, bytes, crc) {
      const { size } = files[number];
      if (size <= UNIT && bytes.length === size) return save(number, bytes);
      (await partOf(number)).write(from, bytes);
      log.written(number, crc, from + bytes.length, bytes.length);
    },

    async read(number, from, length) {
      return (await partOf(number)).read(from, length);
    },

    async reset(number) {
      log.written(number, 0, 0, 0);
    },

    async complete(number, state) {
      const part = await parts.get(number);
      if (part || files[number].size > UNIT) {
        (part ?? (await partOf(number))).close();
        parts.delete(number);
        const name = `part-${number}`;
        await save(number, await fileIn(stage, name));
        await stage.removeEntry(name);
      }
      log.completed(number, state);
    },

    async finish() {
      if (!log.isReady) log.ready();
    },

    async close() {
      log.close();
      for (const part of parts.values()) await part.then((open) => open.close(), () => {});
      parts.clear();
    },
  };
}
