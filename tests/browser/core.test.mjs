import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { crc32 } from "../../datalad_jsdl/browser/core/crc.js";
import { contentOf } from "../../datalad_jsdl/browser/core/data-url.js";
import { digest, hasherOf } from "../../datalad_jsdl/browser/core/hash.js";
import { readManifest, shared } from "../../datalad_jsdl/browser/core/manifest.js";
import { compareUtf8, isInFolder } from "../../datalad_jsdl/browser/core/names.js";
import { framed, layoutOf, unframed } from "../../datalad_jsdl/browser/core/zip.js";

/** The contents in order: lengths around those of blocks, and long ones. */
function* contents() {
  for (let length = 0; length < 200; length++) yield randomBytes(length);
  for (const length of [4095, 65536, 1000003]) yield randomBytes(length);
}

test("digests of content in odd pieces are those of OpenSSL", () => {
  for (const content of contents()) {
    for (const algorithm of ["md5", "sha1", "sha256"]) {
      const hasher = hasherOf(algorithm);
      for (let at = 0, step = 1; at < content.length; at += step, step = (step * 7) % 149) {
        hasher.update(content.subarray(at, at + step));
      }
      assert.equal(hasher.digest(), createHash(algorithm).update(content).digest("hex"));
    }
  }
});

test("lengths in digests have more than 32 bits", () => {
  const zeros = new Uint8Array(64 << 20);
  const hasher = hasherOf("md5");
  const expected = createHash("md5");
  for (let n = 0; n < 9; n++) {
    hasher.update(zeros);
    expected.update(zeros);
  }
  assert.equal(hasher.digest(), expected.digest("hex"));
});

test("those of the browser, too", async () => {
  for (const algorithm of ["md5", "sha1", "sha256", "sha384", "sha512"]) {
    assert.equal(await digest(algorithm, Buffer.from("abc")), createHash(algorithm).update("abc").digest("hex"));
  }
});

/** Bit by bit, as the standard has it. */
function slowly(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test("CRC-32 at any alignment, length and in any pieces", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  const content = new Uint8Array(randomBytes(400));
  for (let from = 0; from < 9; from++) {
    for (let to = from; to < 400; to += 1 + (to % 3)) {
      const bytes = content.subarray(from, to);
      const half = bytes.length >> 1;
      assert.equal(crc32(bytes), slowly(bytes));
      assert.equal(crc32(bytes.subarray(half), crc32(bytes.subarray(0, half))), crc32(bytes));
    }
  }
});

test("the order of names is that of their bytes", () => {
  const names = ["\u{10000}", "\uffff", "\ue000", "\ud7ff", "a", "ab", "", "\u{1f600}b", "\u{1f600}", "é", "é"];
  const expected = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual([...names].sort(compareUtf8), expected);
});

test("blocks are taken out of a zip again", () => {
  for (const size of [0, 1, 65534, 65535, 65536, 131070, 131071, 300000]) {
    const layout = layoutOf([{ path: "a", size, mtime: null }]);
    const content = randomBytes(size);
    const out = new Uint8Array(framed(size));
    // in pieces that end anywhere
    let at = 0;
    for (let from = 0; from < size; from += 50001) {
      assert.equal(layout.position(0, from), layout.data(0) + at);
      const piece = content.subarray(from, from + 50001);
      const part = new Uint8Array(framed(piece.length));
      const length = layout.frame(0, from, piece, part);
      out.set(part.subarray(0, length), at);
      at += length;
    }
    assert.equal(at, layout.stored(0));
    assert.deepEqual(Buffer.from(unframed(out.subarray(0, at), size)), content);
  }
});

test("content in the manifest", () => {
  assert.equal(Buffer.from(contentOf("data:,a%20b")).toString(), "a b");
  assert.equal(Buffer.from(contentOf(" DATA:text/plain; base64,YWI= ")).toString(), "ab");
  for (const wrong of ["data:abc", "data:;base64,YW", "data:,%2", "data:,a#b", "data:,é", "data:;base64,Y==="]) {
    assert.throws(() => contentOf(wrong), { kind: "data-url" });
  }
});

test("names that a picked folder does not take", () => {
  const refused = ["~", "a~", "a:b", "a?", "a*", 'a"', "a<", "a>", "a|b", "a\\b", "a\nb", "a\x7f", "a\u200bb",
    "a\u202eb", " a", "a ", "a.", "CON", "con.txt", "nul", "a.lnk", "a.scf", "a.url", "desktop.ini", ".git"];
  const taken = [".a", "a.local", "a.exe", "a%20b", "a#b", "e\u0301", "😀", "conn", "a.git", ".gitx"];
  assert.deepEqual(refused.filter((name) => isInFolder(`x/${name}/y`)), []);
  assert.deepEqual(taken.filter((name) => !isInFolder(`x/${name}/y`)), []);
  assert.equal(isInFolder("x".repeat(255)), false);
});

test("thousands of files of one content have one time, and do not have all URLs of all", () => {
  const entries = Object.fromEntries(Array.from({ length: 130000 }, (_, n) => [`f${n}`, {
    urls: [`https://a.example/${n}`], size: 0, digests: { md5: "d41d8cd98f00b204e9800998ecf8427e" }, mtime: n,
  }]));
  const found = shared(readManifest(JSON.stringify(entries)).entries);
  assert.ok(found.every(({ mtime, urls }, n) => mtime === 129999 && urls[0].endsWith(`/${n}`) && urls.length < 60));
});
