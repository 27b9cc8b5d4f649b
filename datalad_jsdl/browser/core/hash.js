/**
 * Digests of content that comes in pieces, which the browser's own `crypto.subtle` cannot make:
 * MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4).
 */

/** Those that a manifest may have; the strongest first. */
export const ALGORITHMS = ["sha512", "sha3-512", "blake2b-512", "sha384", "sha3-384", "sha256", "sha3-256",
  "sha224", "sha1", "md5"];

/**
 * @param {string} name As a portal writes it: sha256, SHA-256, sha_256, sha2-256.
 * @returns {string | undefined} The name in `ALGORITHMS`.
 */
export function canonicalName(name) {
  const bare = name.toLowerCase().replace(/[-_]/g, "").replace(/^sha2(?=\d{3}$)/, "sha").replace(/^blake2b$/, "$&512");
  return ALGORITHMS.find((known) => known.replace("-", "") === bare);
}

/** @param {string} name @returns {number} Characters of its hex digests. */
export function hexLength(name) {
  return name === "md5" ? 32 : name === "sha1" ? 40 : Number(name.slice(-3)) / 4;
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} count @returns {number[]} The first primes. */
function primes(count) {
  const found = /** @type {number[]} */ ([]);
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

/** @param {number} value @returns {number} The first 32 bits of its fraction. */
const fraction = (value) => ((value % 1) * 2 ** 32) | 0;
const PRIMES = primes(64);
const K256 = Int32Array.from(PRIMES, (p) => fraction(Math.cbrt(p)));
const START256 = Int32Array.from(PRIMES.slice(0, 8), (p) => fraction(Math.sqrt(p)));
const A = 0x67452301, B = 0xefcdab89; // 01 23 … ef as bytes, and then the other way round
const START = Int32Array.of(A, B, ~A, ~B, 0xc3d2e1f0);
const KMD5 = Int32Array.from(PRIMES, (_, n) => (Math.abs(Math.sin(n + 1)) * 2 ** 32) | 0);
const TURNS = Int32Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);
const W = new Int32Array(80);

const LITTLE = 1 << 14; // bytes

/** @typedef {(state: Int32Array) => void} Compress One block of 64 bytes, whose words are in `W`. */

/** @param {number} x @param {number} by @returns {number} Its bits moved to the left, and around the end. */
const rotated = (x, by) => (x << by) | (x >>> -by);

/** @type {Compress} */
function sha256(s) {
  for (let n = 16; n < 64; n++) {
    const x = W[n - 15], y = W[n - 2];
    W[n] = W[n - 16] + W[n - 7] + (rotated(x, 25) ^ rotated(x, 14) ^ (x >>> 3))
      + (rotated(y, 15) ^ rotated(y, 13) ^ (y >>> 10));
  }
  let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (let n = 0; n < 64; n++) {
    const t = (h + (rotated(e, 26) ^ rotated(e, 21) ^ rotated(e, 7)) + (g ^ (e & (f ^ g))) + K256[n] + W[n]) | 0;
    const u = ((rotated(a, 30) ^ rotated(a, 19) ^ rotated(a, 10)) + ((a & b) | (c & (a | b)))) | 0;
    h = g; g = f; f = e; e = (d + t) | 0;
    d = c; c = b; b = a; a = (t + u) | 0;
  }
  s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
}

/** @type {Compress} */
function sha1(s) {
  for (let n = 16; n < 80; n++) W[n] = rotated(W[n - 3] ^ W[n - 8] ^ W[n - 14] ^ W[n - 16], 1);
  let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];
  for (let n = 0; n < 80; n++) {
    const f = n < 20 ? (d ^ (b & (c ^ d))) + 0x5a827999 : n < 40 ? (b ^ c ^ d) + 0x6ed9eba1
      : n < 60 ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
    const t = (rotated(a, 5) + f + e + W[n]) | 0;
    e = d; d = c; c = rotated(b, 30); b = a; a = t;
  }
  s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e;
}

