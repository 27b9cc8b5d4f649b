/** One file from its candidates into the sink: read, checked, written, unit by unit. */
import { crc32 } from "../core/crc.js";
import { Fault } from "../core/fault.js";
import { EMPTY } from "../core/zip.js";
import { Check } from "./pieces.js";
import { Source } from "./source.js";

/** @typedef {import("./source.js").Context} Context */
/** @typedef {import("./source.js").Candidate} Candidate */
/** @typedef {import("./journal.js").State} State */
/** @typedef {import("../sinks/sink.js").Sink} Sink */
/** @typedef {import("../sinks/sink.js").File} File */

const READ_AGAIN = 1 << 20; // bytes at a time

/** A file on its way. */
export class Transfer {
  /**
   * @param {number} number Of the file.
   * @param {File} file @param {State} state Where it begins; kept up to date. @param {Sink} sink
   * @param {Context} context @param {import("./archives.js").Transport[]} [archives] That have it, too.
   */
  constructor(number, file, state, sink, context, archives) {
    this.number = number;
    this.file = file;
    this.state = state;
    this.sink = sink;
    this.context = context;
    this.check = new Check(file);
    this.source = new Source(file.urls, file.size, context, archives, number);
    this.givers = /** @type {Set<Candidate>} */ (new Set()); // of what is written
  }

  /**
   * Get all of it.
   *
   * @throws {Fault} No candidate has it, or the sink does not take it.
   */
  async run() {
    const { file, state, number } = this;
    await this.#prepare();
    const own = file.content ?? (file.size ? null : EMPTY);
    if (own) await this.#commit(own, new Set());
    while (state.position < file.size) {
      try {
        await this.#read();
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== "wrong" || !this.suspects) throw error;
        this.source.blame(this.suspects);
        this.suspects = undefined;
        if (this.check.readsAgain) await this.#restart();
      }
    }
    state.complete = true;
    state.verified = this.check.verifies;
    await this.sink.complete(number, state);
  }

  /** Check what an earlier visit has written, as far as later checks need it. */
  async #prepare() {
    const { state, check, sink, number } = this;
    // the last unit was checked before it was written
    if (!state.position || state.position === this.file.size) return;
    if (state.position % check.unit) return this.#restart();
    for (let at = 0; check.hasher && at < state.position; at += READ_AGAIN) {
      const length = Math.min(READ_AGAIN, state.position - at);
      check.hasher.update(await sink.read(number, at, length));
    }
  }

  async #restart() {
    if (this.state.position) await this.sink.reset(this.number);
    this.context.onWritten(-this.state.position);
    this.state.position = this.state.crc = 0;
    this.givers.clear();
    this.check.reset();
  }

  /** From where it stands to the end; while one unit is checked and written, the next is read. */
  async #read() {
    const { file, state, check } = this;
    const buffers = /** @type {Uint8Array[]} */ ([]);
    let committing = Promise.resolve();
    let start = state.position, held = 0, turn = 0;
    let givers = /** @type {Set<Candidate>} */ (new Set());
    try {
      for await (const { bytes, candidate } of this.source.read(start, file.size, check.unit)) {
        for (let at = 0; at < bytes.length;) {
          const wanted = Math.min(check.unit, file.size - start);
          const buffer = (buffers[turn] ??= new Uint8Array(wanted)).subarray(0, wanted);
          const part = bytes.subarray(at, at + wanted - held);
          givers.add(candidate);
          buffer.set(part, held);
          held += part.length;
          at += part.length;
          if (held < wanted) continue;
          await committing;
          committing = this.#commit(buffer, givers);
          committing.catch(() => {}); // told of by the next `await`
          [start, held, turn, givers] = [start + wanted, 0, 1 - turn, new Set()];
        }
      }
      await committing;
    } finally {
      await committing.catch(() => {}); // nothing is written once this is over
    }
  }

  /** @param {Uint8Array} bytes The next unit, all of it. @param {Set<Candidate>} givers */
  async #commit(bytes, givers) {
    const { state, number } = this;
    for (const giver of givers) this.givers.add(giver);
    try {
      await this.check.unitIs(bytes, state.position);
    } catch (error) {
      this.suspects = this.check.readsAgain ? new Set(this.givers) : givers;
      throw error;
    }
    const crc = crc32(bytes, state.crc);
    await this.sink.write(number, state.position, bytes, crc);
    state.crc = crc;
    state.position += bytes.length;
    this.context.onWritten(bytes.length);
  }
}
