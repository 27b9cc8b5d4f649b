// Reads the zip that is named with zip.js, or standard input with its ZipReaderStream.
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import * as zip from "@zip.js/zip.js";
import { Content, main } from "./show.js";

zip.configure({ useWebWorkers: false });

function show(entry, content) {
  const mode = entry.externalFileAttributes >>> 16;
  content.show(entry.filename, entry.lastModDate.getTime(), mode);
}

/** A file of any size; Node's Blobs end at 4 GiB. */
class FileReader extends zip.Reader {
  constructor(file) {
    super();
    this.file = file;
  }

  async init() {
    await super.init();
    this.size = (await this.file.stat()).size;
  }

  async readUint8Array(offset, length) {
    const { bytesRead, buffer } = await this.file.read(new Uint8Array(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }
}

async function readFile(path) {
  const file = await open(path);
  const reader = new zip.ZipReader(new FileReader(file));
  for await (const entry of reader.getEntriesGenerator()) {
    const content = new Content();
    const write = (chunk) => content.add(chunk);
    await entry.getData(new WritableStream({ write }), { checkSignature: true });
    show(entry, content);
  }
  await file.close();
}

async function readStream() {
  const stream = new zip.ZipReaderStream({ checkSignature: true });
  for await (const entry of Readable.toWeb(process.stdin).pipeThrough(stream)) {
    const content = new Content();
    for await (const chunk of entry.readable) content.add(chunk);
    show(entry, content);
  }
}

await main((path) => (path ? readFile(path) : readStream()));
