/** The worker: one download, told what to do by the page. */
import { asFault, failure, need } from "./core/fault.js";
import { utf8 } from "./core/names.js";
import { Engine } from "./engine/engine.js";
import { here } from "./engine/environment.js";
import { NOTHING, askSizes, identity, jobOf, manifestOf } from "./engine/job.js";
import { FolderSink } from "./sinks/folder.js";
import { Log } from "./sinks/log.js";
import { folderOf, metaOf, openTarget, remove, withLock } from "./sinks/opfs.js";
import { StreamTarget } from "./sinks/stream.js";
import { ZipSink } from "./sinks/zip.js";

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

const TELL = 100; // milliseconds between two reports of progress

const page = /** @type {any} */ (globalThis);

/** @type {Start} */
let start;
let engine = /** @type {Engine | null} */ (null);
let sink = /** @type {Sink | null} */ (null);
let stream = /** @type {StreamTarget | null} */ (null);
let isPaused = false, isLocked = false, isQueued = false;
let told = 0;
/** @type {Promise<any>} Settles once nothing runs here. */
let running;

/** @param {Start} wanted */
function begin(wanted) {
  start = wanted;
  // settles once no other tab has this download; this one has it then, as long as the worker lives
  running = new Promise((resolve) => {
    withLock(start.id, () => {
      isLocked = true;
      resolve(0);
      return new Promise(() => {});
    }).catch(failed);
  });
}

/** Get it, or what is missing of it. */
function run() {
  isPaused = false;
  if (isQueued) return;
  isQueued = true;
  running = running.then(get).catch(failed);
}

async function get() {
  isQueued = false;
  let report = null;
  if (!isPaused) {
    tell("state", "running");
    engine ??= await prepared();
  }
  if (!isPaused && engine) {
    report = await engine.run();
    progress(true);
  }
  if (!report) return tell("state", "paused");
  const isDone = engine?.state === "ready";
  // another try is another worker; what a stream has given on already cannot be taken back
  if (isDone || !stream) await close();
  else stream.abort();
  tell("end", { ...report, blob: isDone ? await stream?.blob : undefined });
}

function pause() {
  isPaused = true;
  engine?.pause();
}

async function close() {
  const open = sink;
  sink = engine = null;
  await open?.close();
}

async function cancel() {
  pause();
  // what another tab has in hand is not touched
  if (!isLocked) return;
  await running;
  if (stream) stream.abort();
  else await close();
  await remove(start.id);
}

/** @returns {Promise<Engine>} */
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
  sink = place ? await fileSink(start, job, place.folder) : new ZipSink(layout, stream = new StreamTarget(), null);
  return new Engine(files, sink, {
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
  tell("progress", engine.progress);
}

/** @param {string} type @param {unknown} value */
const tell = (type, value) => page.postMessage([type, value]);

/** @param {unknown} error */
function failed(error) {
  tell("end", { ...NOTHING, ...failure(error) });
}

/**
 * @param {Start} start @param {import("./engine/job.js").Job} job @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<Sink>}
 */
async function fileSink({ text, base, as, directory }, { files, layout }, folder) {
  need(as === "zip" || directory, "permission");
  const journal = await openTarget(folder, "journal");
  const header = identity(text, base, as);
  if (directory) return new FolderSink(files, directory, folder, new Log(journal, header, () => {}));
  const data = await openTarget(folder, "data");
  return new ZipSink(layout, data, new Log(journal, header, () => data.flush()));
}

/** @param {FileSystemDirectoryHandle} folder @param {Start} start @param {Record<string, number>} [sizes] */
async function keep(folder, { text, base, as, name }, sizes) {
  const file = await openTarget(folder, "meta");
  file.resize(0);
  file.write(0, utf8(JSON.stringify({ text, base, as, name, sizes, since: Date.now() })));
  file.flush();
  file.close();
}

// in one file with the page's own modules, it is loaded there too
if (!globalThis.document) page.onmessage = (/** @type {MessageEvent} */ { data: [type, wanted] }) => {
  if (type === "start") begin(wanted);
  if (type === "pause") pause();
  else if (type === "cancel") cancel().catch(() => {}).then(() => tell("state", "cancelled"));
  else run();
};
