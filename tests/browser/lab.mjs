/** A server on loopback whose files can be told to misbehave, and files on disk as a target. */
import * as fs from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

/**
 * What a path serves: `content`, and faults for the first `times` requests (or all): `status` with
 * `headers`, `cut` (connection closed behind so many bytes), `stall` (nothing more comes), `flip` (a
 * byte is another one), `location`; `ranges: false` ignores ranges, `rangeLength` lies about them.
 */
export class Lab {
  files = new Map();
  requests = [];
  running = 0;
  most = 0; // requests at a time

  static async start() {
    const lab = new Lab();
    lab.server = createServer((request, response) => lab.#answer(request, response));
    await new Promise((resolve) => lab.server.listen(0, "127.0.0.1", resolve));
    lab.url = `http://127.0.0.1:${lab.server.address().port}`;
    return lab;
  }

  put(path, content, faults = {}) {
    this.files.set(`/${path}`, { content, times: Infinity, ...faults });
    return `${this.url}/${path}`;
  }

  sent(path) {
    return this.requests.filter((request) => request.path === `/${path}`).reduce((sum, { sent }) => sum + sent, 0);
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #answer(request, response) {
    const log = { path: request.url, method: request.method, headers: request.headers, sent: 0 };
    this.requests.push(log);
    const file = this.files.get(request.url);
    this.most = Math.max(this.most, ++this.running);
    response.on("close", () => this.running--);
    if (!file) return void response.writeHead(404).end();
    const faulty = file.times-- > 0;
    const headers = { "Last-Modified": "Wed, 01 May 2024 12:00:00 GMT", ...file.headers };
    if (file.location && faulty) return void response.writeHead(302, { Location: file.location }).end();
    if (file.status && faulty) return void response.writeHead(file.status, headers).end("<html>");
    const range = file.ranges === false ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const from = range ? Number(range[1]) : 0;
    const to = range?.[2] ? Math.min(Number(range[2]) + 1, file.content.length) : file.content.length;
    headers["Content-Length"] = to - from;
    if (range) headers["Content-Range"] = `bytes ${from}-${to - 1}/${file.content.length}`;
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === "HEAD") return void response.end();
    let bytes = file.content.subarray(from, to);
    if (faulty && file.flip >= from && file.flip < to) {
      bytes = Buffer.from(bytes);
      bytes[file.flip - from] ^= 1;
    }
    const end = Math.min(...[file.cut, file.stall].map((at) => (faulty && at >= from && at < to ? at : to)));
    log.sent = end - from;
    const part = bytes.subarray(0, end - from);
    setTimeout(() => {
      if (end === to) response.end(part);
      // what was written arrives before the end of the connection does
      else response.write(part, () => end === file.cut && setTimeout(() => response.destroy(), 20));
    }, file.delay ?? 0);
  }
}

/** A file on disk, as the module's targets are. */
export class DiskTarget {
  constructor(path) {
    this.path = path;
    this.file = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT);
  }

  size() {
    return fs.fstatSync(this.file).size;
  }

  resize(size) {
    fs.ftruncateSync(this.file, size);
  }

  write(at, bytes) {
    fs.writeSync(this.file, bytes, 0, bytes.length, at);
  }

  read(at, length) {
    const out = new Uint8Array(length);
    return out.subarray(0, fs.readSync(this.file, out, 0, length, at));
  }

  flush() {}

  close() {
    fs.closeSync(this.file);
  }
}

/** Time that passes when it is waited for. */
export function quickTime() {
  let skipped = 0;
  const sleeps = [];
  return {
    sleeps,
    fetch: (...given) => fetch(...given),
    now: () => performance.now() + skipped,
    isOnline: () => true,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      skipped += milliseconds;
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}

export const hexOf = (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex");

/** A file as the engine has it. */
export function fileOf(path, content, urls, more = {}) {
  return {
    path, size: content.length, urls, digests: { sha256: hexOf("sha256", content) }, pieces: null,
    mtime: 1714564800, executable: false, symlink: false, content: null, ...more,
  };
}

export function piecesOf(content, length = 1 << 20) {
  const digests = [];
  for (let at = 0; at < content.length; at += length) {
    digests.push(hexOf("sha256", content.subarray(at, at + length)));
  }
  return { algorithm: "sha256", length, digests };
}

/** Bytes that are the same in each run, and do not repeat at a border of blocks. */
export function contentOf(seed, length) {
  const unit = createHash("sha512").update(seed).digest();
  const out = Buffer.alloc(length, Buffer.concat([unit, Buffer.from(seed)]));
  for (let at = 0, n = 0; at + 4 <= length; at += 65521) out.writeUInt32LE(n++, at);
  return out;
}

export const random = randomBytes;
