/** Starts the worker, also where this module is of another origin than the page. */

const WORKER = new URL("../jsdl-worker.js", import.meta.url);

/** @returns {Worker} */
export function startWorker() {
  if (WORKER.origin === location.origin) return new Worker(WORKER, { type: "module" });
  // a worker has to be of the page's origin; one that does nothing but import the other is. A policy
  // takes what is imported in this way for a script, else for a worker
  const code = `const early = []; onmessage = (event) => early.push(event);
    await import(${JSON.stringify(WORKER.href)}); early.forEach((event) => onmessage(event));`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return worker;
}
