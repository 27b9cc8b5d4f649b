/** The worker: one download, told what to do by the page. */
import { Fault, asFault } from "./core/fault.js";
import { utf8 } from "./core/names.js";
import { Engine } from "./engine/engine.js";
import { here } from "./engine/environment.js";
import { NOTHING, askSizes, identity, jobOf, manifestOf } from "./engine/job.js";
import { FolderSink } from "./sinks/folder.js";
import { Log } from "./sinks/log.js";
import { fileIn, folderOf, openTarget, remove, withLock } from "./sinks/opfs.js";
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
    this.running = this.#locked();
    this.told = 0;
  }

  /** Settles once no other tab has this download; this one has it then, as long as the worker lives. */
  #locked() {
    return new Promise((resolve) => {
      withLock(this.start.id, () => {
        this.isLocked = true;
        resolve(undefined);
        return new Promise(() => {});
      }).catch(() => tell({ type: "end", report: { ...NOTHING, fault: "lock" } }));
    });
  }

  /** Get it, or what is missing of it. */
  run() {
    this.isPaused = false;
    if (this.isQueued) return;
    this.isQueued = true;
    this.running = this.running.then(() => this.#run()).catch((error) => {
      const { kind, data } = asFault(error, "internal");
      tell({ type: "end", report: { ...NOTHING, fault: kind, detail: data.detail ?? data.path } });
    });
  }

  async #run() {
    this.isQueued = false;
    if (this.isPaused) return tell({ type: "state", state: "paused" });
    tell({ type: "state", state: "running" });
    this.engine ??= await this.#prepared();
    if (this.isPaused) return tell({ type: "state", state: "paused" });
    const report = await this.engine.run();
    this.#progress(true);
    if (!report) return tell({ type: "state", state: "paused" });
    const isDone = this.engine.state === "ready";
    const { stream } = this;
    // another try is another worker; what a stream has given on already cannot be taken back
    if (isDone || !stream) await this.close();
    else stream.abort();
    tell({ type: "end", report, blob: isDone ? await stream?.blob : undefined });
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
    if (!this.isLocked) return tell({ type: "state", state: "cancelled" });
    await this.running;
    if (this.stream) this.stream.abort();
    else await this.close();
    await remove(this.start.id);
    tell({ type: "state", state: "cancelled" });
  }

  /** @returns {Promise<Engine>} */
  async #prepared() {
    const { start } = this;
    const { text, base, as, access, concurrency, stall } = start;
    const manifest = manifestOf(text, base);
    const place = await this.#place();
    let job = jobOf(manifest, as, place?.sizes);
    if (job.unsized.length) {
      const sizes = await askSizes(manifest, job.unsized, access, here.fetch);
      job = jobOf(manifest, as, sizes);
      if (place) await keep(place.folder, start, sizes);
    } else if (place && !place.isKnown) await keep(place.folder, start, {});
    const { files, layout, archives, refused, bytes } = job;
    tell({ type: "plan", plan: { files: files.length, bytes, length: layout.total, refused, kept: place ? "opfs" : "blob" } });
    if (place) {
      const header = identity(text, base, as);
      this.sink = await fileSink(start, job, place.folder, header);
    } else {
      this.stream = new StreamTarget();
      this.sink = new ZipSink(layout, this.stream, null);
    }
    return new Engine(files, this.sink, {
      access, concurrency, stall, archives, isStrict: !place,
      onprogress: () => this.#progress(false),
      onretry: (failure) => tell({ type: "retry", failure }),
    });
  }

  /** Where the download is kept; null where the browser has no place for it. */
  async #place() {
    const { id, as } = this.start;
    try {
      const folder = await folderOf(id, true);
      const meta = await metaOf(folder);
      return { folder, sizes: meta?.sizes, isKnown: meta !== null };
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
    tell({ type: "progress", progress: this.engine.progress });
  }
}

/** @param {object} message */
function tell(message) {
  page.postMessage(message);
}

/**
 * @param {Start} start @param {import("./engine/job.js").Job} job
 * @param {FileSystemDirectoryHandle} folder @param {Uint8Array} header
 * @returns {Promise<Sink>}
 */
async function fileSink(start, { files, layout }, folder, header) {
  if (start.as === "folder" && !start.directory) throw new Fault("permission");
  const journal = await openTarget(folder, "journal");
  if (!start.directory) {
    const data = await openTarget(folder, "data");
    return new ZipSink(layout, data, new Log(journal, header, () => data.flush()));
  }
  return new FolderSink(files, start.directory, folder, new Log(journal, header, () => {}));
}

/** @param {FileSystemDirectoryHandle} folder @param {Start} start @param {Record<string, number>} sizes */
async function keep(folder, { text, base, as, name, concurrency }, sizes) {
  const file = await openTarget(folder, "meta");
  const bytes = utf8(JSON.stringify({ text, base, as, name, concurrency, sizes, since: Date.now() }));
  file.resize(0);
  file.write(0, bytes);
  file.flush();
  file.close();
}

/** @param {FileSystemDirectoryHandle} folder @returns {Promise<any>} Null if there is none yet. */
async function metaOf(folder) {
  try {
    return JSON.parse(await (await fileIn(folder, "meta")).text());
  } catch {
    return null;
  }
}

/** @type {Work | undefined} */
let work;

// in one file with the page's own modules, it is loaded there too
if (!globalThis.document) page.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if (data.type === "start") work = new Work(data.start);
  if (data.type === "pause") work?.pause();
  else if (data.type === "cancel") work?.cancel().catch((error) => tell({ type: "state", state: "cancelled", error: String(error) }));
  else work?.run();
};
