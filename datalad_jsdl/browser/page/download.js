/** A download as the page sees it; the worker does the work. */
import { failure, need } from "../core/fault.js";
import { hex } from "../core/hash.js";
import { NOTHING, identity } from "../engine/job.js";
import { fill, sinkFault } from "../sinks/sink.js";
import { forget, keepFolder, zipOf } from "./kept.js";
import { failedManifest } from "./failed.js";
import { startWorker, urlFor } from "./worker.js";

/** @typedef {import("../engine/engine.js").Progress} Progress */
/** @typedef {import("../engine/engine.js").Failure} Failure */
/** @typedef {import("../core/types.js").Refusal} Refusal */

/**
 * @typedef {"starting" | "running" | "paused" | "failed" | "ready" | "cancelled"} State
 *
 * @typedef {import("../engine/engine.js").Report & {
 *   refused: Refusal[], manifest: Record<string, object>, command: string,
 * }} Report `manifest`: of what failed; `command`: the same work on the command line.
 *
 * @typedef {object} Own
 * @property {"zip" | "folder"} [as]
 * @property {string} [name] Of the zip.
 * @property {FileSystemDirectoryHandle} [directory] Instead of the picker's.
 * @property {FileSystemFileHandle} [file] Where the zip is written to, instead of `save`.
 * @property {string} [base] What relative URLs are resolved against, where the manifest has no URL.
 * @property {number} [concurrency] Files at a time.
 * @property {number} [stall] Milliseconds without a byte after which another mirror is asked.
 * @property {AbortSignal} [signal] Cancels.
 * @property {(progress: Progress) => void} [onprogress]
 * @property {(failure: Failure) => void} [onretry]
 * @property {(state: State) => void} [onstate]
 *
 * @typedef {Own & import("../engine/response.js").Access} Options
 *
 * @typedef {{files: number, bytes: number, length: number, refused: Refusal[], kept: "opfs" | "blob"}} Plan
 */

const TRIES = 2; // more workers, if one does not begin

/** One download. */
export class Download {
  #worker = /** @type {Worker | null} */ (null);
  #settle = /** @type {(report: Report) => void} */ (() => {});
  #blob = /** @type {Blob | undefined} */ (undefined);
  #text = { text: "", base: "" };
  #begin = () => {};
  #isHeld = false; // paused before the worker told anything
  #tries = 0; // more workers that may be started

  /**
   * @param {Promise<{text: string, base: string}>} text Of the manifest.
   * @param {"zip" | "folder" | Promise<"zip" | "folder">} as
   * @param {Options} options
   * @param {Promise<FileSystemDirectoryHandle | undefined>} [folder] To save to.
   * @param {string} [id] Of an earlier visit.
   */
  constructor(text, as, options, folder, id = "") {
    this.options = options;
    this.id = id;
    this.name = options.name ?? "";
    this.as = /** @type {"zip" | "folder"} */ ("zip");
    this.state = /** @type {State} */ ("starting");
    this.progress = /** @type {Progress | null} */ (null);
    this.plan = /** @type {Plan | null} */ (null);
    /** @type {Promise<Report>} Settles once it is ready, failed or cancelled; again after `resume`. */
    this.done = this.#pending();
    options.signal?.addEventListener("abort", () => this.cancel());
    this.#begin = () => this.#start(text, as, folder).catch((error) => this.#end(failure(error)));
    this.#begin();
    if (options.signal?.aborted) this.cancel();
  }

