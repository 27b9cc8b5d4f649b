/** In a page: takes jobs from the server that it is of, does them, and says what came of it. */
import { download, forget } from "/jsdl/jsdl.js";

const JOBS = {
  /** Our module: as a zip, verified, to the browser's own file system; perhaps saved. */
  async ours({ manifest, isSaved }) {
    const begin = performance.now();
    const running = download(manifest, { name: "ours.zip" });
    const report = await running.done;
    const wall = (performance.now() - begin) / 1000;
    if (isSaved) await running.save();
    else await forget(running.id);
    return { wall, id: running.id, fault: report.fault, failed: report.failed.length, verified: report.verified };
  },

  /** client-zip: as a zip in a `Blob`; nothing is verified. */
  async peer({ files }) {
    const { downloadZip } = await import("/client-zip/index.js");
    const begin = performance.now();
    const inputs = async function* () {
      for (const { name, size, url } of files) {
        const { body } = await fetch(url, { cache: "no-store" });
        yield { name, size, input: body };
      }
    };
    const blob = await downloadZip(inputs()).blob();
    return { wall: (performance.now() - begin) / 1000, size: blob.size };
  },

  async forget({ id }) {
    await forget(id);
    return { wall: 0 };
  },
};

for (;;) {
  const answer = await fetch("/job");
  if (answer.status !== 200) continue;
  const job = await answer.json();
  const said = await JOBS[job.kind](job).catch((error) => ({ error: String(error) }));
  await fetch("/said", { method: "POST", body: JSON.stringify(said) });
}
