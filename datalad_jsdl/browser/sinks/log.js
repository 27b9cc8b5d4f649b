/** A journal in a file: records wait until what they tell of is safe. */
import { HEADER, completed, ready, replay, written } from "../engine/journal.js";

/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("../engine/journal.js").State} State */

const MOST_BYTES = 8 << 20; // of content that records wait for
const MOST_RECORDS = 256; // each is a small file, at least

/** The journal of one download. */
export class Log {
  /**
   * @param {Target} file
   * @param {Uint8Array} header What it is of.
   * @param {() => void} flush Makes what was written before safe.
   */
  constructor(file, header, flush) {
    this.file = file;
    this.header = header;
    this.flushData = flush;
    this.waiting = /** @type {Map<number, Uint8Array>} */ (new Map()); // of each member the last counts
    this.bytes = 0;
    this.isReady = false;
    this.end = HEADER;
  }

  /** @param {number[]} sizes Of the files. @returns {State[]} */
  open(sizes) {
    const { states, isReady, length } = replay(this.file.read(0, this.file.size()), this.header, sizes);
    this.isReady = isReady;
    this.end = length || HEADER;
    this.file.resize(this.end);
    if (!length) this.file.write(0, this.header);
    return states;
  }

  /** @param {number} number @param {number} crc @param {number} position @param {number} length */
  written(number, crc, position, length) {
    this.#add(number, written(number, crc, position), length);
  }

  /** @param {number} number @param {State} state */
  completed(number, { crc, verified }) {
    this.#add(number, completed(number, crc, verified), 0);
  }

  ready() {
    this.#add(-1, ready(), 0);
    this.flush();
    this.isReady = true;
  }

  /** @param {number} number @param {Uint8Array} record @param {number} length */
  #add(number, record, length) {
    this.waiting.set(number, record);
    this.bytes += length;
    if (this.bytes >= MOST_BYTES || this.waiting.size >= MOST_RECORDS) this.flush();
  }

  flush() {
    const records = Uint8Array.from([...this.waiting.values()].flatMap((record) => [...record]));
    if (!records.length) return;
    this.flushData();
    this.file.write(this.end, records);
    this.end += records.length;
    this.waiting.clear();
    this.bytes = 0;
  }

  close() {
    this.flush();
    this.file.flush();
    this.file.close();
  }
}
