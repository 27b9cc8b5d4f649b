/** What a file's bytes are checked by, and in which units they are checked and written. */
import { need } from "../core/fault.js";
import { ALGORITHMS, Hasher, digest, isKnown, isStreamed } from "../core/hash.js";

/** Bytes that are checked and written at a time, or a few more. */
export const UNIT = 8 << 20;
const LONGEST_PIECE = 32 << 20; // longer ones would take too much memory
/** The fastest first; browsers lack the others for content that is too long to be held. */
const STREAMED = ["sha256", "sha1", "md5"];

/**
 * @typedef {object} Described What is known of a file.
 * @property {number} size
 * @property {Record<string, string>} digests
 * @property {import("../core/types.js").Pieces | null} pieces
 */

/** The checks of one file. Bytes are given in order; each unit is checked before it is written. */
export class Check {
  /** @param {Described} file */
  constructor({ size, digests, pieces }) {
    this.size = size;
    this.pieces = pieces && isKnown(pieces.algorithm) && pieces.length <= LONGEST_PIECE
      && pieces.digests.length === Math.ceil(size / pieces.length) ? pieces : null;
    this.unit = this.pieces ? this.pieces.length * Math.max(1, Math.floor(UNIT / this.pieces.length)) : UNIT;
    const names = ALGORITHMS.filter((name) => name in digests);
    const held = size <= LONGEST_PIECE ? names.find(isKnown) : undefined;
    const whole = size <= UNIT ? held : STREAMED.find((name) => names.includes(name)) ?? held;
    this.algorithm = this.pieces ? undefined : whole;
    if (this.algorithm && size > UNIT && !isStreamed(this.algorithm)) this.unit = size;
    this.expected = digests[this.algorithm ?? ""];
    this.reset();
  }

  /** Whether the content is verified in the end. */
  get verifies() {
    return this.pieces !== null || this.algorithm !== undefined;
  }

  /** Whether what was checked and written earlier has to be read again to go on. */
  get readsAgain() {
    return this.hasher !== null;
  }

  /** Begin anew with the file's first byte. */
  reset() {
    const { algorithm, size } = this;
    this.hasher = algorithm && size > UNIT && isStreamed(algorithm) ? new Hasher(algorithm) : null;
  }

  /**
   * @param {Uint8Array} bytes The next unit.
   * @param {number} from Its place in the file.
   * @throws {Fault} `wrong`; nothing that follows can be checked before `reset`, if `readsAgain`.
   */
  async unitIs(bytes, from) {
    const isLast = from + bytes.length === this.size;
    if (this.pieces) await this.#pieces(this.pieces, bytes, from);
    else if (this.hasher) {
      this.hasher.update(bytes);
      need(!isLast || this.hasher.digest() === this.expected, "wrong");
    } else if (this.algorithm) need((await digest(this.algorithm, bytes)) === this.expected, "wrong");
  }

  /**
   * @param {import("../core/types.js").Pieces} pieces @param {Uint8Array} bytes @param {number} from
   */
  async #pieces({ algorithm, length, digests }, bytes, from) {
    for (let at = 0; at < bytes.length; at += length) {
      const found = await digest(algorithm, bytes.subarray(at, at + length));
      need(found === digests[(from + at) / length], "wrong");
    }
  }
}
