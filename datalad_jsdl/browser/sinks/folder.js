/**
 * A folder that the user picked. Small files are written as they come; larger ones are put together in
 * the browser's own file system, where a break costs little, and moved in at the end.
 */
import { need } from "../core/fault.js";
import { each } from "../engine/environment.js";
import { untouched } from "../engine/journal.js";
import { Check, UNIT } from "../engine/pieces.js";
import { fileIn, openTarget } from "./opfs.js";
import { fill, sinkFault } from "./sink.js";

/** @typedef {import("./sink.js").Sink} Sink */
/** @typedef {import("./sink.js").File} File */
/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("./log.js").Log} Log */

const NOT_THERE = new Set(["NotFoundError", "TypeMismatchError"]);

/** @implements {Sink} */
export class FolderSink {
  /**
   * @param {File[]} files
   * @param {FileSystemDirectoryHandle} folder That was picked.
   * @param {FileSystemDirectoryHandle} stage For large files.
   * @param {Log} log
   */
  constructor(files, folder, stage, log) {
    this.files = files;
    this.folder = folder;
    this.stage = stage;
    this.log = log;
    this.parts = /** @type {Map<number, Promise<Target>>} */ (new Map());
  }

  async open() {
    const states = this.log.open(this.files.map(({ size }) => size));
    await each(states.entries(), 8, async ([number, state]) => {
      const { size } = this.files[number];
      const file = await this.existing(number);
      if (state.complete && file?.size === size) return;
      // one that was being written when the browser ended is there, and empty
      const isCut = file && size && !file.size;
      if (isCut) await this.#dropSwap(number);
      if (!file || isCut) Object.assign(state, state.complete ? untouched() : {});
      else if (!(await this.#isRight(number, file, true))) state.blocked = true;
      else Object.assign(state, { position: size, complete: true, verified: new Check(this.files[number]).verifies });
    });
    return states;
  }

  /**
   * @param {number} number
   * @param {Blob} file Whether it has the size and the digests.
   * @param {boolean} otherwise The answer where there are no digests.
   */
  async #isRight(number, file, otherwise) {
    const check = new Check(this.files[number]);
    if (file.size !== this.files[number].size) return false;
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
  async existing(number) {
    try {
      return await (await this.#handle(number, false)).getFile();
    } catch (error) {
      if (NOT_THERE.has(/** @type {Error} */ (error).name)) return null;
      throw sinkFault(error);
    }
  }

  /** @param {number} number @param {boolean} create @returns {Promise<FileSystemFileHandle>} */
  async #handle(number, create) {
    const [folder, name] = await this.#place(number, create);
    return folder.getFileHandle(name, { create });
  }

  /** @param {number} number @param {boolean} create @returns {Promise<[FileSystemDirectoryHandle, string]>} */
  async #place(number, create) {
    const parts = this.files[number].path.split("/");
    let folder = this.folder;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
    return [folder, parts[parts.length - 1]];
  }

  /** @param {number} number What a browser that was killed has written of it, under a name of its own. */
  async #dropSwap(number) {
    const [folder, name] = await this.#place(number, false);
    await folder.removeEntry(`${name}.crswap`).catch(() => {});
  }

  /** @param {number} number @returns {Promise<Target>} */
  #part(number) {
    const found = this.parts.get(number) ?? openTarget(this.stage, `part-${number}`);
    this.parts.set(number, found);
    return found;
  }

  /** @param {number} number @param {Blob | Uint8Array} content */
  async #save(number, content) {
    const file = await this.existing(number);
    // since it was looked for: by another program, by this download where case makes no difference,
    // or by a page that was closed while it was being moved to its place
    if (file?.size) return need(await this.#isRight(number, file, false), "exists");
    await fill(this.#handle(number, true), content);
  }

  /** @type {Sink["write"]} */
  async write(number, from, bytes, crc) {
    const { size } = this.files[number];
    if (size <= UNIT && bytes.length === size) await this.#save(number, bytes);
    else {
      (await this.#part(number)).write(from, bytes);
      this.log.written(number, crc, from + bytes.length, bytes.length);
    }
  }

  /** @type {Sink["read"]} */
  async read(number, from, length) {
    return (await this.#part(number)).read(from, length);
  }

  /** @type {Sink["reset"]} */
  async reset(number) {
    this.log.written(number, 0, 0, 0);
  }

  /** @type {Sink["complete"]} */
  async complete(number, state) {
    const part = await this.parts.get(number);
    if (part || this.files[number].size > UNIT) {
      (part ?? (await this.#part(number))).close();
      this.parts.delete(number);
      const name = `part-${number}`;
      await this.#save(number, await fileIn(this.stage, name));
      await this.stage.removeEntry(name);
    }
    this.log.completed(number, state);
  }

  async finish() {
    if (!this.log.isReady) this.log.ready();
  }

  async close() {
    this.log.close();
    for (const part of this.parts.values()) await part.then((open) => open.close(), () => {});
    this.parts.clear();
  }
}
