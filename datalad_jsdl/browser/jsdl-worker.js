/** The worker: one download, told what to do by the page. */
import { asFault, need } from "./core/fault.js";
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

class Work {
  /** @param {Start} start */
  constructor(start) {
    this.start = start;
    this.engine = /** @type {Engine | null} */ (null);
    this.sink = /** @type {Sink | null} */ (null);
    this.stream = /** @type {StreamTarget | null} */ (null);
    this.isPaused = false;
    this.isLocked = false;
    this.isQueued = false;
    this.told = 0;
    // settles once no other tab has this download; this one has it then, as long as the worker lives
    this.running = /** @type {Promise<any>} */ (new Promise((resolve) => {
      withLock(start.id, () => {
        this.isLocked = true;
        resolve(0);
        return new Promise(() => {});
      }).catch(failed);
    }));
  }

  /** Get it, or what is missing of it. */
  run() {
    this.isPaused = false;
    if (this.isQueued) return;
    this.isQueued = true;
    this.running = this.running.then(() => this.#run()).catch(failed);
  }

  async #run() {
    this.isQueued = false;
    let report = null;
    if (!this.isPaused) {
      tell("state", "running");
      this.engine ??= await this.#prepared();
    }
    if (!this.isPaused && this.engine) {
      report = await this.engine.run();
      this.#progress(true);
    }
    if (!report) return tell("state", "paused");
    const { stream } = this;
    const isDone = this.engine?.state === "ready";
    // another try is another worker; what a stream has given on already cannot be taken back
    if (isDone || !stream) await this.close();
    else stream.abort();
    tell("end", { ...report, blob: isDone ? await stream?.blob : undefined });
  }

  pause() {
    this.isPaused = true;
    this.engine?.pause();
  }

  async close() {
    const { sink } = this;
    this.sink = this.engine = null;
    await sink?.close();
  }

  async cancel() {
    this.pause();
    // what another tab has in hand is not touched
    if (this.isLocked) {
      await this.running;
      if (this.stream) this.stream.abort();
      else await this.close();
      await remove(this.start.id);
    }
  }

  /** @returns {Promise<Engine>} */
  async #prepared() {
    const { start } = this;
    const { text, base, as, access, concurrency, stall } = start;
    const manifest = manifestOf(text, base);
    const place = await this.#place();
    let sizes = place?.meta?.sizes;
    let job = jobOf(manifest, as, sizes);
    if (job.unsized.length) {
      sizes = await askSizes(manifest, job.unsized, access, here.fetch);
      job = jobOf(manifest, as, sizes);
    }
    if (place && (!place.meta || sizes !== place.meta.sizes)) await keep(place.folder, start, sizes);
    const { files, layout, archives, refused, bytes } = job;
    tell("plan", { files: files.length, bytes, length: layout.total, refused, kept: place ? "opfs" : "blob" });
    this.sink = place ? await fileSink(start, job, place.folder)
      : new ZipSink(layout, this.stream = new StreamTarget(), null);
    return new Engine(files, this.sink, {
      access, concurrency, stall, archives, isStrict: !place,
      onprogress: () => this.#progress(false),
      onretry: (failure) => tell("retry", failure),
    });
  }

  /** Where the download is kept; null where the browser has no place for it. */
  async #place() {
    const { id, as } = this.start;
    try {
      const folder = await folderOf(id, true);
      return { folder, meta: await metaOf(folder).catch(() => null) };
    } catch (error) {
      if (as === "folder") throw asFault(error, "sink");
      return null;
    }
  }

  /** @param {boolean} isLast */
  #progress(isLast) {
    const now = performance.now();
    if (!this.engine || (!isLast && now - this.told < TELL)) return;
    this.told = now;
    tell("progress", this.engine.progress);
  }
}

/** @param {string} type @param {unknown} value */
const tell = (type, value) => page.postMessage([type, value]);

/** @param {unknown} error */
function failed(error) {
  const { kind, data } = asFault(error, "internal");
  tell("end", { ...NOTHING, fault: kind, detail: data.detail ?? data.path });
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

/** @type {Work | undefined} */
let work;

// in one file with the page's own modules, it is loaded there too
if (!globalThis.document) page.onmessage = (/** @type {MessageEvent} */ { data: [type, start] }) => {
  if (type === "start") work = new Work(start);
  if (type === "pause") work?.pause();
  else if (type === "cancel") work?.cancel().catch(() => {}).then(() => tell("state", "cancelled"));
  else work?.run();
};