/** @type {Compress} */
function md5(s) {
  let a = s[0], b = s[1], c = s[2], d = s[3];
  // as one loop that asks which quarter it is in, it takes twice the time
  let n = 0, t = 0;
  for (; n < 16; n++) {
    t = b + rotated((a + (d ^ (b & (c ^ d))) + KMD5[n] + W[n]) | 0, TURNS[n & 3]) | 0;
    a = d; d = c; c = b; b = t;
  }
  for (; n < 32; n++) {
    t = b + rotated((a + (c ^ (d & (b ^ c))) + KMD5[n] + W[5 * n + 1 & 15]) | 0, TURNS[4 + (n & 3)]) | 0;
    a = d; d = c; c = b; b = t;
  }
  for (; n < 48; n++) {
    t = b + rotated((a + (b ^ c ^ d) + KMD5[n] + W[3 * n + 5 & 15]) | 0, TURNS[8 + (n & 3)]) | 0;
    a = d; d = c; c = b; b = t;
  }
  for (; n < 64; n++) {
    t = b + rotated((a + (c ^ (b | ~d)) + KMD5[n] + W[7 * n & 15]) | 0, TURNS[12 + (n & 3)]) | 0;
    a = d; d = c; c = b; b = t;
  }
  s[0] += a; s[1] += b; s[2] += c; s[3] += d;
}

/** @type {Record<string, [Compress, Int32Array, boolean]>} Function, first state, little-endian. */
const STREAMED = {
  sha256: [sha256, START256, false],
  sha1: [sha1, START, false],
  md5: [md5, START.subarray(0, 4), true],
};

/**
 * @typedef {object} Hasher A digest over content that comes in pieces.
 * @property {(bytes: Uint8Array) => Hasher} update
 * @property {() => Uint8Array} bytes The digest; nothing can be added afterwards.
 * @property {() => string} digest The same as hex.
 */

/** @param {string} algorithm One that `isStreamed`. @returns {Hasher} */
export function hasherOf(algorithm) {
  const [compress, start, little] = STREAMED[algorithm];
  const state = start.slice();
  const block = new Uint8Array(64);
  let length = 0;

  /** @param {DataView} view @param {number} at Of a block. */
  function add(view, at) {
    for (let n = 0; n < 16; n++) W[n] = view.getInt32(at + 4 * n, little);
    compress(state);
  }

  const hasher = {
    update(/** @type {Uint8Array} */ bytes) {
      const held = length % 64;
      length += bytes.length;
      let at = 0;
      if (held) {
        at = Math.min(64 - held, bytes.length);
        block.set(bytes.subarray(0, at), held);
        if (held + at < 64) return hasher;
        add(new DataView(block.buffer), 0);
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (; at + 64 <= bytes.length; at += 64) add(view, at);
      block.set(bytes.subarray(at));
      return hasher;
    },
    bytes() {
      // a bit that is set, and the length in the last eight bytes of a block
      const end = new Uint8Array(72 - ((length + 8) % 64));
      const view = new DataView(end.buffer);
      end[0] = 0x80;
      view.setBigUint64(end.length - 8, BigInt(length) * 8n, little);
      hasher.update(end);
      const out = new DataView(new ArrayBuffer(state.length * 4));
      state.forEach((value, n) => out.setInt32(n * 4, value, little));
      return new Uint8Array(out.buffer);
    },
    digest: () => hex(hasher.bytes()),
  };
  return hasher;
}

/** @param {string} algorithm */
export const isStreamed = (algorithm) => Object.hasOwn(STREAMED, algorithm);

/** @param {string} algorithm Whether the browser has it; pages without encryption have none of them. */
const isNative = (algorithm) => /^sha(1|256|384|512)$/.test(algorithm) && !!globalThis.crypto?.subtle;

/** @param {string} algorithm Whether content that is held can be checked by it here. */
export const isKnown = (algorithm) => isStreamed(algorithm) || isNative(algorithm);

/**
 * @param {string} algorithm One that `isKnown`.
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} Hex.
 */
export async function digest(algorithm, bytes) {
  // for little content, to ask for it takes longer than to do it
  if (isNative(algorithm) && (bytes.length > LITTLE || !isStreamed(algorithm))) {
    const name = algorithm.replace("sha", "SHA-");
    return hex(new Uint8Array(await crypto.subtle.digest(name, /** @type {BufferSource} */ (bytes))));
  }
  return hasherOf(algorithm).update(bytes).digest();
}
