/**
 * The canonical zip: where every byte lies follows from names, sizes and times alone.
 *
 * Members are deflate streams of stored blocks with a data descriptor (APPNOTE 6.3, 4.3; RFC 1951,
 * 3.2.4). All numbers stay below 2**53; 64-bit fields are split by division.
 */
import { need } from "./fault.js";
import { compareUtf8, isInArchive, utf8 } from "./names.js";

/** @typedef {import("./types.js").Member} Member */

/** Bytes of content in one stored block. */
export const BLOCK = 65535;
const MAX32 = 0xffffffff;
const DESCRIPTOR = 0x0808; // flags: descriptor behind the data, UTF-8 name
const PLAIN = 0x0800; // flags: UTF-8 name
const UNIX = 0x033f; // made by Unix, version 6.3
const FIRST = 315532800; // 1980-01-01
const LAST = 4354819198; // 2107-12-31 23:59:58
const SPACE = new Uint8Array(1 << 18); // for the longest record
export const EMPTY = SPACE.subarray(0, 0);
const UNKNOWN = 318211200; // 1980-02-01

/**
 * @param {string} widths Of the numbers, in bytes: a digit for each.
 * @param {Array<number | Uint8Array>} values
 * @returns {Uint8Array} Little-endian.
 */
export function record(widths, ...values) {
  let at = 0;
  for (let value of values) {
    if (typeof value !== "number") {
      SPACE.set(value, at);
      at += value.length;
    } else {
      for (let width = Number(widths[0]); width--; value = Math.floor(value / 256)) SPACE[at++] = value;
      widths = widths.slice(1);
    }
  }
  return SPACE.slice(0, at);
}

/**
 * DOS time and date in one number, as the two fields stand.
 *
 * @param {number | null} mtime
 */
function dosTime(mtime) {
  const date = new Date(Math.min(Math.max(mtime ?? UNKNOWN, FIRST), LAST) * 1000);
  const [year, month, day, hour, minute, second] = date.toISOString().split(/\D/).map(Number);
  return (((year - 1980) << 9) | (month << 5) | day) * 65536 + ((hour << 11) | (minute << 5) | (second >> 1));
}

/**
 * @typedef {object} Layout Geometry of an archive, and its structures. Members are known by their numbers.
 * @property {Member[]} members In the order of their bytes in UTF-8.
 * @property {Float64Array} offsets Of the local headers; at the end where the central directory begins.
 * @property {number} centralOffset
 * @property {number} total Bytes of the whole archive.
 * @property {(i: number) => number} stored Bytes of a member's data: the content, and five more for each block.
 * @property {(i: number) => number} data Offset of a member's data.
 * @property {(i: number, from: number) => number} position Where content from byte *from* on is written;
 *   at the beginning of a block, its header comes first.
 * @property {(i: number, crc?: number) => Uint8Array} local *crc* is needed only for a symlink.
 * @property {(i: number, crc: number) => Uint8Array} descriptor *crc*, here and below: of the content.
 * @property {(i: number, crc: number) => Uint8Array} central
 * @property {() => Uint8Array} end The end of the central directory.
 * @property {(i: number, from: number, bytes: Uint8Array, out: Uint8Array) => number} frame Put the
 *   blocks' headers between content, of which *bytes* begin at *from*, into *out*, which is long enough:
 *   `framed(bytes.length)`. How many bytes of it are to be written at `position(i, from)`.
 */

/**
 * @template {Member} M
 * @param {M[]} given In any order.
 * @returns {Layout & {members: M[]}}
 * @throws {Fault} `name` or `twice`: a path has no place in a zip.
 */
