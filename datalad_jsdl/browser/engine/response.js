/** One request for a range, and its answer byte by byte. */
import { Fault, need } from "../core/fault.js";
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

/**
 * @typedef {object} Answer
 * @property {boolean} isWhole The server ignored the range.
 * @property {string | null} lastModified
 * @property {number} at Place of the next byte in the file.
 * @property {number} end Of what it is for.
 * @property {() => Promise<Uint8Array | null>} next The next bytes of what was asked for; null at the end.
 *   Throws a `Fault`.
 * @property {() => void} close Give the connection up.
 */

/**
 * @param {Asked} asked @param {Access} access @param {Environment} environment
 * @param {AbortSignal} signal Of the user.
 * @returns {Promise<Answer>}
 * @throws {Fault} The server refuses, is out of reach, or answers something else.
 */
export async function answerTo({ url, origin, from, to, size, ranged, stall }, access, environment, signal) {
  const { name } = origin;
  const own = new AbortController();
  let reader = /** @type {any} */ (undefined); // of the body; none if that is empty
  let idle = 0; // ticks since bytes came
  let mean = 0; // ticks that they take to come
  let isWaiting = false, isOpen = true;

  const stop = () => own.abort(signal.reason);

  /**
   * @template T
   * @param {() => Promise<T>} start
   */
  const timed = async (start) => {
    idle = 0;
    isWaiting = true;
    const result = await start();
    isWaiting = false;
    mean += (idle - mean) / 8;
    return result;
  };

  /** Give up if nothing comes for a time. It gets longer where bytes come seldom, but do come. */
  const watch = () => {
    // counted, not timed: what came while nothing ran here did come
    if (isWaiting && ++idle > Math.max(TICKS, 4 * mean)) own.abort(new Fault("stall", { origin: name }));
  };

  /** @param {unknown} error @param {string} kind Of what the browser does not explain. */
  const faultOf = (error, kind) => {
    if (signal.aborted) return signal.reason;
    return [error, own.signal.reason].find((found) => found instanceof Fault)
      ?? new Fault(kind, { origin: name, detail: String(error) });
  };

  const close = () => {
    clearInterval(timer);
    signal.removeEventListener("abort", stop);
    own.abort();
    reader?.cancel().catch(() => {});
    if (isOpen) origin.leave();
    isOpen = false;
  };

  const entering = origin.enter();
  await orAborted(entering, signal).catch((error) => {
    entering.then(origin.leave);
    throw error;
  });
  const timer = setInterval(watch, stall / TICKS);
  signal.addEventListener("abort", stop);
  try {
    const { headers, ...init } = requestInit(name, access);
    if (ranged) headers.Range = `bytes=${from}-${from === 0 && to === size ? "" : to - 1}`;
    const response = await timed(() => environment.fetch(url, { ...init, headers, signal: own.signal }));
    const isWhole = checked(response, name, from, to, size);
    // with a range ignored, the end of the file is the end of the answer
    const last = isWhole ? size : to;
    reader = response.body?.getReader();
    const answer = {
      isWhole, lastModified: response.headers.get("Last-Modified"), at: isWhole ? 0 : from, end: to, close,
      async next() {
        while (answer.at < last) {
          let bytes = /** @type {Uint8Array | undefined} */ (undefined);
          try {
            bytes = reader && (await timed(() => orAborted(reader.read(), own.signal))).value;
          } catch (error) {
            throw faultOf(error, "cut");
          }
          need(bytes, "cut", { origin: name });
          const start = answer.at;
          answer.at += bytes.length;
          need(answer.at <= last, "size", { origin: name });
          if (answer.at > from) return start < from ? bytes.subarray(from - start) : bytes;
        }
        return null;
      },
    };
    return answer;
  } catch (error) {
    close();
    throw faultOf(error, "network");
  }
}

/**
 * @param {Response} response @param {string} origin @param {number} from @param {number} to @param {number} size
 * @returns {boolean} Whether it is all of the file.
 * @throws {Fault}
 */
function checked({ status, headers }, origin, from, to, size) {
  const isWhole = status === 200;
  need(isWhole || status === 206, STATUSES[status] ?? (status >= 500 ? "server" : "refused"),
    { origin, status, wait: waitOf(headers) });
  const length = Number(headers.get("Content-Length") ?? NaN);
  const [, start = from, total = size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("Content-Range") ?? "") ?? [];
  // of a whole that is compressed, the length would be shorter
  need(isWhole ? !(length > size) : Number(total) === size, "size", { origin });
  need(isWhole || (Number(start) === from && !(Math.abs(length - to + from) > 0)), "range", { origin });
  return isWhole;
}

/** @param {Headers} headers @returns {number} Seconds; NaN where there are none, or the browser does not tell. */
function waitOf(headers) {
  const value = headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Math.min(Math.max(seconds, 0), 3600);
}
