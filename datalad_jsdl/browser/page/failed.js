/** The files that failed, as a manifest for another try. */
import { joined } from "../core/names.js";

/** @typedef {import("../core/types.js").Entry} Entry */

/**
 * @param {Entry[]} entries
 * @param {Array<{path: string, reason: string}>} failed
 * @returns {Record<string, object>}
 */
export function failedManifest(entries, failed) {
  const reasons = new Map(failed.map(({ path, reason }) => [path, reason]));
  const wanted = entries.filter(({ path }) => reasons.has(joined(path)));
  return Object.fromEntries(wanted.map((entry) => [entry.path, fields(entry, reasons.get(joined(entry.path)))]));
}

/** @param {Entry} entry @param {string | undefined} reason */
function fields({ content, urls, size, digests, pieces, mtime, ownMtime, executable, access }, reason) {
  const own = content && Array.from(content, (byte) => String.fromCharCode(byte)).join("");
  return {
    urls: own === null ? urls : [`data:;base64,${btoa(own)}`], reason, ...(size !== null && { size }), ...(Object.keys(digests).length && { digests }),
    ...(pieces && { pieces }), ...(mtime !== null && { mtime }), ...(ownMtime && { own_mtime: true }),
    ...(executable && { executable }), ...(access && { access }),
  };
}
