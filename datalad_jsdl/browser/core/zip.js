/**
 * The canonical zip: where every byte lies follows from names, sizes and times alone.
 *
 * Members are deflate streams of stored blocks with a data descriptor (APPNOTE 6.3, 4.3; RFC 1951,
 * 3.2.4). All numbers stay below 2**53; 64-bit fields are split by division.
 */
import { Fault } from "./fault.js";
import { archiveNameFault, compareUtf8, utf8 } from "./names.js";

/** @typedef {import("./types.js").Member} Member */

/** Bytes of content in one stored block. */
export const BLOCK = 65535;
const MAX32 = 0xffffffff;
const DESCRIPTOR = 0x0808; // flags: descriptor behind the data, UTF-8 name
const PLAIN = 0x0800; // flags: UTF-8 name
const UNIX = 0x033f; // made by Unix, version 6.3
const FIRST = Date.UTC(1980, 0, 1) / 1000;
const LAST = Date.UTC(2107, 11, 31, 23, 59, 58) / 1000;
const UNKNOWN = Date.UTC(1980, 1, 1) / 1000;

/**
 * @param {Array<[number, number]>} values Width (2, 4 or 8 bytes) and value of each field.
 * @param {Uint8Array[]} [more] What follows them.
 * @returns {Uint8Array} Little-endian.
 */
function record(values, more = []) {
  const fixed = values.reduce((sum, [width]) => sum + width, 0);
  const out = new Uint8Array(more.reduce((sum, part) => sum + part.length, fixed));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [width, value] of values) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value % 2 ** 32, true);
    if (width === 8) view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    at += width;
  }
  for (const part of more) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * DOS time and date in one number, as the two fields stand.
 *
 * @param {number | null} mtime
 */
function dosTime(mtime) {
  const date = new Date(Math.min(Math.max(mtime ?? UNKNOWN, FIRST), LAST) * 1000);
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return day * 65536 + time;
}

/** @param {Member} member */
function timeExtra({ mtime }) {
  const known = mtime !== null && mtime >= 0 && mtime < 2 ** 31;
  return known ? record([[2, 0x5455], [2, 5], [2, 1 + ((mtime & 255) << 8)], [2, (mtime >>> 8) & 0xffff]],
    [Uint8Array.of(mtime >>> 24)]) : new Uint8Array(0);
}

/** Geometry of an archive, and its structures. */
export class Layout {
  /**
   * @param {Member[]} members In any order.
   * @throws {Fault} `name` or `twice`: a path has no place in a zip.
   */
  constructor(members) {
    /** In the order of their bytes in UTF-8. */
    this.members = [...members].sort((a, b) => compareUtf8(a.path, b.path));
    /** Of the local headers; at the end where the central directory begins. */
    this.offsets = new Float64Array(members.length + 1);
    let central = 0;
    this.members.forEach((member, i) => {
      const { path } = member;
      if (archiveNameFault(path)) throw new Fault("name", { path });
      if (i && path === this.members[i - 1].path) throw new Fault("twice", { path });
      const offset = this.offsets[i];
      const name = utf8(path).length;
      central += 46 + name + timeExtra(member).length + this.#large(i, offset);
      this.offsets[i + 1] = offset + this.#head(i, name) + this.stored(i) + this.#tail(i);
    });
    this.centralOffset = this.offsets[members.length];
    this.centralSize = central;
    this.zip64End = members.length >= 65535 || this.centralOffset >= MAX32 || central >= MAX32;
    /** Bytes of the whole archive. */
    this.total = this.centralOffset + central + (this.zip64End ? 98 : 22);
  }

  /** @param {number} i Member; bytes of its data: the content, and five more for each block. */
  stored(i) {
    const { size, symlink } = this.members[i];
    return symlink ? size : size + 5 * Math.ceil(size / BLOCK);
  }

