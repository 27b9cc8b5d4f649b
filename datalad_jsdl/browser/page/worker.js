/** Starts the worker, also where this module is of another origin than the page. */

const WORKER = new URL("../jsdl-worker.js", import.meta.url);

/** @returns {Worker} */
export function startWorker() {
  if (WORKER.origin === location.origin) return new Worker(WORKER, { type: "module" });
  // a worker has to be of the page's origin; one that does nothing but import the other is. A policy
  // takes what is imported in this way for a script, else for a worker
  const code = `await import(${JSON.stringify(WORKER.href)})`;
  return new Worker(urlFor(new Blob([code], { type: "text/javascript" })), { type: "module" });
}

/** @param {Blob} blob @returns {string} Its URL, for an hour: the browser may read it slowly. */
export function urlFor(blob) {
  const url = URL.createObjectURL(blob);
  setTimeout(() => URL.revokeObjectURL(url), 3600e3);
  return url;
}
