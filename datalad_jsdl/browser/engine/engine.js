/**
 * A download: its files through their transfers into the sink, several at a time.
 *
 * After a pause, or where files failed, another `run` goes on.
 */
import { Fault, failure, need } from "../core/fault.js";
import { saveFromArchives } from "./archives.js";
import { STALL, each, here } from "./environment.js";
import { originsMet } from "./origins.js";
import { sourceOf } from "./source.js";
import { transfer } from "./transfer.js";

/** @typedef {import("../sinks/sink.js").Sink} Sink */
/** @typedef {import("../sinks/sink.js").File} File */
/** @typedef {import("./environment.js").Environment} Environment */
/** @typedef {import("./journal.js").State} State */
/** @typedef {import("./source.js").Context} Context */

/**
 * @typedef {object} Failure
 * @property {string} path
 * @property {string} reason A key of the table of texts.
 * @property {string} origin Of the server that failed, or "".
 *
 * @typedef {object} Progress
 * @property {number} done Bytes that are safe.
 * @property {number} total
 * @property {number} files That are complete.
 * @property {number} count Of all files.
 * @property {number} fetched Bytes that came, those that were thrown away too.
 *
 * @typedef {object} Report
 * @property {number} saved Files.
 * @property {Failure[]} failed
 * @property {number} verified Of those that were saved.
 * @property {number} unverified Without a digest that can be checked here.
 * @property {number} bytesFetched
 * @property {string | null} fault Why all of it failed.
 * @property {string} [detail] What the browser said of that.
 *
 * @typedef {object} Events
 * @property {(engine: Engine) => void} [onprogress] It may ask for `progress`, which takes time.
 * @property {(failure: Failure) => void} [onretry]
 *
 * @typedef {object} Options
 * @property {import("./response.js").Access} [access]
 * @property {number} [concurrency] Files at a time.
 * @property {number} [stall] Milliseconds without a byte.
 * @property {Environment} [environment]
 * @property {import("./archives.js").Transport[]} [archives]
 * @property {boolean} [isStrict] One file that fails ends all, as others would wait for it.
 */

const PAUSE = new Fault("paused");

/**
 * @typedef {object} Engine One download.
 * @property {() => Promise<Report | null>} run Get what is missing. What failed before is tried again.
 *   Null if it was paused.
 * @property {() => void} pause What runs is given up; `run` settles once nothing is written any more.
 * @property {() => Progress} progress
 */

/** @param {File[]} files @param {Sink} sink @param {Options & Events} [options] @returns {Engine} */
export function engineOf(files, sink, options = {}) {
  let abort = new AbortController();
  let states = /** @type {State[] | null} */ (null);
  let done = 0, fetched = 0;
  let failed = /** @type {Failure[]} */ ([]);
  const total = files.reduce((sum, { size }) => sum + size, 0);

  const complete = () => states?.filter((state) => state.complete) ?? [];

  const tell = () => options.onprogress?.(engine);

  /** @param {number} number @param {Fault} fault @returns {Failure} */
  const failureOf = (number, { kind, data }) =>
    ({ path: files[number].path, reason: kind, origin: data.origin ?? "" });

  /** @returns {Report} */
  function report() {
    const all = complete();
    const verified = all.filter((state) => state.verified).length;
    return { saved: all.length, failed, verified, unverified: all.length - verified, bytesFetched: fetched, fault: null };
  }

  async function all() {
    const { signal } = abort;
    const known = states ??= await sink.open();
    done = known.reduce((sum, { position }) => sum + position, 0);
    tell();
    const missing = /** @type {number[]} */ ([]);
    for (const [number, { complete: isComplete, blocked }] of known.entries()) {
      if (blocked) failed.push(failureOf(number, new Fault("exists")));
      else if (!isComplete) missing.push(number);
    }
    /** @type {Context} */
    const context = {
      environment: options.environment ?? here,
      origins: originsMet(),
      access: options.access ?? {},
      stall: options.stall ?? STALL,
      signal,
      onRetry: () => {},
      onFetched: (bytes) => {
        fetched += bytes;
      },
      onWritten: (bytes) => {
        done += bytes;
        tell();
      },
    };
    const archives = options.isStrict ? [] : options.archives ?? [];
    const most = options.concurrency ?? 6;
    await each(Array(most), most, async () => {
      try {
        await saveFromArchives(archives, missing, files, known, sink, context);
        for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
          await one(number, known[number], context);
        }
      } catch (error) {
        abort.abort(error); // the others end, too
      }
    });
    signal.throwIfAborted();
  }

  /** @param {number} number @param {State} state @param {Context} context */
  async function one(number, state, context) {
    const file = files[number];
    const own = { ...context, onRetry: (/** @type {Fault} */ fault) => options.onretry?.(failureOf(number, fault)) };
    const source = sourceOf(file.urls, file.size, own, options.archives, number);
    try {
      await transfer(number, file, state, sink, source, own);
    } catch (error) {
      // others would not fit either
      if (context.signal.aborted || !(error instanceof Fault) || error.kind === "space") throw error;
      const faults = source.faults();
      failed.push(...(faults.length ? faults : [error]).map((fault) => failureOf(number, fault)));
      need(!options.isStrict, "incomplete");
    }
    tell();
  }

  const engine = {
    async run() {
      abort = new AbortController();
      const { signal } = abort;
      sink.hurry?.(false);
      signal.addEventListener("abort", () => sink.hurry?.(true));
      failed = [];
      try {
        await all();
        if (!failed.length) await sink.finish();
        return report();
      } catch (error) {
        return signal.reason === PAUSE ? null : { ...report(), ...failure(error) };
      }
    },
    pause: () => abort.abort(PAUSE),
    progress: () => ({ done, total, files: complete().length, count: files.length, fetched }),
  };
  return engine;
}
