/**
 * A download: its files through their transfers into the sink, several at a time.
 *
 * States: `idle` → `running` → `ready`, or `failed` (some files, or all of it), or `paused`; from both
 * of these `run` goes on.
 */
import { Fault, failure, need } from "../core/fault.js";
import { saveFromArchives } from "./archives.js";
import { each, here } from "./environment.js";
import { Origins } from "./origins.js";
import { Transfer } from "./transfer.js";

/** @typedef {import("../sinks/sink.js").Sink} Sink */
/** @typedef {import("../sinks/sink.js").File} File */
/** @typedef {import("./environment.js").Environment} Environment */
/** @typedef {import("./journal.js").State} State */
/** @typedef {import("./source.js").Context} Context */

const STALL = 15000; // milliseconds

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

/** One download. */
export class Engine {
  /** @param {File[]} files @param {Sink} sink @param {Options & Events} [options] */
  constructor(files, sink, options = {}) {
    this.files = files;
    this.sink = sink;
    this.options = options;
    this.origins = new Origins();
    this.abort = new AbortController();
    /** @type {"idle" | "running" | "paused" | "failed" | "ready"} */
    this.state = "idle";
    this.states = /** @type {State[] | null} */ (null);
    this.done = 0;
    this.fetched = 0;
    this.failed = /** @type {Failure[]} */ ([]);
    this.total = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** @returns {Progress} */
  get progress() {
    const { done, total, fetched, files } = this;
    return { done, total, files: this.#complete().length, count: files.length, fetched };
  }

  /**
   * Get what is missing. What failed before is tried again.
   *
   * @returns {Promise<Report | null>} Null if it was paused.
   */
  async run() {
    this.state = "running";
    this.abort = new AbortController();
    this.sink.hurry?.(false);
    this.abort.signal.addEventListener("abort", () => this.sink.hurry?.(true));
    this.failed = [];
    this.origins = new Origins();
    try {
      await this.#all();
      if (!this.failed.length) await this.sink.finish();
      this.state = this.failed.length ? "failed" : "ready";
      return this.#report();
    } catch (error) {
      if (this.abort.signal.aborted && this.abort.signal.reason === PAUSE) {
        this.state = "paused";
        return null;
      }
      this.state = "failed";
      return { ...this.#report(), ...failure(error) };
    }
  }

  /** What runs is given up; `run` settles once nothing is written any more. */
  pause() {
    this.abort.abort(PAUSE);
  }

  async #all() {
    const { files, sink, options, abort } = this;
    const states = this.states ??= await sink.open();
    this.done = states.reduce((sum, { position }) => sum + position, 0);
    this.#tell();
    for (const [number, { blocked }] of states.entries()) if (blocked) this.#fail(number, new Fault("exists"));
    const isMissing = (/** @type {State} */ { complete, blocked }) => !complete && !blocked;
    const missing = [...states.keys()].filter((number) => isMissing(states[number]));
    const context = this.#context();
    const archives = options.isStrict ? [] : options.archives ?? [];
    const most = options.concurrency ?? 6;
    await each(Array(most), most, async () => {
      try {
        await saveFromArchives(archives, missing, files, states, sink, context);
        for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
          await this.#one(number, context);
        }
      } catch (error) {
        abort.abort(error); // the others end, too
      }
    });
    abort.signal.throwIfAborted();
  }

  /** @param {number} number @param {Context} context */
  async #one(number, context) {
    const file = this.files[number];
    const state = /** @type {State[]} */ (this.states)[number];
    const onRetry = (/** @type {Fault} */ fault) => this.options.onretry?.(this.#failure(number, fault));
    const own = { ...context, onRetry };
    const transfer = new Transfer(number, file, state, this.sink, own, this.options.archives);
    try {
      await transfer.run();
    } catch (error) {
      if (this.abort.signal.aborted || !(error instanceof Fault) || FATAL.has(error.kind)) throw error;
      const faults = transfer.source.faults;
      for (const fault of faults.length ? faults : [error]) this.#fail(number, fault);
      need(!this.options.isStrict, "incomplete");
    }
    this.#tell();
  }

  /** @returns {Context} */
  #context() {
    const { options, abort, origins } = this;
    return {
      environment: options.environment ?? here,
      origins,
      access: options.access ?? {},
      stall: options.stall ?? STALL,
      signal: abort.signal,
      onRetry: () => {},
      onFetched: (bytes) => {
        this.fetched += bytes;
      },
      onWritten: (bytes) => {
        this.done += bytes;
        this.#tell();
      },
    };
  }

  /** @param {number} number @param {Fault} fault @returns {Failure} */
  #failure(number, { kind, data }) {
    return { path: this.files[number].path, reason: kind, origin: data.origin ?? "" };
  }

  /** @param {number} number @param {Fault} fault */
  #fail(number, fault) {
    this.failed.push(this.#failure(number, fault));
  }

  #tell() {
    this.options.onprogress?.(this);
  }

  #complete() {
    return this.states?.filter(({ complete }) => complete) ?? [];
  }

  /** @returns {Report} */
  #report() {
    const complete = this.#complete();
    const verified = complete.filter((state) => state.verified).length;
    return {
      saved: complete.length, failed: this.failed, verified, unverified: complete.length - verified,
      bytesFetched: this.fetched, fault: null,
    };
  }
}

const PAUSE = new Fault("paused");
/** What ends the whole download: the place is full, or cannot be written to. */
const FATAL = new Set(["space", "sink", "paused", "cancelled"]);
