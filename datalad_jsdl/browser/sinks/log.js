/** A journal in a file: records wait until what they tell of is safe. */
import { COMPLETE, HEADER, ready, replay, written } from "../engine/journal.js";

/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("../engine/journal.js").State} State */

const MOST_BYTES = 8 << 20; // of content that records wait for
const MOST_RECORDS = 256; // each is a small file, at least

/**
 * @typedef {object} Log The journal of one download.
 * @property {boolean} isReady
 * @property {(sizes: number[]) => State[]} open *sizes*: of the files.
 * @property {(number: number, crc: number, position: number, length: number) => void} written
 * @property {(number: number, state: State) => void} completed
 * @property {() => void} ready
 * @property {() => void} close
 */

/**
 * @param {Target} file
 * @param {Uint8Array} header What it is of.
 * @param {() => void} flushData Makes what was written before safe.
 * @returns {Log}
 */
export function logOf(file, header, flushData) {
  const waiting = /** @type {Map<number, Uint8Array>} */ (new Map()); // of each member the last counts
  let bytes = 0, end = HEADER;

  /** @param {number} number @param {Uint8Array} record @param {number} length */
  function add(number, record, length) {
    waiting.set(number, record);
    bytes += length;
    if (bytes >= MOST_BYTES || waiting.size >= MOST_RECORDS) flush();
  }

  function flush() {
    const records = Uint8Array.from([...waiting.values()].flatMap((record) => [...record]));
    if (!records.length) return;
    flushData();
    file.write(end, records);
    end += records.length;
    waiting.clear();
    bytes = 0;
  }

  /** @type {Log} */
  const log = {
    isReady: false,
    open(sizes) {
      const { states, isReady, length } = replay(file.read(0, file.size()), header, sizes);
      log.isReady = isReady;
      end = length || HEADER;
      file.resize(end);
      if (!length) file.write(0, header);
      return states;
    },
    written: (number, crc, position, length) => add(number, written(number, crc, position), length),
    completed: (number, { crc, verified }) => add(number, written(number + COMPLETE, crc, Number(verified)), 0),
    ready() {
      add(-1, ready(), 0);
      flush();
      log.isReady = true;
    },
    close() {
      flush();
      file.flush();
      file.close();
    },
  };
  return log;
}
