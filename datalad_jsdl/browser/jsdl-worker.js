/** The worker: one download, told what to do by the page. */
import { asFault, failure, need } from "./core/fault.js";
import { utf8 } from "./core/names.js";
import { engineOf } from "./engine/engine.js";
import { here } from "./engine/environment.js";
import { NOTHING, askSizes, identity, isRight, jobOf, manifestOf } from "./engine/job.js";
import { folderSink } from "./sinks/folder.js";
import { logOf } from "./sinks/log.js";
import { folderOf, metaOf, openTarget, remove, withLock } from "./sinks/opfs.js";
import { streamTarget } from "./sinks/stream.js";
import { zipSink } from "./sinks/zip.js";

/** @typedef {import("./engine/engine.js").Report} Report */
/** @typedef {import("./sinks/sink.js").Sink} Sink */

/**
 * @typedef {object} Start What the page wants.
 * @property {string} id
 * @property {string} text Of the manifest.
 * @property {string} base URL that it is from, or "".
 * @property {"zip" | "folder"} as
 * @property {string} name Of the zip.
 * @property {FileSystemDirectoryHandle} [directory]
 * @property {import("./engine/response.js").Access} access
 * @property {number} [concurrency]
 * @property {number} [stall]
 */

/** @typedef {"run" | "pause" | "cancel"} Wish */

const TELL = 100; // milliseconds between two reports of progress

const page = /** @type {any} */ (globalThis);

/** What the page asked for last; what it asked for before that is over. @type {[Wish, Start?]} */
let latest;
/** @type {Start} */
let start;
let engine = /** @type {import("./engine/engine.js").Engine | null} */ (null);
let sink = /** @type {Sink | null} */ (null);
let stream = /** @type {import("./sinks/stream.js").Stream | null} */ (null);
/** @type {Promise<unknown> | undefined} */
let lock;
let told = 0;
/** Settles once nothing runs here. */
let running = Promise.resolve();

/** No other tab has this download afterwards, as long as the worker lives. It is asked for once. */
const locked = () => lock ??= new Promise((resolve, reject) => {
  withLock(start.id, () => {
    resolve(0);
    return new Promise(() => {});
  }).catch(reject);
});

/** @type {Record<Wish, () => unknown>} */
const DO = {
  /** Get it, or what is missing of it. */
  async run() {
    const wish = latest;
    tell("state", "running");
    await locked();
    if (wish === latest) engine ??= await prepared();
    if (wish !== latest || !engine) return;
    const report = await engine.run();
    progress(true);
    if (!report) return; // what was asked for meanwhile follows
    const isDone = isRight(report);
    // another try is another worker; what a stream has given on already cannot be taken back
    if (isDone || !stream) await close();
    else stream.abort();
    tell("end", { ...report, blob: isDone ? await stream?.blob : undefined });
  },

  pause: () => tell("state", "paused"),

  async cancel() {
    try {
      if (stream) stream.abort();
      else await close();
      // what another tab has in hand is not touched
      await locked();
      await remove(start.id);
    } catch {}
    tell("state", "cancelled");
  },
};

async function close() {
  const open = sink;
  sink = engine = null;
  await open?.close();
}

/** @returns {Promise<import("./engine/engine.js").Engine>} */
async function prepared() {
  const { text, base, as, access, concurrency, stall } = start;
  const manifest = manifestOf(text, base);
  const place = await whereKept();
  let sizes = place?.meta?.sizes;
  let job = jobOf(manifest, as, sizes);
  if (job.unsized.length) {
    sizes = await askSizes(manifest, job.unsized, access, here.fetch);
    job = jobOf(manifest, as, sizes);
  }
  if (place && (!place.meta || sizes !== place.meta.sizes)) await keep(place.folder, start, sizes);
  const { files, layout, archives, refused, bytes } = job;
  tell("plan", { files: files.length, bytes, length: layout.total, refused, kept: place ? "opfs" : "blob" });
  sink = place ? await fileSink(start, job, place.folder) : zipSink(layout, stream = streamTarget(), null);
  return engineOf(files, sink, {
    access, concurrency, stall, archives, isStrict: !place,
    onprogress: () => progress(false),
    onretry: (failure) => tell("retry", failure),
  });
}

/** Where the download is kept; null where the browser has no place for it. */
async function whereKept() {
  try {
    const folder = await folderOf(start.id, true);
    return { folder, meta: await metaOf(folder).catch(() => null) };
  } catch (error) {
    if (start.as === "folder") throw asFault(error, "sink");
    return null;
  }
}

/** @param {boolean} isLast */
function progress(isLast) {
  const now = performance.now();
  if (!engine || (!isLast && now - told < TELL)) return;
  told = now;
  tell("progress", engine.progress());
}

/** @param {string} type @param {unknown} [value] */
const tell = (type, value) => page.postMessage([type, value]);

/** @param {unknown} error */
function failed(error) {
  // else that follows, and it is told of
  if (latest[0] !== "cancel") tell("end", { ...NOTHING, ...failure(error) });
}

/**
 * @param {Start} start @param {import("./engine/job.js").Job} job @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<Sink>}
 */
async function fileSink({ text, base, as, directory }, { files, layout }, folder) {
  need(as === "zip" || directory, "permission");
  const journal = await openTarget(folder, "journal");
  const header = identity(text, base, as);
  if (directory) return folderSink(files, directory, folder, logOf(journal, header, () => {}));
  const data = await openTarget(folder, "data");
  return zipSink(layout, data, logOf(journal, header, () => data.flush()));
}

/** @param {FileSystemDirectoryHandle} folder @param {Start} start @param {import("./engine/job.js").Sizes} [sizes] */
async function keep(folder, { text, base, as, name }, sizes) {
  const file = await openTarget(folder, "meta");
  file.resize(0);
  file.write(0, utf8(JSON.stringify({ text, base, as, name, sizes, since: Date.now() })));
  file.flush();
  file.close();
}

// in one file with the page's own modules, it is loaded there too
if (!globalThis.document && page.postMessage) {
  page.onmessage = (/** @type {MessageEvent} */ { data }) => {
    latest = data;
    start ??= data[1];
    engine?.pause();
    running = running.then(() => latest === data && DO[latest[0]]()).then(() => {}, failed);
  };
  tell("hello");
}
