/**
 * A target that takes its bytes in order, for a `Blob`: browsers keep one that is made of a stream on
 * disk. Bytes that come too early wait, and those who have too many of them.
 */
import { Fault, need } from "../core/fault.js";

/** @typedef {import("./sink.js").Target} Target */

const AHEAD = 64 << 20; // bytes that wait at most, or a few more

/**
 * @typedef {Target & {blob: Promise<Blob>, abort: () => void}} Stream `blob`: all of it, once it is
 *   closed; `abort`: nothing more comes.
 */

/** @returns {Stream} */
export function streamTarget() {
  const early = /** @type {Map<number, Uint8Array>} */ (new Map());
  const waiting = /** @type {Array<(value: any) => void>} */ ([]);
  let controller = /** @type {any} */ (null);
  let head = 0, isHurried = false;

  const wake = () => waiting.splice(0).forEach((resolve) => resolve(0));

  const blob = new Response(new ReadableStream({
    start: (own) => {
      controller = own;
    },
    pull: wake,
  }, { highWaterMark: 8 << 20, size: (bytes) => bytes.length })).blob();
  blob.catch(() => {});

  return {
    blob,
    size: () => head,
    resize() {},

    // it throws `rewind`: what is given on already cannot be taken back
    async write(at, bytes) {
      need(at >= head && !early.has(at), "rewind");
      early.set(at, bytes.slice());
      for (let next; (next = early.get(head)); wake()) {
        early.delete(head);
        head += next.length;
        controller.enqueue(next);
      }
      while (!isHurried && (at > head + AHEAD || (at < head && controller.desiredSize <= 0))) {
        await new Promise((resolve) => waiting.push(resolve));
      }
    },

    // nobody waits any more; what comes too early is held
    hurry(isNow) {
      isHurried = isNow;
      wake();
    },

    read() {
      throw new Fault("rewind");
    },
    flush() {},
    close: () => controller.close(),
    abort: () => controller.error(new Fault("cancelled")),
  };
}
