/** Numbers for people. */

const UNITS = "kMGTP"; // in front of the B
const WINDOW = 20000; // milliseconds that the rate is of

/** @param {number} bytes */
export function bytesText(bytes) {
  let unit = 0;
  for (; bytes >= 999.5 && unit < 5; unit++) bytes /= 1000;
  return `${bytes.toFixed(bytes < 9.95 && unit ? 1 : 0)} ${UNITS.charAt(unit - 1)}B`;
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
   * @returns {string} A time; "" while it cannot be told. It stays as it is until it changes by a tenth.
   */
  left(bytes) {
    const [began, first] = this.#seen[0] ?? [0, 0];
    const [now, last] = this.#seen.at(-1) ?? [0, 0];
    if (!(now - began >= 1000 && last > first)) return "";
    const seconds = (bytes / (last - first)) * (now - began) / 1000;
    if (Math.abs(seconds - this.#shown) > this.#shown / 10) this.#shown = seconds;
    const [size, unit] = this.#shown < 60 ? [5, "s"] : this.#shown < 5400 ? [60, "min"] : [3600, "h"];
    const count = Math.max(Math.round(this.#shown / size), 1);
    return `${size === 5 ? count * 5 : count} ${unit}`;
  }
}