  /** @param {number} i Whether the member has a data descriptor. */
  #described(i) {
    return this.members[i].size > 0 && !this.members[i].symlink;
  }

  /** @param {number} i Whether its sizes take 64 bits. */
  #zip64(i) {
    return this.stored(i) >= MAX32;
  }

  /** @param {number} i @param {number} name */
  #head(i, name) {
    return 30 + name + timeExtra(this.members[i]).length + (this.#zip64(i) ? 20 : 0);
  }

  /** @param {number} i */
  #tail(i) {
    return this.#described(i) ? (this.#zip64(i) ? 24 : 16) : 0;
  }

  /** @param {number} i @param {number} offset Bytes of the zip64 extra of the central header. */
  #large(i, offset) {
    const large = (this.#zip64(i) ? 16 : 0) + (offset >= MAX32 ? 8 : 0);
    return large ? large + 4 : 0;
  }

  /** @param {number} i Offset of the member's data. */
  data(i) {
    return this.offsets[i] + this.#head(i, utf8(this.members[i].path).length);
  }

  /**
   * Where content from byte *from* on is written; at the beginning of a block, its header comes first.
   *
   * @param {number} i @param {number} from
   */
  position(i, from) {
    const headers = this.members[i].symlink ? 0 : 5 * Math.ceil(from / BLOCK);
    return this.data(i) + from + headers;
  }

  /** @param {number} i @param {number} [crc] Needed only for a symlink. */
  local(i, crc = 0) {
    const member = this.members[i];
    const name = utf8(member.path);
    const time = timeExtra(member);
    const zip64 = this.#zip64(i);
    const large = zip64 ? record([[2, 1], [2, 16], [8, 0], [8, 0]]) : new Uint8Array(0);
    const size = member.symlink ? member.size : zip64 ? MAX32 : 0;
    return record(
      [[4, 0x04034b50], [2, zip64 ? 45 : 20], ...this.#common(i), [4, member.symlink ? crc : 0],
        [4, size], [4, size], [2, name.length], [2, time.length + large.length]],
      [name, time, large],
    );
  }

  /** @param {number} i @returns {Array<[number, number]>} Flags, method, time. */
  #common(i) {
    const described = this.#described(i);
    return [[2, described ? DESCRIPTOR : PLAIN], [2, described ? 8 : 0], [4, dosTime(this.members[i].mtime)]];
  }

  /** @param {number} i @param {number} crc Of the content. */
  descriptor(i, crc) {
    if (!this.#described(i)) return new Uint8Array(0);
    const width = this.#zip64(i) ? 8 : 4;
    return record([[4, 0x08074b50], [4, crc], [width, this.stored(i)], [width, this.members[i].size]]);
  }

  /** @param {number} i @param {number} crc Of the content. */
  central(i, crc) {
    const member = this.members[i];
    const name = utf8(member.path);
    const time = timeExtra(member);
    const offset = this.offsets[i];
    const zip64 = this.#zip64(i);
    const length = this.#large(i, offset);
    /** @type {Array<[number, number]>} */
    const large = length ? [[2, 1], [2, length - 4]] : [];
    if (zip64) large.push([8, member.size], [8, this.stored(i)]);
    if (offset >= MAX32) large.push([8, offset]);
    const mode = member.symlink ? 0xa1ff : member.executable ? 0x81ed : 0x81a4;
    return record(
      [[4, 0x02014b50], [2, UNIX], [2, length ? 45 : 20], ...this.#common(i), [4, crc],
        [4, zip64 ? MAX32 : this.stored(i)], [4, zip64 ? MAX32 : member.size], [2, name.length],
        [2, time.length + length], [2, 0], [2, 0], [2, 0], [4, mode * 65536],
        [4, Math.min(offset, MAX32)]],
      [name, time, record(large)],
    );
  }

  /** The end of the central directory. */
  end() {
    const { centralOffset: offset, centralSize: size } = this;
    const count = this.members.length;
    const few = Math.min(count, 0xffff);
    const large = this.zip64End ? record(
      [[4, 0x06064b50], [8, 44], [2, UNIX], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size],
        [8, offset], [4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]]) : new Uint8Array(0);
    const plain = record([[4, 0x06054b50], [4, 0], [2, few], [2, few], [4, Math.min(size, MAX32)],
      [4, Math.min(offset, MAX32)], [2, 0]]);
    return record([], [large, plain]);
  }

  /**
   * Put the blocks' headers between content.
   *
   * @param {number} i @param {number} from First byte of the content that *bytes* has.
   * @param {Uint8Array} bytes @param {Uint8Array} out Long enough: `framed(bytes.length)`.
   * @returns {number} How many bytes of *out* are to be written at `position(i, from)`.
   */
  frame(i, from, bytes, out) {
    const { size, symlink } = this.members[i];
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
        out[at++] = start + length === size ? 1 : 0;
        out[at++] = length & 255;
        out[at++] = length >> 8;
        out[at++] = ~length & 255;
        out[at++] = (~length >> 8) & 255;
      }
      const part = bytes.subarray(read, read + length - place);
      out.set(part, at);
      at += part.length;
      read += part.length;
    }
    return at;
  }
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
