/** What is known of the servers: how many requests run, when one is asked again, who refuses. */

const MOST = 6; // requests to one origin at a time, as browsers have connections
const LONGEST = 30; // seconds of a back-off

/**
 * @typedef {object} Origin One scheme, host and port.
 * @property {string} name
 * @property {boolean} answered
 * @property {number} refused 1 if it never answered, and was asked often enough; else 0.
 * @property {number} readyAt Milliseconds.
 * @property {() => Promise<void>} enter Wait for a place among the requests; `leave` gives it back.
 * @property {() => void} leave
 * @property {() => void} succeeded It gave what it was asked for.
 * @property {(now: number, wait?: number) => void} failed It is busy or unavailable: back off for a time.
 *   *now*: milliseconds; *wait*: seconds that it asks for.
 */

/** @typedef {(url: string) => Origin} Origins All that were met. */

/** @returns {Origins} */
export function originsMet() {
  const met = /** @type {Map<string, Origin>} */ (new Map());
  return (url) => {
    const { origin } = new URL(url);
    const found = met.get(origin) ?? originOf(origin);
    met.set(origin, found);
    return found;
  };
}

/** @param {string} name @returns {Origin} */
function originOf(name) {
  const waiting = /** @type {Array<(value: any) => void>} */ ([]);
  let running = 0, faults = 0; // in a row
  const origin = {
    name, answered: false, refused: 0, readyAt: 0,
    async enter() {
      if (running >= MOST) await new Promise((resolve) => waiting.push(resolve));
      else running++;
    },
    leave() {
      const next = waiting.shift();
      if (next) next(0);
      else running--;
    },
    succeeded() {
      origin.answered = true;
      origin.refused = 0;
      faults = 0;
    },
    failed(/** @type {number} */ now, wait = NaN) {
      const seconds = wait >= 0 ? wait : Math.min(LONGEST, 2 ** faults++ / 4);
      origin.readyAt = Math.max(origin.readyAt, now + seconds * 1000);
    },
  };
  return origin;
}
