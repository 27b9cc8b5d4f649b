// What all readers in JavaScript have in common: they print what they find, or fail.
import { crc32 } from "node:zlib";

/** Takes the chunks of one content, then prints the line of its member. */
export class Content {
  crc = 0;
  size = 0;

  add(chunk) {
    this.crc = crc32(chunk, this.crc);
    this.size += chunk.length;
  }

  show(name, time = null, mode = null) {
    const words = [Buffer.from(name).toString("hex"), this.crc, this.size];
    words.push(time === null ? "-" : Math.floor(time / 1000), mode ?? "-");
    process.stdout.write(`${words.join(" ")}\n`);
  }
}

/** An error is one line on standard error, and an exit code. */
export async function main(read) {
  try {
    await read(process.argv[2]);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
