/**
 * What the engine needs of its surroundings, so that tests can give it another.
 *
 * @typedef {object} Environment
 * @property {typeof fetch} fetch
 * @property {() => number} now Milliseconds.
 * @property {(milliseconds: number) => Promise<void>} sleep
 * @property {() => boolean} isOnline
 */

/** Milliseconds without a byte after which an answer has stalled. */
export const STALL = 15000;

/** @type {Environment} That of this browser or Node. */
export const here = {
  fetch: (...given) => fetch(...given),
  now: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  isOnline: () => globalThis.navigator?.onLine ?? true,
};

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} signal
 * @returns {Promise<T>} The same, but rejects as soon as the signal is given.
 */
export function orAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {number} most At a time.
 * @param {(item: T) => Promise<void>} action
 */
export async function each(items, most, action) {
  const left = items[Symbol.iterator]();
  await Promise.all(Array.from({ length: most }, async () => {
    for (let next = left.next(); !next.done; next = left.next()) await action(next.value);
  }));
}
