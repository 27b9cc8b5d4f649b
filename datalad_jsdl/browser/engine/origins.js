/** What is known of the servers: how many requests run, when one is asked again, who refuses. */

const MOST = 6; // requests to one origin at a time, as browsers have connections
const LONGEST = 30; // seconds of a back-off

/** One scheme, host and port. */
export class Origin {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.faults = 0; // in a row
    this.answered = false;
    this.refused = false; // never answered, and was asked often enough
    this.readyAt = 0;
    this.running = 0;
    this.waiting = /** @type {Array<(value: any) => void>} */ ([]);
  }

  /** Wait for a place among the requests; `leave` gives it back. */
  async enter() {
    if (this.running >= MOST) await new Promise((resolve) => this.waiting.push(resolve));
    else this.running++;
  }

  leave() {
    const next = this.waiting.shift();
    if (next) next(0);
    else this.running--;
  }

  /** It gave what it was asked for. */
  succeeded() {
    this.answered = true;
    this.refused = false;
    this.faults = 0;
  }

  /**
   * It is busy or unavailable: back off for a time.
   *
   * @param {number} now Milliseconds. @param {number} [wait] Seconds that it asks for.
   */
  failed(now, wait) {
    const seconds = wait ?? Math.min(LONGEST, 2 ** this.faults++ / 4);
    this.readyAt = Math.max(this.readyAt, now + seconds * 1000);
  }
}

/** All that were met. */
export class Origins {
  #known = /** @type {Map<string, Origin>} */ (new Map());

  /** @param {string} url @returns {Origin} */
  of(url) {
    const name = new URL(url).origin;
    const found = this.#known.get(name) ?? new Origin(name);
    this.#known.set(name, found);
    return found;
  }
}
