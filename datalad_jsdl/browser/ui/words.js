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

/**
 * @typedef {object} Pace How fast it goes, and how long it takes.
 * @property {(now: number, done: number) => void} add *now*: milliseconds; *done*: bytes.
 * @property {(bytes: number) => string} left *bytes*: still to come. A time; "" while it cannot be told.
 *   It stays as it is until it changes by a tenth.
 */

/** @returns {Pace} */
export function paceOf() {
  const seen = /** @type {Array<[number, number]>} */ ([]);
  let shown = 0;
  return {
    add(now, done) {
      seen.push([now, done]);
      while (seen.length > 2 && now - seen[0][0] > WINDOW) seen.shift();
    },

    left(bytes) {
      const [began, first] = seen[0] ?? [0, 0];
      const [now, last] = seen.at(-1) ?? [0, 0];
      if (!(now - began >= 1000 && last > first)) return "";
      const seconds = (bytes / (last - first)) * (now - began) / 1000;
      if (Math.abs(seconds - shown) > shown / 10) shown = seconds;
      const [size, step, unit] = shown < 60 ? [5, 5, "s"] : shown < 5400 ? [60, 1, "min"] : [3600, 1, "h"];
      return `${Math.max(Math.round(shown / size), 1) * step} ${unit}`;
    },
  };
}
