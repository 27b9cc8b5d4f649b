// Reads standard input with fflate's Unzip, which looks for the signatures of zip.
import { Unzip, UnzipInflate } from "fflate";
import { Content, main } from "./show.js";

await main(async () => {
  let failed = null;
  const unzip = new Unzip((file) => {
    const content = new Content();
    file.ondata = (error, chunk, final) => {
      failed ??= error;
      if (error) return;
      content.add(chunk);
      if (final) content.show(file.name);
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  for await (const chunk of process.stdin) {
    unzip.push(chunk);
    if (failed) throw failed;
  }
  unzip.push(new Uint8Array(0), true);
  if (failed) throw failed;
});
