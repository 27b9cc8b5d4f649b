/**
 * What is safe already, so that a download goes on after the tab or the browser was killed.
 *
 * A header of 32 bytes says of what: the SHA-256 of the manifest and the target. Records of 16 bytes
 * follow, little-endian: number of the member (32 bits), CRC-32 of its content as far as it is written
 * (32), that length (48), and the low half of the CRC-32 of these 14 bytes (16). The last record of a
 * member counts. A number's highest bit says that the member is complete: its length is then 1 if it
 * was verified. All bits set: everything is.
 *
 * A record is written after what it tells of. One that was cut off ends the journal.
 */
import { crc32 } from "../core/crc.js";
import { record } from "../core/zip.js";

export const HEADER = 32;
export const RECORD = 16;
export const COMPLETE = 2 ** 31;
const READY = 2 ** 32 - 1;

/**
 * @typedef {object} State What is known of a member.
 * @property {number} position Bytes of its content that are written.
 * @property {number} crc Of these.
 * @property {boolean} complete
 * @property {boolean} verified
 * @property {boolean} [blocked] Another file has its name.
 */

/**
 * A record.
 *
 * @param {number} member @param {number} crc @param {number} value The length that is written; 1 or 0
 *   for a member that is complete, whose number has `COMPLETE` added.
 */
export function written(member, crc, value) {
  const head = record("446", member, crc, value);
  return record("2", head, crc32(head));
}

export const ready = () => written(READY, 0, 0);

/** @returns {State} Of a member of which nothing is known. */
export const untouched = () => ({ position: 0, crc: 0, complete: false, verified: false });

/**
 * @param {Uint8Array} bytes Of a journal, header and all.
 * @param {Uint8Array} header What it has to be of.
 * @param {ReadonlyArray<number>} sizes Of the members.
 * @returns {{states: State[], isReady: boolean, length: number}} `length`: bytes that are sound, 0 if
 *   it is of something else.
 */
export function replay(bytes, header, sizes) {
  const states = sizes.map(untouched);
  let isReady = false;
  if (bytes.length < HEADER || header.some((byte, n) => byte !== bytes[n])) return { states, isReady, length: 0 };
  let at = HEADER;
  const told = (/** @type {number} */ from, /** @type {number} */ to) =>
    bytes.subarray(at + from, at + to).reduceRight((sum, byte) => sum * 256 + byte, 0);
  for (; at + RECORD <= bytes.length; at += RECORD) {
    if (told(14, 16) !== (crc32(bytes.subarray(at, at + 14)) & 0xffff)) break;
    const number = told(0, 4), crc = told(4, 8), value = told(8, 14);
    const member = number % COMPLETE;
    if (number === READY) isReady = true;
    else if (member >= sizes.length) break;
    else if (number >= COMPLETE) {
      states[member] = { position: sizes[member], crc, complete: true, verified: value === 1 };
    } else states[member] = { ...untouched(), position: value, crc };
  }
  return { states, isReady, length: at };
}