  /** @returns {Promise<Report>} */
  #pending() {
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /**
   * @param {Promise<{text: string, base: string}>} text @param {any} as
   * @param {Promise<FileSystemDirectoryHandle | undefined>} [folder]
   */
  async #start(text, as, folder) {
    const { options } = this;
    const { text: found, base } = this.#text = await text;
    this.as = await as;
    const directory = await folder;
    const place = this.as + (directory ? ` ${directory.name}` : "");
    this.id ||= hex(identity(found, base, place)).slice(0, 32);
    this.name ||= nameOf(base);
    if (directory) await keepFolder(this.id, directory).catch(() => {});
    if (this.state === "cancelled") return;
    const { credentials, headers, concurrency, stall } = options;
    this.#tries = TRIES;
    this.#launch({
      text: found, base, id: this.id, as: this.as, name: this.name, directory, concurrency, stall,
      access: { credentials, headers },
    });
  }

  /** @param {object} start What the worker is to do. */
  #launch(start) {
    const worker = this.#worker = startWorker();
    worker.onmessage = ({ data }) => this.#heard(data);
    worker.onerror = ({ message }) => {
      worker.terminate();
      // one that never told anything may lack a file that a busy server did not send
      if (this.#tries-- > 0) this.#launch(start);
      else this.#end({ fault: "internal", detail: message });
    };
    worker.postMessage(["start", start]);
    if (this.#isHeld || this.state === "paused") this.pause();
  }

  /** @param {[string, any]} message Of the worker. */
  #heard([type, value]) {
    const { options } = this;
    this.#tries = 0;
    if (type === "progress") options.onprogress?.((this.progress = value));
    else if (type === "retry") options.onretry?.(value);
    else if (type === "plan") this.plan = value;
    else if (type === "state") this.#become(value);
    else this.#end(value);
  }

  /** @param {any} ended */
  async #end({ blob, ...more }) {
    this.#stop();
    this.#blob = blob;
    const report = { ...NOTHING, ...more };
    const isReady = () => !report.fault && !report.failed.length;
    if (isReady() && this.options.file) report.fault = await this.#intoFile(this.options.file);
    this.#become(isReady() ? "ready" : "failed");
    this.#settle(this.#whole(report));
  }

  /** @param {any} report @returns {Report} */
  #whole(report) {
    const { text, base } = this.#text;
    const from = /^https?:/.test(base) ? base.replace(/[?#].*/, "") : "MANIFEST";
    return {
      ...report, refused: this.plan?.refused ?? [], manifest: failedManifest(text, base, report.failed),
      command: `datalad download-manifest --get ${quoted(from)} ${quoted(this.name.replace(/\.zip$/, ""))}`,
    };
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.options.onstate?.(state);
    if (state === "cancelled") {
      this.#stop();
      this.#settle(this.#whole({ ...NOTHING, fault: "cancelled" }));
    }
  }

  #stop() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  pause() {
    this.#isHeld = this.state === "starting";
    if (this.#isHeld && !this.#worker) this.#become("paused");
    this.#worker?.postMessage(["pause"]);
  }

  /** Go on after a pause, or try again what failed. */
  resume() {
    if (this.state === "paused") {
      if (this.#worker) this.#worker.postMessage(["resume"]);
      else this.#become("starting");
      this.#isHeld = false;
    }
    if (this.state !== "failed") return;
    this.#isHeld = false;
    this.done = this.#pending();
    this.#become("starting");
    this.#begin();
  }

  /** Give up, and delete what is kept of it; files in a folder stay. */
  cancel() {
    if (this.state === "ready") return;
    this.#tries = 0;
    if (this.#worker) this.#worker.postMessage(["cancel"]);
    else {
      // what an earlier try has kept
      if (this.state === "failed") forget(this.id).catch(() => {});
      this.#become("cancelled");
    }
  }

  /** @param {FileSystemFileHandle} file @returns {Promise<string | null>} Why the zip cannot be written to it. */
  async #intoFile(file) {
    try {
      await fill(file, await this.#zip());
      await forget(this.id).catch(() => {});
      return null;
    } catch (error) {
      return sinkFault(error).kind;
    }
  }

  /** @returns {Promise<Blob>} */
  async #zip() {
    return this.#blob ?? zipOf(this.id);
  }

  /** Hand the zip over to the browser's downloads; call it in a click. It stays until `forget`. */
  async save() {
    need(this.state === "ready" && this.as === "zip", "incomplete");
    const url = urlFor(await this.#zip());
    const link = document.createElement("a");
    link.href = url;
    link.download = this.name;
    link.click();
  }
}

/** @param {string} text For a shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} base URL of the manifest. */
function nameOf(base) {
  const last = /([^/?#]+?)(\.jsonl?)?([?#].*)?$/.exec(base)?.[1] ?? "";
  return `${/^[\w.-]+$/.test(last) ? last : "files"}.zip`;
}
