// Reads the zip that is named with yauzl.
import yauzl from "yauzl";
import { Content, main } from "./show.js";

await main(async (path) => {
  const zip = await yauzl.openPromise(path);
  for await (const entry of zip.eachEntry()) {
    const content = new Content();
    for await (const chunk of await zip.openReadStreamPromise(entry)) content.add(chunk);
    const mode = entry.externalFileAttributes >>> 16;
    content.show(entry.fileName, entry.getLastModDate().getTime(), mode);
  }
});
