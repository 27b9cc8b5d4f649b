/** Numbers for people. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const WINDOW = 20000; // milliseconds that the rate is of

/** @param {number} bytes */
export function bytesText(bytes) {
  let unit = 0;
  let value = bytes;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${value < 9.95 && unit ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** @param {{done: number, total: number}} progress Whole; 100 only at the end. */
export function percent({ done, total }) {
  return total ? Math.floor((done / total) * 100) : 100;
}

/** How fast it goes, and how long it takes. */
export class Pace {
  #seen = /** @type {Array<[number, number]>} */ ([]);
  #shown = 0;

  /** @param {number} now Milliseconds. @param {number} done Bytes. */
  add(now, done) {
    this.#seen.push([now, done]);
    while (this.#seen.length > 2 && now - this.#seen[0][0] > WINDOW) this.#seen.shift();
  }

  /**
   * @param {number} bytes Still to come.
   * @returns {{n: number, unit: "s" | "min" | "h"} | null} Null while it cannot be told. It stays as it
   *   is until it changes by a tenth.
   */
  left(bytes) {
    const first = this.#seen[0], last = this.#seen[this.#seen.length - 1];
    if (!first || last[0] - first[0] < 1000 || last[1] <= first[1]) return null;
    const seconds = bytes / ((last[1] - first[1]) / (last[0] - first[0])) / 1000;
    if (Math.abs(seconds - this.#shown) > this.#shown / 10) this.#shown = seconds;
    if (this.#shown < 60) return { n: Math.max(5, Math.ceil(this.#shown / 5) * 5), unit: "s" };
    return this.#shown < 5400 ? { n: Math.round(this.#shown / 60), unit: "min" }
      : { n: Math.round(this.#shown / 3600), unit: "h" };
  }
}
