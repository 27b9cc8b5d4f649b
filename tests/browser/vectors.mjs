/** The cases of tests/vectors, and the bytes that the module makes of them; in Node and browsers. */
import { crc32 } from "../../datalad_jsdl/browser/core/crc.js";
import { hasherOf } from "../../datalad_jsdl/browser/core/hash.js";
import { framed, layoutOf } from "../../datalad_jsdl/browser/core/zip.js";

const UNIT = 1 << 20;
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** Members in the order of a case, each with `pattern`, which its content repeats. */
export function membersOf(testCase) {
  return testCase.members.flatMap((item) => {
    const pattern = item.repeat === undefined ? new TextEncoder().encode(item.text) : fromHex(item.repeat);
    const member = {
      size: item.size ?? pattern.length, mtime: item.mtime, pattern,
      executable: item.mode === "100755", symlink: item.mode === "120000",
    };
    return Array.from({ length: item.series ?? 1 }, (_, n) =>
      ({ ...member, path: item.path.replace("{0}", String(n).padStart(5, "0")) }));
  });
}

/** All bytes of a case's zip, in chunks of memory that is used again; what `position` says is checked. */
export function* zipOf(members) {
  const layout = layoutOf(members);
  const crcs = [];
  const out = new Uint8Array(framed(UNIT));
  let at = 0;
  const next = function* (position, bytes) {
    if (position !== at) throw new Error(`at ${at}, not ${position}`);
    at += bytes.length;
    yield bytes;
  };
  for (const [i, member] of layout.members.entries()) {
    const cycle = cycleOf(member.pattern);
    if (member.symlink) crcs[i] = crc32(member.pattern);
    yield* next(layout.offsets[i], layout.local(i, crcs[i]));
    let crc = 0;
    for (let from = 0; from < member.size; from += UNIT) {
      const start = member.pattern.length ? from % member.pattern.length : 0;
      const bytes = cycle.subarray(start, start + Math.min(UNIT, member.size - from));
      crc = crc32(bytes, crc);
      yield* next(layout.position(i, from), out.subarray(0, layout.frame(i, from, bytes, out)));
    }
    crcs[i] = crc;
    yield* next(at, layout.descriptor(i, crc));
  }
  if (at !== layout.centralOffset) throw new Error(`the directory is at ${at}, not ${layout.centralOffset}`);
  for (const [i, crc] of crcs.entries()) yield* next(at, layout.central(i, crc));
  yield* next(at, layout.end());
  if (at !== layout.total) throw new Error(`${at} bytes, not ${layout.total}`);
}

const cycles = new Map();

/** A pattern repeated to a unit and once more; made once. */
function cycleOf(pattern) {
  if (!cycles.has(pattern)) cycles.set(pattern, madeOf(pattern));
  return cycles.get(pattern);
}

function madeOf(pattern) {
  const out = new Uint8Array(UNIT + pattern.length);
  out.set(pattern);
  for (let length = pattern.length; length && length < out.length; length *= 2) {
    out.copyWithin(length, 0, length);
  }
  return out;
}

/** Length and SHA-256 of a case's zip, by the module's own digest. */
export function made(testCase) {
  const hasher = hasherOf("sha256");
  let length = 0;
  for (const chunk of zipOf(membersOf(testCase))) {
    hasher.update(chunk);
    length += chunk.length;
  }
  return [length, hasher.digest()];
}

/** Length and SHA-256 of what a browser saves of a case; or the names that a manifest may not have. */
export async function saved(testCase) {
  const { download, forget } = await import("../../datalad_jsdl/browser/jsdl.js");
  const { zipOf: keptZip } = await import("../../datalad_jsdl/browser/page/kept.js");
  const entries = membersOf(testCase).map(({ path, size, mtime, executable, symlink, pattern }) => {
    const { length } = pattern;
    const content = Array.from({ length: size }, (_, n) => String.fromCharCode(pattern[n % length])).join("");
    const urls = [`data:;base64,${btoa(content)}`];
    return [path, { urls, size, mtime, executable, symlink, own_mtime: true }];
  });
  const running = download(Object.fromEntries(entries));
  const { fault, failed, refused, detail } = await running.done;
  if (fault || failed.length) return { fault, failed, detail };
  const zip = await keptZip(running.id);
  const hasher = hasherOf("sha256").update(new Uint8Array(await zip.arrayBuffer()));
  await forget(running.id);
  return refused.length ? refused.map(({ path }) => path.slice(0, 20)).sort() : [zip.size, hasher.digest()];
}
