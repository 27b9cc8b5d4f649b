/** One request for a range, and its answer byte by byte. */
import { Fault, asFault } from "../core/fault.js";
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

/** Status → kind of fault; others below 500 are refusals for good. */
const STATUSES = /** @type {Record<number, string>} */ ({
  401: "login", 403: "login", 407: "login", 404: "gone", 410: "gone", 416: "size",
  408: "busy", 425: "busy", 429: "busy",
});

/** @param {string} origin @param {Access} access @returns {RequestInit} */
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
  #mean = 0;
  #limit = 0;
  #waitingSince = -1;
  #timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {Asked} asked @param {Environment} environment @param {AbortSignal} signal Of the user. */
  constructor(asked, environment, signal) {
    this.asked = asked;
    this.environment = environment;
    this.signal = signal;
    this.at = 0; // place of the next byte in the file
    this.end = asked.to; // of what it is for
    this.isWhole = false; // the server ignored the range
    this.lastModified = /** @type {string | null} */ (null);
    this.#limit = asked.stall;
  }

  /**
   * @param {Access} access
   * @throws {Fault} The server refuses, is out of reach, or answers something else.
   */
  async open(access) {
    const { asked, signal } = this;
    const entering = asked.origin.enter();
    try {
      await orAborted(entering, signal);
    } catch (error) {
      entering.then(() => asked.origin.leave());
      throw error;
    }
    this.entered = true;
    signal.addEventListener("abort", this.#stop);
    try {
      const init = requestInit(asked.origin.name, access);
      const isAll = asked.from === 0 && asked.to === asked.size;
      const range = isAll ? "bytes=0-" : `bytes=${asked.from}-${asked.to - 1}`;
      if (asked.ranged) /** @type {Record<string, string>} */ (init.headers).Range = range;
      const response = await this.#timed(() =>
        this.environment.fetch(asked.url, { ...init, signal: this.#abort.signal }));
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
    if (status !== 200 && status !== 206) {
      const kind = STATUSES[status] ?? (status >= 500 ? "server" : "refused");
      throw new Fault(kind, { origin, status, wait: waitOf(headers) });
    }
    this.lastModified = headers.get("Last-Modified");
    this.isWhole = status === 200;
    this.at = this.isWhole ? 0 : asked.from;
    const length = headers.get("Content-Length");
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
    const isOther = (start && Number(start) !== asked.from) || (total && Number(total) !== asked.size)
      || (length && Number(length) !== asked.to - asked.from);
    const isLonger = this.isWhole && Number(length) > asked.size; // compressed, it would be shorter
    if (isLonger) throw new Fault("size", { origin });
    if (!this.isWhole && isOther) throw new Fault(total && Number(total) !== asked.size ? "size" : "range", { origin });
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
      if (!bytes) throw new Fault("cut", { origin: asked.origin.name });
      const start = this.at;
      this.at += bytes.length;
      if (this.at > end) throw new Fault("size", { origin: asked.origin.name });
      if (this.at > asked.from) return start < asked.from ? bytes.subarray(asked.from - start) : bytes;
    }
    return null;
  }

  /** Give the connection up. */
  close() {
    clearTimeout(this.#timer);
    this.signal.removeEventListener("abort", this.#stop);
    this.#abort.abort();
    this.#reader?.cancel().catch(() => {});
    if (this.entered) this.asked.origin.leave();
    this.entered = false;
  }

  #stop = () => this.#abort.abort(this.signal.reason);

  /**
   * Give up if nothing comes for a time. It gets longer where bytes come seldom, but do come.
   *
   * @template T
   * @param {() => Promise<T>} start
   */
  async #timed(start) {
    const since = this.#waitingSince = this.environment.now();
    if (this.#timer === undefined) this.#watch(this.#limit);
    const result = await start();
    this.#waitingSince = -1;
    this.#mean += (this.environment.now() - since - this.#mean) / 8;
    this.#limit = Math.max(this.asked.stall, 4 * this.#mean);
    return result;
  }

  /** @param {number} wait */
  #watch(wait) {
    this.#timer = setTimeout(() => {
      const waited = this.#waitingSince < 0 ? 0 : this.environment.now() - this.#waitingSince;
      if (waited < this.#limit) this.#watch(Math.max(this.#limit - waited, 10));
      else this.#abort.abort(new Fault("stall", { origin: this.asked.origin.name }));
    }, wait);
  }

  /** @param {unknown} error @param {string} [kind] Of what the browser does not explain. */
  #fault(error, kind = "network") {
    if (this.signal.aborted) return this.signal.reason;
    const reason = this.#abort.signal.reason;
    const origin = this.asked.origin.name;
    if (error instanceof Fault) return error;
    return reason instanceof Fault ? reason : new Fault(kind, { origin, detail: asFault(error, kind).data.detail });
  }
}

/** @param {Headers} headers @returns {number | undefined} Seconds, where the browser lets it be read. */
function waitOf(headers) {
  const value = headers.get("Retry-After");
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3600) : undefined;
}
