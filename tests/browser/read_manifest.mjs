/** Documents on standard input, as JSON; what the module reads in each on standard output. */
import { text as textOf } from "node:stream/consumers";

import { readManifest, shared } from "../../datalad_jsdl/browser/core/manifest.js";

function read({ text, base }) {
  try {
    const manifest = readManifest(text, base);
    const common = shared(manifest.entries);
    const entries = manifest.entries.map((entry, n) => ({
      ...entry,
      content: entry.content && Buffer.from(entry.content).toString("base64"),
      shared: common[n],
    }));
    return { ...manifest, entries };
  } catch (error) {
    if (error.name !== "Fault") throw error;
    return { fault: error.kind };
  }
}

const documents = JSON.parse(await textOf(process.stdin));
process.stdout.write(JSON.stringify(documents.map(read)));