export function layoutOf(given) {
  const members = [...given].sort((a, b) => compareUtf8(a.path, b.path));
  const offsets = new Float64Array(members.length + 1);
  let centralSize = 0;

  /** @param {number} i */
  const stored = (i) => {
    const { size, symlink } = members[i];
    return symlink ? size : size + 5 * Math.ceil(size / BLOCK);
  };

  /** @param {number} i */
  const data = (i) => offsets[i] + local(i).length;

  /** @param {number} i Whether the member has a data descriptor. */
  const isDescribed = (i) => members[i].size > 0 && !members[i].symlink;

  /** @param {number} i Whether its sizes take 64 bits. */
  const isLarge = (i) => stored(i) >= MAX32;

  /**
   * What both headers of a member have.
   *
   * @param {number} i @param {number} crc @param {number} length @param {number} size As they are told.
   * @param {Uint8Array} large The extra field for 64 bits.
   */
  const common = (i, crc, length, size, large) => {
    const { path, mtime } = members[i];
    const name = utf8(path);
    const isKnown = mtime !== null && mtime >= 0 && mtime < 2 ** 31;
    const time = isKnown ? record("2214", 0x5455, 5, 1, mtime) : EMPTY;
    const [flags, method] = isDescribed(i) ? [DESCRIPTOR, 8] : [PLAIN, 0];
    const fields = record("222444422", large.length ? 45 : 20, flags, method, dosTime(mtime), crc, length, size,
      name.length, time.length + large.length);
    return [fields, name, time, large];
  };

  /** @type {Layout["local"]} */
  const local = (i, crc = 0) => {
    const { symlink, size } = members[i];
    const told = symlink ? size : isLarge(i) ? MAX32 : 0;
    return record("4", 0x04034b50,
      ...common(i, symlink ? crc : 0, told, told, isLarge(i) ? record("2288", 1, 16, 0, 0) : EMPTY));
  };

  /** @type {Layout["descriptor"]} */
  const descriptor = (i, crc) => isDescribed(i)
    ? record(isLarge(i) ? "4488" : "4444", 0x08074b50, crc, stored(i), members[i].size) : EMPTY;

  /** @type {Layout["central"]} */
  const central = (i, crc) => {
    const { size, symlink, executable } = members[i];
    const offset = offsets[i];
    const long = [...(isLarge(i) ? [size, stored(i)] : []), ...(offset >= MAX32 ? [offset] : [])];
    const large = long.length ? record("22888", 1, long.length * 8, ...long) : EMPTY;
    const mode = symlink ? 0xa1ff : executable ? 0x81ed : 0x81a4;
    const [fields, ...names] = common(i, crc, Math.min(stored(i), MAX32), isLarge(i) ? MAX32 : size, large);
    return record("4222244", 0x02014b50, UNIX, fields, 0, 0, 0, mode * 65536, Math.min(offset, MAX32), ...names);
  };

  const end = () => {
    const offset = offsets[members.length], size = centralSize;
    const count = members.length;
    const few = Math.min(count, 65535);
    const large = few === 65535 || offset >= MAX32 || size >= MAX32 ? record("48224488884484", 0x06064b50, 44, UNIX, 45,
      0, 0, count, count, size, offset, 0x07064b50, 0, offset + size, 1) : EMPTY;
    return record("4422442", large, 0x06054b50, 0, few, few, Math.min(size, MAX32), Math.min(offset, MAX32), 0);
  };

  members.forEach(({ path }, i) => {
    need(isInArchive(path), "name", { path });
    need(path !== members[i - 1]?.path, "twice", { path });
    offsets[i + 1] = data(i) + stored(i) + descriptor(i, 0).length;
    centralSize += central(i, 0).length;
  });
  const centralOffset = offsets[members.length];

  return {
    members, offsets, centralOffset, total: centralOffset + centralSize + end().length,
    stored, data, local, descriptor, central, end,
    position: (i, from) => data(i) + from + (members[i].symlink ? 0 : 5 * Math.ceil(from / BLOCK)),
    frame(i, from, bytes, out) {
      const { size, symlink } = members[i];
      if (symlink) {
        out.set(bytes);
        return bytes.length;
      }
      let at = 0;
      for (let read = 0; read < bytes.length;) {
        const place = (from + read) % BLOCK;
        const start = from + read - place;
        const length = Math.min(BLOCK, size - start);
        if (place === 0) {
          out.set(record("122", start + length === size ? 1 : 0, length, length ^ 0xffff), at);
          at += 5;
        }
        const part = bytes.subarray(read, read + length - place);
        out.set(part, at);
        at += part.length;
        read += part.length;
      }
      return at;
    },
  };
}

/**
 * The content in some of a member's data, without the blocks' headers.
 *
 * @param {Uint8Array} bytes @param {number} at Of their first one in the data.
 * @returns {Generator<Uint8Array>}
 */
export function* contentIn(bytes, at) {
  for (let read = 0; read < bytes.length;) {
    const place = (at + read) % (BLOCK + 5);
    const end = Math.min(read + BLOCK + 5 - place, bytes.length);
    const start = read + Math.max(5 - place, 0);
    if (start < end) yield bytes.subarray(start, end);
    read = end;
  }
}

/** @param {number} length Of content; the most bytes that it takes with headers between. */
export function framed(length) {
  return length + 5 * (Math.ceil(length / BLOCK) + 1);
}

/**
 * Take the blocks' headers out again, in place.
 *
 * @param {Uint8Array} data All of a member's data, from its first block on.
 * @param {number} size Of the content.
 * @returns {Uint8Array} The content, in the memory of *data*.
 */
export function unframed(data, size) {
  for (let from = 0, at = 5; from < size; from += BLOCK, at += BLOCK + 5) {
    data.copyWithin(from, at, at + Math.min(BLOCK, size - from));
  }
  return data.subarray(0, size);
}
