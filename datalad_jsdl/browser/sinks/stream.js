/**
 * A target that takes its bytes in order, for a `Blob`: browsers keep one that is made of a stream on
 * disk. Bytes that come too early wait, and those who have too many of them.
 */
import { Fault, need } from "../core/fault.js";

/** @typedef {import("./sink.js").Target} Target */

const AHEAD = 64 << 20; // bytes that wait at most, or a few more

/** @implements {Target} */
export class StreamTarget {
  #controller = /** @type {ReadableStreamDefaultController<Uint8Array> | null} */ (null);
  #early = /** @type {Map<number, Uint8Array>} */ (new Map());
  #waiting = /** @type {Array<(value: any) => void>} */ ([]);
  #head = 0;
  #isHurried = false;

  constructor() {
    const stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#wake(),
    }, { highWaterMark: 8 << 20, size: (bytes) => bytes.length });
    /** @type {Promise<Blob>} All of it, once it is closed. */
    this.blob = new Response(stream).blob();
    this.blob.catch(() => {});
  }

  size() {
    return this.#head;
  }

  resize() {}

  /**
   * @param {number} at
   * @param {Uint8Array} bytes
   * @throws {Fault} `rewind`: what is given on already cannot be taken back.
   */
  async write(at, bytes) {
    need(at >= this.#head && !this.#early.has(at), "rewind");
    this.#early.set(at, bytes.slice());
    this.#give();
    const isFull = () => (this.#controller?.desiredSize ?? 1) <= 0;
    while (!this.#isHurried && (at > this.#head + AHEAD || (at < this.#head && isFull()))) {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  /** @param {boolean} isHurried Nobody waits any more; what comes too early is held. */
  hurry(isHurried) {
    this.#isHurried = isHurried;
    this.#wake();
  }

  #give() {
    for (;;) {
      const bytes = this.#early.get(this.#head);
      if (!bytes) return;
      this.#early.delete(this.#head);
      this.#head += bytes.length;
      this.#controller?.enqueue(bytes);
      this.#wake();
    }
  }

  #wake() {
    this.#waiting.splice(0).forEach((resolve) => resolve(0));
  }

  /** @returns {never} */
  read() {
    throw new Fault("rewind");
  }

  flush() {}

  close() {
    this.#controller?.close();
  }

  /** Nothing more comes. */
  abort() {
    this.#controller?.error(new Fault("cancelled"));
  }
}
