/** The canonical zip, written at its places into a file; or in order, where the target wants that. */
import { BLOCK, EMPTY, framed, unframed } from "../core/zip.js";
import { untouched } from "../engine/journal.js";

/** @typedef {import("./sink.js").Sink} Sink */
/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("./log.js").Log} Log */
/** @typedef {import("../core/zip.js").Layout} Layout */
/** @typedef {import("../engine/journal.js").State} State */

/**
 * @param {Layout} layout
 * @param {Target} target
 * @param {Log | null} log Null where a break cannot be made up for.
 * @returns {Sink}
 */
export function zipSink(layout, target, log) {
  const crcs = new Uint32Array(layout.members.length);
  let slab = new Uint8Array(0); // used again: fresh memory is dear
  return {
    async open() {
      const states = log ? log.open(layout.members.map(({ size }) => size)) : layout.members.map(untouched);
      states.forEach(({ crc }, number) => (crcs[number] = crc));
      target.resize(layout.total); // takes no space yet, but tells whether there is enough
      return states;
    },

    async write(number, from, bytes, crc) {
      const { size } = layout.members[number];
      const isLast = from + bytes.length === size;
      const before = from === 0 ? layout.local(number, crc) : EMPTY;
      const behind = isLast ? layout.descriptor(number, crc) : EMPTY;
      const most = before.length + framed(bytes.length) + behind.length;
      if (slab.length < most) slab = new Uint8Array(most);
      slab.set(before);
      const length = before.length + layout.frame(number, from, bytes, slab.subarray(before.length));
      slab.set(behind, length);
      const place = from === 0 ? layout.offsets[number] : layout.position(number, from);
      crcs[number] = crc;
      await target.write(place, slab.subarray(0, length + behind.length));
      log?.written(number, crc, from + bytes.length, bytes.length);
    },

    async read(number, from, length) {
      const first = Math.floor(from / BLOCK) * BLOCK;
      const last = Math.min(Math.ceil((from + length) / BLOCK) * BLOCK, layout.members[number].size);
      const place = layout.position(number, first);
      const data = target.read(place, layout.position(number, last) - place);
      return unframed(data, last - first).subarray(from - first, from - first + length);
    },

    async reset(number) {
      log?.written(number, 0, 0, 0);
    },

    async complete(number, state) {
      log?.completed(number, state);
    },

    async finish() {
      if (log?.isReady) return;
      const out = new Uint8Array(layout.total - layout.centralOffset);
      let at = 0;
      for (let number = 0; number <= crcs.length; number++) {
        const part = number < crcs.length ? layout.central(number, crcs[number]) : layout.end();
        out.set(part, at);
        at += part.length;
      }
      await target.write(layout.centralOffset, out);
      target.flush();
      log?.ready();
    },

    hurry: (isHurried) => target.hurry?.(isHurried),

    async close() {
      log?.close();
      target.close();
    },
  };
}
