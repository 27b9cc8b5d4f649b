/** A manifest as it is given → its text. */
import { asFault, need } from "../core/fault.js";
import { requestInit } from "../engine/response.js";

/** @typedef {import("../engine/response.js").Access} Access */

/**
 * @param {string | URL | object} manifest URL, text or object.
 * @param {Access & {base?: string}} options
 * @returns {Promise<{text: string, base: string}>}
 * @throws {Fault} `manifest`, or why it could not be read.
 */
export async function readText(manifest, options) {
  const here = globalThis.document?.baseURI;
  const base = options.base ?? here ?? "";
  if (typeof manifest === "object" && !(manifest instanceof URL)) return { text: JSON.stringify(manifest), base };
  const given = String(manifest);
  if (/^\s*\{/.test(given)) return { text: given, base };
  const url = new URL(given, here);
  // the page's own portal knows its users by their cookies, which go along no redirect elsewhere
  const isOwn = url.origin === globalThis.location?.origin;
  const init = requestInit(url.origin, isOwn ? { headers: options.headers } : options);
  if (isOwn) init.credentials = "same-origin";
  try {
    const response = await fetch(url, init);
    need(response.ok, "manifest", { status: response.status });
    return { text: await response.text(), base: response.url || url.href };
  } catch (error) {
    throw asFault(error, "network");
  }
}
