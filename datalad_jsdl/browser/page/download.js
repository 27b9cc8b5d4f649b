/** A download as the page sees it; the worker does the work. */
import { failure, need } from "../core/fault.js";
import { hex } from "../core/hash.js";
import { STALL } from "../engine/environment.js";
import { NOTHING, identity, isRight } from "../engine/job.js";
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

/**
 * @typedef {object} Download
 * @property {string} id
 * @property {string} name Of the zip.
 * @property {"zip" | "folder"} as
 * @property {State} state
 * @property {Progress | null} progress
 * @property {Plan | null} plan
 * @property {Promise<Report>} done Settles once it is ready, failed or cancelled; again after `resume`.
 * @property {() => void} pause
 * @property {() => void} resume Go on after a pause, or try again what failed.
 * @property {() => void} cancel Give up, and delete what is kept of it; files in a folder stay.
 * @property {() => Promise<void>} save Hand the zip over to the browser's downloads; call it in a click.
 *   It stays until `forget`.
 */

const TRIES = 2; // more workers, if one does not begin
const START = 10000; // milliseconds that one may take, beside those of a stall

/**
 * One download, which begins.
 *
 * @param {Promise<{text: string, base: string}>} given Text of the manifest.
 * @param {"zip" | "folder" | Promise<"zip" | "folder">} as
 * @param {Options} options
 * @param {Promise<FileSystemDirectoryHandle | undefined>} [folder] To save to.
 * @param {string} [id] Of an earlier visit.
 * @returns {Download}
 */
export function downloadOf(given, as, options, folder, id = "") {
  const { file, signal, credentials, headers, concurrency, stall } = options;
  let worker = /** @type {Worker | null} */ (null); // that has begun
  let settle = /** @type {(report: Report) => void} */ (() => {});
  let zip = /** @type {Blob | undefined} */ (undefined);
  let text = "", base = "";
  let stop = () => {};
  let asked = "run"; // of the worker, last
  let tries = 0; // more workers that may be started

  const pending = () => {
    own.done = new Promise((resolve) => {
      settle = resolve;
    });
  };

  const begin = () => start().catch((error) => end(failure(error)));

  async function start() {
    ({ text, base } = await given);
    own.as = await as;
    const directory = await folder;
    own.id ||= hex(identity(text, base, own.as + (directory ? ` ${directory.name}` : ""))).slice(0, 32);
    own.name ||= nameOf(base);
    if (directory) await keepFolder(own.id, directory).catch(() => {});
    if (own.state === "cancelled") return;
    tries = TRIES;
    launch({
      text, base, id: own.id, as: own.as, name: own.name, directory, concurrency, stall,
      access: { credentials, headers },
    });
  }

  /** @param {object} wanted What the worker is to do. */
  function launch(wanted) {
    const launched = startWorker();
    launched.onerror = ({ message }) => {
      stop();
      // one that never told anything may lack a file that a busy server did not send
      if (tries-- > 0) launch(wanted);
      else end({ fault: "internal", detail: message });
    };
    // Firefox is silent on files that do not come
    const timer = setTimeout(launched.onerror, START + (stall ?? STALL), {});
    stop = () => {
      clearTimeout(timer);
      launched.onerror = launched.onmessage = null; // what is under way from it comes to nothing
      launched.terminate();
      worker = null;
    };
    launched.onmessage = ({ data: [type, value] }) => {
      if (type === "hello") {
        clearTimeout(timer);
        tries = 0;
        worker = launched;
        try {
          ask(own.state === "paused" ? "pause" : "run", wanted);
        } catch (error) {
          end(failure(error)); // headers, for example, of which no copy can be made
        }
      } else if (type === "progress") options.onprogress?.((own.progress = value));
      else if (type === "retry") options.onretry?.(value);
      else if (type === "plan") own.plan = value;
      else if (type === "state") become(value);
      else end(value);
    };
  }

  /** @param {string} wish @param {object} [wanted] */
  function ask(wish, wanted) {
    if (asked === "cancel") return; // nothing comes after that
    asked = wish;
    worker?.postMessage([wish, wanted]);
  }

  /** @param {any} ended */
  async function end({ blob, ...more }) {
    stop();
    asked = "run";
    zip = blob;
    const report = { ...NOTHING, ...more };
    if (isRight(report) && file) report.fault = await intoFile(file);
    become(isRight(report) ? "ready" : "failed");
    settle(whole(report));
  }

  /** @param {any} report @returns {Report} */
  function whole(report) {
    const from = /^https?:/.test(base) ? base.replace(/[?#].*/, "") : "MANIFEST";
    return {
      ...report, refused: own.plan?.refused ?? [], manifest: failedManifest(text, base, report.failed),
      command: `datalad download-manifest --get ${quoted(from)} ${quoted(own.name.replace(/\.zip$/, ""))}`,
    };
  }

  /** @param {State} state */
  function become(state) {
    if (state === own.state || own.state === "cancelled") return;
    own.state = state;
    options.onstate?.(state);
    if (state === "cancelled") {
      stop();
      settle(whole({ ...NOTHING, fault: state }));
    }
  }

  /** @param {FileSystemFileHandle} target @returns {Promise<string | null>} Why the zip cannot be written to it. */
  async function intoFile(target) {
    try {
      await fill(target, await saved());
      await forget(own.id).catch(() => {});
      return null;
    } catch (error) {
      return sinkFault(error).kind;
    }
  }

  const saved = async () => zip ?? zipOf(own.id);

  const own = /** @type {Download} */ ({
    id,
    name: options.name ?? "",
    as: "zip",
    state: "starting",
    progress: null,
    plan: null,

    pause() {
      ask("pause");
      if (own.state === "starting" && !worker) become("paused");
    },

    resume() {
      if (own.state === "failed") {
        pending();
        become("starting");
        begin();
      } else if (asked === "pause") {
        ask("run");
        if (own.state === "paused" && !worker) become("starting");
      }
    },

    cancel() {
      if (/ready|cancelled/.test(own.state)) return;
      if (worker) return ask("cancel");
      // what an earlier try or visit has kept
      forget(own.id).catch(() => {});
      become("cancelled");
    },

    async save() {
      need(own.state === "ready" && own.as === "zip", "incomplete");
      const url = urlFor(await saved());
      const link = document.createElement("a");
      link.href = url;
      link.download = own.name;
      link.click();
    },
  });

  pending();
  signal?.addEventListener("abort", own.cancel);
  begin();
  if (signal?.aborted) own.cancel();
  return own;
}

/** @param {string} text For a shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} base URL of the manifest. */
function nameOf(base) {
  const last = /([^/?#]+?)(\.jsonl?)?([?#].*)?$/.exec(base)?.[1] ?? "";
  return `${/^[\w.-]+$/.test(last) ? last : "files"}.zip`;
}
