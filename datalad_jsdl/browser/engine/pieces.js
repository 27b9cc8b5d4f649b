/** What a file's bytes are checked by, and in which units they are checked and written. */
import { need } from "../core/fault.js";
import { ALGORITHMS, digest, hasherOf, isKnown, isStreamed } from "../core/hash.js";

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

/**
 * @typedef {object} Check The checks of one file. Bytes are given in order; each unit is checked before
 *   it is written.
 * @property {number} unit Bytes.
 * @property {boolean} verifies Whether the content is verified in the end.
 * @property {import("../core/hash.js").Hasher | null} hasher Of all that came; what was checked and written earlier has to be read
 *   again to go on.
 * @property {() => void} reset Begin anew with the file's first byte.
 * @property {(bytes: Uint8Array, from: number) => Promise<void>} unitIs *bytes* are the next unit, *from*
 *   is its place in the file. Throws `wrong`; nothing that follows can be checked before `reset`, if
 *   there is a `hasher`.
 */

/** @param {Described} file @returns {Check} */
export function checkOf({ size, digests, pieces }) {
  const parts = pieces && isKnown(pieces.algorithm) && pieces.length <= LONGEST_PIECE
    && pieces.digests.length === Math.ceil(size / pieces.length) ? pieces : null;
  const names = ALGORITHMS.filter((name) => name in digests);
  const held = size <= LONGEST_PIECE ? names.find(isKnown) : undefined;
  const algorithm = size <= UNIT ? held : STREAMED.find((name) => names.includes(name)) ?? held;
  const streams = !parts && algorithm && size > UNIT && isStreamed(algorithm);
  const check = {
    unit: parts ? parts.length * Math.max(1, Math.floor(UNIT / parts.length))
      : algorithm && !streams ? Math.max(UNIT, size) : UNIT,
    verifies: !!(parts ?? algorithm),
    hasher: /** @type {Check["hasher"]} */ (null),
    reset() {
      check.hasher = streams ? hasherOf(algorithm) : null;
    },
    async unitIs(/** @type {Uint8Array} */ bytes, /** @type {number} */ from) {
      const { hasher } = check;
      if (parts) {
        const { algorithm: name, length } = parts;
        for (let at = 0; at < bytes.length; at += length) {
          const found = await digest(name, bytes.subarray(at, at + length));
          need(found === parts.digests[(from + at) / length], "wrong");
        }
      } else if (hasher) {
        hasher.update(bytes);
        need(from + bytes.length < size || hasher.digest() === digests[algorithm ?? ""], "wrong");
      } else if (algorithm) need((await digest(algorithm, bytes)) === digests[algorithm], "wrong");
    },
  };
  check.reset();
  return check;
}
