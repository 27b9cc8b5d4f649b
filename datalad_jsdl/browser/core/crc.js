/**
 * CRC-32 (ISO 3309, as in zip), sixteen bytes at a time in four lanes: each lane runs over every
 * fourth word, and the lanes are joined in the last sixteen bytes.
 */

/** How many zero bytes the table of each row moves a byte past. */
const DISTANCES = [0, 1, 2, 3, 12, 13, 14, 15];
const [Z0, Z1, Z2, Z3, F3, F2, F1, F0] = tables();

/** @returns {Int32Array[]} One table for each of `DISTANCES`. */
function tables() {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[byte] = value;
  }
  return DISTANCES.map((distance) => first.map((value) => {
    for (let n = 0; n < distance; n++) value = first[value & 255] ^ (value >>> 8);
    return value;
  }));
}

/**
 * @param {Uint8Array} bytes
 * @param {number} [crc] Of what comes before.
 * @returns {number} From 0 to 2**32 - 1.
 */
export function crc32(bytes, crc = 0) {
  let c = ~crc;
  let at = 0;
  const end = bytes.length;
  while (at < end && (bytes.byteOffset + at) % 4) c = Z0[(c ^ bytes[at++]) & 255] ^ (c >>> 8);
  const words = (end - at) >>> 2;
  if (words >= 8) {
    const whole = words - (words % 4);
    c = lanes(new Int32Array(bytes.buffer, bytes.byteOffset + at, whole), c);
    at += whole * 4;
  }
  while (at < end) c = Z0[(c ^ bytes[at++]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/**
 * @param {Int32Array} words A multiple of four of them.
 * @param {number} c
 */
function lanes(words, c) {
  let a = c, b = 0, d = 0, e = 0;
  const last = words.length - 4;
  for (let at = 0; at < last; at += 4) {
    a ^= words[at]; b ^= words[at + 1]; d ^= words[at + 2]; e ^= words[at + 3];
    a = F0[a & 255] ^ F1[(a >>> 8) & 255] ^ F2[(a >>> 16) & 255] ^ F3[a >>> 24];
    b = F0[b & 255] ^ F1[(b >>> 8) & 255] ^ F2[(b >>> 16) & 255] ^ F3[b >>> 24];
    d = F0[d & 255] ^ F1[(d >>> 8) & 255] ^ F2[(d >>> 16) & 255] ^ F3[d >>> 24];
    e = F0[e & 255] ^ F1[(e >>> 8) & 255] ^ F2[(e >>> 16) & 255] ^ F3[e >>> 24];
  }
  c = word(a ^ words[last]);
  c = word(c ^ b ^ words[last + 1]);
  c = word(c ^ d ^ words[last + 2]);
  return word(c ^ e ^ words[last + 3]);
}

/** @param {number} w */
function word(w) {
  return Z3[w & 255] ^ Z2[(w >>> 8) & 255] ^ Z1[(w >>> 16) & 255] ^ Z0[w >>> 24];
}
