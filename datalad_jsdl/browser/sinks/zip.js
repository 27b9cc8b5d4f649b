/** The canonical zip, written at its places into a file; or in order, where the target wants that. */
import { BLOCK, EMPTY, framed, unframed } from "../core/zip.js";
import { untouched } from "../engine/journal.js";

/** @typedef {import("./sink.js").Sink} Sink */
/** @typedef {import("./sink.js").Target} Target */
/** @typedef {import("./log.js").Log} Log */
/** @typedef {import("../core/zip.js").Layout} Layout */
/** @typedef {import("../engine/journal.js").State} State */

/** @implements {Sink} */
export class ZipSink {
  /**
   * @param {Layout} layout
   * @param {Target} target
   * @param {Log | null} log Null where a break cannot be made up for.
   */
  constructor(layout, target, log) {
    this.layout = layout;
    this.target = target;
    this.log = log;
    this.crcs = new Uint32Array(layout.members.length);
    this.slab = new Uint8Array(0); // used again: fresh memory is dear
  }

  async open() {
    const { layout, log, target } = this;
    const states = log ? log.open(layout.members.map(({ size }) => size)) : layout.members.map(untouched);
    states.forEach(({ crc }, number) => (this.crcs[number] = crc));
    target.resize(layout.total); // takes no space yet, but tells whether there is enough
    return states;
  }

  /** @type {Sink["write"]} */
  async write(number, from, bytes, crc) {
    const { layout } = this;
    const { size } = layout.members[number];
    const isLast = from + bytes.length === size;
    const before = from === 0 ? layout.local(number, crc) : EMPTY;
    const behind = isLast ? layout.descriptor(number, crc) : EMPTY;
    const most = before.length + framed(bytes.length) + behind.length;
    if (this.slab.length < most) this.slab = new Uint8Array(most);
    const { slab } = this;
    slab.set(before);
    const length = before.length + layout.frame(number, from, bytes, slab.subarray(before.length));
    slab.set(behind, length);
    const place = from === 0 ? layout.offsets[number] : layout.position(number, from);
    this.crcs[number] = crc;
    await this.target.write(place, slab.subarray(0, length + behind.length));
    this.log?.written(number, crc, from + bytes.length, bytes.length);
  }

  /** @type {Sink["read"]} */
  async read(number, from, length) {
    const { layout } = this;
    const first = Math.floor(from / BLOCK) * BLOCK;
    const last = Math.min(Math.ceil((from + length) / BLOCK) * BLOCK, layout.members[number].size);
    const place = layout.position(number, first);
    const data = this.target.read(place, layout.position(number, last) - place);
    const content = unframed(data, last - first);
    return content.subarray(from - first, from - first + length);
  }

  /** @type {Sink["reset"]} */
  async reset(number) {
    this.log?.written(number, 0, 0, 0);
  }

  /** @type {Sink["complete"]} */
  async complete(number, state) {
    this.log?.completed(number, state);
  }

  async finish() {
    const { layout, target, crcs } = this;
    if (this.log?.isReady) return;
    const out = new Uint8Array(layout.total - layout.centralOffset);
    let at = 0;
    for (let number = 0; number <= crcs.length; number++) {
      const part = number < crcs.length ? layout.central(number, crcs[number]) : layout.end();
      out.set(part, at);
      at += part.length;
    }
    await target.write(layout.centralOffset, out);
    target.flush();
    this.log?.ready();
  }

  /** @param {boolean} isHurried */
  hurry(isHurried) {
    this.target.hurry?.(isHurried);
  }

  async close() {
    this.log?.close();
    this.target.close();
  }
}
