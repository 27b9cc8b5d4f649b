/** One request for a range, and its answer byte by byte. */
import { Fault, asFault, need } from "../core/fault.js";
import { orAborted } from "./environment.js";

/** @typedef {import("./environment.js").Environment} Environment */
/** @typedef {import("./origins.js").Origin} Origin */

/**
 * @typedef {object} Access What may be sent to which origin; nothing to all others.
 * @property {Record<string, string>} [credentials] Origin → "include".
 * @property {Record<string, Record<string, string>>} [headers] Origin → headers.
 */

/**
 * @typedef {object} Asked
 * @property {string} url
 * @property {Origin} origin
 * @property {number} from First byte.
 * @property {number} to Behind the last.
 * @property {number} size Of the whole.
 * @property {boolean} ranged Ask for a range; else for all.
 * @property {number} stall Milliseconds without a byte after which it is given up.
 */

const TICKS = 8; // in the time after which an answer has stalled

/** Status → kind of fault; others below 500 are refusals for good. */
const STATUSES = /** @type {Record<number, string>} */ ({
  401: "login", 403: "login", 407: "login", 404: "gone", 410: "gone", 416: "size",
  408: "busy", 425: "busy", 429: "busy",
});

/** @param {string} origin @param {Access} access @returns {RequestInit & {headers: Record<string, string>}} */
export function requestInit(origin, access) {
  const headers = access.headers?.[origin] ?? {};
  const include = access.credentials?.[origin] === "include";
  // a browser takes Authorization away where a redirect leads elsewhere; cookies and other headers
  // would go along
  const follows = !include && Object.keys(headers).every((name) => name.toLowerCase() === "authorization");
  return {
    headers: { ...headers },
    cache: "no-store",
    credentials: include ? "include" : "omit",
    redirect: follows ? "follow" : "error",
    referrerPolicy: "no-referrer",
  };
}

/** An answer that is read. */
export class Answer {
  #reader = /** @type {any} */ (undefined); // of the body; none if that is empty
  #abort = new AbortController();
  #idle = 0; // ticks since bytes came
  #mean = 0; // ticks that they take to come
  #isWaiting = false;
  #timer = /** @type {any} */ (0);

  /** @param {Asked} asked @param {Environment} environment @param {AbortSignal} signal Of the user. */
  constructor(asked, environment, signal) {
    this.asked = asked;
    this.environment = environment;
    this.signal = signal;
    this.at = 0; // place of the next byte in the file
    this.end = asked.to; // of what it is for
    this.isWhole = false; // the server ignored the range
    this.lastModified = /** @type {string | null} */ (null);
  }

  /**
   * @param {Access} access
   * @throws {Fault} The server refuses, is out of reach, or answers something else.
   */
  async open(access) {
    const { asked, signal } = this;
    const entering = asked.origin.enter();
    await orAborted(entering, signal).catch((error) => {
      entering.then(() => asked.origin.leave());
      throw error;
    });
    this.entered = true;
    this.#timer = setInterval(() => this.#watch(), asked.stall / TICKS);
    signal.addEventListener("abort", this.#stop);
    try {
      const end = asked.from === 0 && asked.to === asked.size ? "" : asked.to - 1;
      const { headers, ...init } = requestInit(asked.origin.name, access);
      if (asked.ranged) headers.Range = `bytes=${asked.from}-${end}`;
      const response = await this.#timed(() =>
        this.environment.fetch(asked.url, { ...init, headers, signal: this.#abort.signal }));
      this.#check(response);
      this.#reader = response.body?.getReader();
    } catch (error) {
      this.close();
      throw this.#fault(error);
    }
  }

  /** @param {Response} response */
  #check(response) {
    const { asked } = this;
    const { status, headers } = response;
    const origin = asked.origin.name;
    const isWhole = this.isWhole = status === 200;
    need(isWhole || status === 206, STATUSES[status] ?? (status >= 500 ? "server" : "refused"),
      { origin, status, wait: waitOf(headers) });
    this.lastModified = headers.get("Last-Modified");
    this.at = isWhole ? 0 : asked.from;
    const length = Number(headers.get("Content-Length") ?? NaN);
    const [, start = asked.from, total = asked.size] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
    // of a whole that is compressed, the length would be shorter
    need(isWhole ? !(length > asked.size) : Number(total) === asked.size, "size", { origin });
    need(isWhole || (Number(start) === asked.from && !(Math.abs(length - asked.to + asked.from) > 0)), "range", { origin });
  }

  /**
   * The next bytes of what was asked for; null at the end.
   *
   * @returns {Promise<Uint8Array | null>}
   * @throws {Fault}
   */
  async next() {
    const { asked } = this;
    // with a range ignored, the end of the file is the end of the answer
    const end = this.isWhole ? asked.size : asked.to;
    while (this.at < end) {
      let bytes = /** @type {Uint8Array | undefined} */ (undefined);
      try {
        bytes = this.#reader && (await this.#timed(() => orAborted(this.#reader.read(), this.#abort.signal))).value;
      } catch (error) {
        throw this.#fault(error, "cut");
      }
      const origin = asked.origin.name;
      need(bytes, "cut", { origin });
      const start = this.at;
      this.at += bytes.length;
      need(this.at <= end, "size", { origin });
      if (this.at > asked.from) return start < asked.from ? bytes.subarray(asked.from - start) : bytes;
    }
    return null;
  }

  /** Give the connection up. */
  close() {
    clearInterval(this.#timer);
    this.signal.removeEventListener("abort", this.#stop);
    this.#abort.abort();
    this.#reader?.cancel().catch(() => {});
    if (this.entered) this.asked.origin.leave();
    this.entered = false;
  }

  #stop = () => this.#abort.abort(this.signal.reason);

  /**
   * @template T
   * @param {() => Promise<T>} start
   */
  async #timed(start) {
    this.#idle = 0;
    this.#isWaiting = true;
    const result = await start();
    this.#isWaiting = false;
    this.#mean += (this.#idle - this.#mean) / 8;
    return result;
  }

  /** Give up if nothing comes for a time. It gets longer where bytes come seldom, but do come. */
  #watch() {
    // counted, not timed: what came while nothing ran here did come
    if (!this.#isWaiting || ++this.#idle <= Math.max(TICKS, 4 * this.#mean)) return;
    this.#abort.abort(new Fault("stall", { origin: this.asked.origin.name }));
  }

  /** @param {unknown} error @param {string} [kind] Of what the browser does not explain. */
  #fault(error, kind = "network") {
    if (this.signal.aborted) return this.signal.reason;
    const { reason } = this.#abort.signal;
    const { detail } = asFault(error, kind).data;
    return [error, reason].find((found) => found instanceof Fault)
      ?? new Fault(kind, { origin: this.asked.origin.name, detail });
  }
}

/** @param {Headers} headers @returns {number | undefined} Seconds, where the browser lets it be read. */
function waitOf(headers) {
  const value = headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3600) : undefined;
}
