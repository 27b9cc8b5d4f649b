/** CRC-32 (ISO 3309, as in zip), eight bytes at a time. */

/** The table of each row moves a byte past as many zero bytes as its number. */
const TABLES = [Int32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
})];
for (let n = 0; n < 7; n++) TABLES.push(TABLES[n].map((value) => TABLES[0][value & 255] ^ (value >>> 8)));
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

/**
 * @param {Uint8Array} bytes
 * @param {number} [crc] Of what comes before.
 * @returns {number} From 0 to 2**32 - 1.
 */
export function crc32(bytes, crc = 0) {
  const end = bytes.length;
  let c = ~crc, at = 0;
  const one = () => {
    c = T0[(c ^ bytes[at++]) & 255] ^ (c >>> 8);
  };
  while (at < end && (bytes.byteOffset + at) % 4) one();
  if (end - at >= 8) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, ((end - at) >>> 3) * 2);
    c = pairs(words, c);
    at += words.length * 4;
  }
  while (at < end) one();
  return ~c >>> 0;
}

/** @param {Int32Array} words @param {number} c */
function pairs(words, c) {
  for (let n = 0; n < words.length; n += 2) {
    const a = c ^ words[n], b = words[n + 1];
    c = T7[a & 255] ^ T6[(a >>> 8) & 255] ^ T5[(a >>> 16) & 255] ^ T4[a >>> 24]
      ^ T3[b & 255] ^ T2[(b >>> 8) & 255] ^ T1[(b >>> 16) & 255] ^ T0[b >>> 24];
  }
  return c;
}
