/** Starts the worker, also where this module is of another origin than the page. */

const WORKER = new URL("../jsdl-worker.js", import.meta.url);

/** @returns {Worker} */
export function startWorker() {
  if (WORKER.origin === location.origin) return new Worker(WORKER, { type: "module" });
  // a worker has to be of the page's origin; one that does nothing but import the other is
  const url = URL.createObjectURL(new Blob([`import ${JSON.stringify(WORKER.href)};`], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return worker;
}
