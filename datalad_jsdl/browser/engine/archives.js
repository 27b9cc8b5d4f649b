/**
 * Small files out of a zip that the manifest names: it is a zip of the manifest itself, so where each
 * file lies in it follows from the manifest, and many come with one request for a range. Each is checked
 * by its own digest; what does not come this way comes from its own URLs.
 */
import { crc32 } from "../core/crc.js";
import { Fault } from "../core/fault.js";
import { unframed } from "../core/zip.js";
import { UNIT, checkOf } from "./pieces.js";
import { sourceOf } from "./source.js";

/** @typedef {import("./source.js").Context} Context */
/** @typedef {import("./journal.js").State} State */
/** @typedef {import("../sinks/sink.js").Sink} Sink */
/** @typedef {import("../sinks/sink.js").File} File */

const SMALL = 1 << 20; // bytes of a file that is worth it
const GAP = 64 << 10; // bytes that are not wanted, between two that are

/**
 * @typedef {object} Transport A zip of the manifest's files.
 * @property {string[]} urls
 * @property {import("../core/zip.js").Layout} layout
 * @property {number[]} members Number of a file → that of its member.
 * @property {boolean} [isBroken] It has not what it should have.
 */

/** @typedef {{members: number[], from: number, to: number}} Group */

/**
 * Take groups of neighbours from what is missing, and save them, until there are none.
 *
 * @param {Transport[]} archives
 * @param {number[]} missing Files to get; what is taken in hand here is taken out, what fails put back.
 * @param {File[]} files @param {State[]} states @param {Sink} sink @param {Context} context
 */
export async function saveFromArchives(archives, missing, files, states, sink, context) {
  for (const archive of archives) {
    while (!archive.isBroken) {
      const group = takeGroup(archive, missing, files, states);
      if (!group) break;
      try {
        await saveGroup(archive, group, files, states, sink, context);
      } catch (error) {
        if (context.signal.aborted || !(error instanceof Fault)) throw error;
        archive.isBroken = true;
        context.onRetry(error);
      } finally {
        missing.push(...group.members.filter((number) => !states[number].complete));
      }
    }
  }
}

/**
 * @param {Transport} archive @param {number[]} missing @param {File[]} files @param {State[]} states
 * @returns {Group | null} At least two members.
 */
function takeGroup({ layout, members }, missing, files, states) {
  const isFit = (/** @type {number} */ number) => {
    const { size, content } = files[number];
    return size > 0 && size <= SMALL && !content && !states[number].position && checkOf(files[number]).verifies;
  };
  const wanted = missing.filter(isFit).sort((a, b) => a - b);
  const places = wanted.map((number) => members[number]);
  const start = (/** @type {number} */ n) => layout.offsets[places[n]];
  const end = (/** @type {number} */ n) => layout.data(places[n]) + layout.stored(places[n]);
  for (let first = 0, last = 0; first + 1 < wanted.length; first = ++last) {
    while (start(last + 1) - end(last) <= GAP && end(last + 1) - start(first) <= UNIT) last++;
    if (last === first) continue;
    const taken = new Set(wanted.slice(first, last + 1));
    for (const number of missing.splice(0)) if (!taken.has(number)) missing.push(number);
    return { members: [...taken], from: start(first), to: end(last) };
  }
  return null;
}

/**
 * @param {Transport} archive @param {Group} group @param {File[]} files @param {State[]} states
 * @param {Sink} sink @param {Context} context
 */
async function saveGroup({ urls, layout, members: places }, { members, from, to }, files, states, sink, context) {
  const bytes = new Uint8Array(to - from);
  let held = 0;
  for await (const part of sourceOf(urls, layout.total, context).read(from, to, 1)) {
    bytes.set(part.bytes, held);
    held += part.bytes.length;
  }
  for (const number of members) {
    const place = layout.data(places[number]) - from;
    const { size } = files[number];
    const content = unframed(bytes.subarray(place, place + layout.stored(places[number])), size);
    await checkOf(files[number]).unitIs(content, 0);
    const crc = crc32(content);
    await sink.write(number, 0, content, crc);
    Object.assign(states[number], { position: size, crc, complete: true, verified: true });
    await sink.complete(number, states[number]);
    context.onWritten(size);
  }
}
