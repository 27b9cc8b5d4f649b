/** The bytes of one file from whichever of its candidates has them: failover in mid-file. */
import { Fault } from "../core/fault.js";
import { contentIn } from "../core/zip.js";
import { orAborted } from "./environment.js";
import { answerTo } from "./response.js";

/** @typedef {import("./environment.js").Environment} Environment */
/** @typedef {import("./origins.js").Origin} Origin */
/** @typedef {import("./origins.js").Origins} Origins */
/** @typedef {import("./response.js").Access} Access */

const WINDOW = 32 << 20; // bytes asked for at a time; Firefox holds what is not yet read
const AHEAD = 2 << 20; // bytes before the end of a window when the next is asked for; a break loses them
const TRIES = 5; // in a row without progress
const PROGRESS = 1 << 20; // bytes that make up for a fault
/** What another try of the same URL may mend. */
const TRANSIENT = new Set(["busy", "server", "cut", "stall", "network"]);

/**
 * @typedef {object} Candidate
 * @property {string} url
 * @property {Origin} origin
 * @property {import("../core/zip.js").Layout | null} zip That the file is in.
 * @property {number} member Of it.
 * @property {boolean} ranged Asked for ranges.
 * @property {number} tries In a row without progress.
 * @property {number} faults In all; of those with the fewest one is asked.
 * @property {number} wrong How often its bytes were not those of the file.
 * @property {string | null} lastModified
 * @property {Fault | null} dead Why it is not asked any more.
 */

/**
 * @typedef {object} Context
 * @property {Environment} environment
 * @property {Origins} origins
 * @property {Access} access
 * @property {number} stall Milliseconds.
 * @property {AbortSignal} signal
 * @property {(fault: Fault) => void} onRetry
 * @property {(bytes: number) => void} onFetched
 * @property {(bytes: number) => void} onWritten
 */

/**
 * @typedef {object} Source
 * @property {() => Fault[]} faults Why each candidate was given up.
 * @property {(from: number, to: number, unit: number) =>
 *   AsyncGenerator<{bytes: Uint8Array, candidate: Candidate}>} read Up to before *to*; windows end at
 *   multiples of *unit*. Throws a `Fault` where no candidate is left.
 * @property {(candidates: Iterable<Candidate>) => void} blame The bytes that they gave were wrong. Once
 *   may be chance.
 */

/**
 * @param {string[]} urls @param {number} size @param {Context} context
 * @param {import("./archives.js").Transport[]} [archives] Zips that have it, too. @param {number} [number] Of the file.
 * @returns {Source}
 */
