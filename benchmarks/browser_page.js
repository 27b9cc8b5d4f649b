/** In a page: takes jobs from the server that it is of, does them, and says what came of it. */
import { download, forget } from "/jsdl/jsdl.js";

const JOBS = {
  /** Our module: as a zip, verified, to the browser's own file system. */
  async ours({ manifest }) {
    const begin = performance.now();
    const running = download(manifest, { name: "ours.zip" });
    const report = await running.done;
    const wall = (performance.now() - begin) / 1000;
    await forget(running.id);
    return { wall, fault: report.fault, failed: report.failed.length, verified: report.verified };
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

  /** The element, by a click on its button, until the zip can be saved. */
  async element({ manifest }) {
    const { JsdlDownload } = await import("/jsdl/jsdl-element.js");
    const element = new JsdlDownload();
    element.setAttribute("manifest", URL.createObjectURL(new Blob([JSON.stringify(manifest)])));
    element.setAttribute("name", "ours.zip");
    document.body.append(element);
    await clicked("start");
    const begin = performance.now();
    const { detail } = await new Promise((resolve) => element.addEventListener("jsdl-report", resolve));
    const wall = (performance.now() - begin) / 1000;
    return { wall, fault: detail.fault, failed: detail.failed.length, verified: detail.verified };
  },

  /** A click on the button that saves what the element has. */
  async save() {
    await clicked("save");
    return { wall: 0 };
  },
};

/** Click a button of the element, as soon as it is there. */
async function clicked(id) {
  for (;;) {
    const button = document.querySelector("jsdl-download").shadowRoot.getElementById(id);
    if (button) return void button.click();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (;;) {
  const answer = await fetch("/job");
  if (answer.status !== 200) continue;
  const job = await answer.json();
  const said = await JOBS[job.kind](job).catch((error) => ({ error: String(error) }));
  await fetch("/said", { method: "POST", body: JSON.stringify(said) });
}