export function sourceOf(urls, size, context, archives = [], number = 0) {
  const { environment, origins, access, stall, signal, onRetry, onFetched } = context;
  const of = (/** @type {Candidate["zip"]} */ zip, member = 0) => (/** @type {string} */ url) => ({
    url, zip, member, origin: origins(url), ranged: true, tries: 0, faults: 0, wrong: 0, lastModified: null, dead: null,
  });
  /** @type {Candidate[]} */
  const candidates = [
    ...urls.map(of(null)),
    ...archives.flatMap(({ urls: more, layout, members }) => more.map(of(layout, members[number]))),
  ];

  const faults = () => candidates.flatMap(({ dead }) => dead ?? []);

  /** @type {Source["read"]} */
  async function* read(at, to, unit) {
    while (at < to) {
      const candidate = await choose();
      let since = at;
      try {
        for await (const bytes of windows(candidate, at, to, unit)) {
          at += bytes.length;
          if (at - since >= PROGRESS || at === to) {
            since = at;
            candidate.tries = 0;
            candidate.origin.succeeded();
          }
          yield { bytes, candidate };
        }
      } catch (error) {
        if (!(error instanceof Fault) || signal.aborted) throw error;
        failed(candidate, error);
      }
    }
  }

  /** @type {Source["blame"]} */
  function blame(wrong) {
    for (const candidate of wrong) {
      candidate.faults += 10;
      const fault = new Fault("wrong", { origin: candidate.origin.name });
      if (++candidate.wrong > 1) candidate.dead = fault;
      onRetry(fault);
    }
  }

  /** @param {Candidate} candidate @param {number} at @param {number} to @param {number} unit */
  async function* windows(candidate, at, to, unit) {
    const { zip, member } = candidate;
    let answer = await open(candidate, at, windowEnd(at, to, unit));
    /** @type {Promise<import("./response.js").Answer> | null} */
    let next = null;
    try {
      for (;;) {
        const bytes = await answer.next();
        if (bytes) {
          onFetched(bytes.length);
          for (const given of zip ? contentIn(bytes, answer.at - bytes.length - zip.data(member)) : [bytes]) {
            const part = at + given.length > to ? given.subarray(0, to - at) : given;
            at += part.length;
            if (part.length) yield part;
          }
        }
        const end = answer.isWhole ? to : answer.end;
        if (at >= to) return;
        if (!next && end < to && end - at <= AHEAD) {
          next = open(candidate, end, windowEnd(end, to, unit));
          next.catch(() => {});
        }
        if (!bytes && next) {
          answer.close();
          answer = await next;
          next = null;
        }
      }
    } finally {
      answer.close();
      next?.then((other) => other.close(), () => {});
    }
  }

  /** @param {Candidate} candidate @param {number} from @param {number} to */
  async function open(candidate, from, to) {
    const { url, origin, ranged, zip, member } = candidate;
    const place = { url, origin, ranged, stall, from, to, size };
    // the header of the first block does not matter
    if (zip) Object.assign(place, { from: zip.position(member, from), to: zip.position(member, to), size: zip.total });
    const answer = await answerTo(place, access, environment, signal);
    answer.end = to;
    const { lastModified } = answer;
    const isOther = candidate.lastModified && lastModified && candidate.lastModified !== lastModified;
    const kind = zip && answer.isWhole ? "range" : isOther ? "changed" : "";
    if (kind) {
      answer.close();
      throw new Fault(kind, { origin: origin.name });
    }
    candidate.lastModified = lastModified;
    origin.answered = true;
    return answer;
  }

  /** The best candidate that is left, once its server may be asked. */
  async function choose() {
    for (;;) {
      signal.throwIfAborted();
      const now = environment.now();
      const wait = (/** @type {Candidate} */ { origin }) => Math.max(origin.readyAt - now, 0);
      const [best] = candidates.filter(({ dead }) => !dead).sort((a, b) => wait(a) - wait(b)
        || a.origin.refused - b.origin.refused || a.faults - b.faults);
      if (!best) throw faults()[0] ?? new Fault("no-urls");
      if (!wait(best) && environment.isOnline()) return best;
      await orAborted(environment.sleep(Math.min(wait(best) || 500, 1000)), signal);
    }
  }

  /** @param {Candidate} candidate @param {Fault} fault */
  function failed(candidate, fault) {
    const { origin } = candidate;
    candidate.faults++;
    if (!environment.isOnline()) return;
    if (fault.kind === "range" || (fault.kind === "network" && !origin.answered)) {
      // a browser tells of a compressed range as of no connection; without the range it may go well
      if (candidate.ranged && !candidate.zip) candidate.ranged = false;
      else candidate.dead = fault;
      origin.refused = Number(!origin.answered && candidate.dead !== null);
    } else if (!TRANSIENT.has(fault.kind)) {
      candidate.dead = fault;
    } else {
      origin.failed(environment.now(), fault.data.wait);
      if (++candidate.tries > TRIES) candidate.dead = fault;
    }
    onRetry(fault);
  }

  return { faults, read, blame };
}

/** @param {number} at @param {number} to @param {number} unit */
function windowEnd(at, to, unit) {
  const end = Math.floor((at + Math.max(WINDOW, unit)) / unit) * unit;
  return to - at <= WINDOW ? to : Math.min(end, to);
}
