/** `data:` URLs (RFC 2397), which have the content in them. */
import { Fault } from "./fault.js";

/** Bytes of content that one may have. */
const MOST = 8 << 20;
const OTHER = /[^\x21-\x7e]|#|%(?![0-9A-Fa-f]{2})/;

/** @param {unknown} url */
export function isDataUrl(url) {
  return typeof url === "string" && /^ *data:/i.test(url);
}

/**
 * @param {string} url
 * @returns {Uint8Array}
 * @throws {Fault} `data-url`: it is malformed or too long.
 */
export function contentOf(url) {
  const text = url.replace(/^ +| +$/g, "");
  const comma = text.indexOf(",");
  const body = text.slice(comma + 1);
  if (comma < 0 || url.length > 3 * MOST + 1000 || OTHER.test(body)) throw new Fault("data-url");
  let bytes = body.replace(/%(..)/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  if (/; *base64$/i.test(text.slice(0, comma))) bytes = fromBase64(bytes);
  if (bytes.length > MOST) throw new Fault("data-url");
  const out = new Uint8Array(bytes.length); // several times as fast as `from`
  for (let at = 0; at < out.length; at++) out[at] = bytes.charCodeAt(at);
  return out;
}

/** @param {string} text @returns {string} A character for each byte. */
function fromBase64(text) {
  // a symbol too few leaves no whole byte; `atob` alone is more lenient
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Fault("data-url");
  try {
    return atob(text);
  } catch {
    throw new Fault("data-url");
  }
}
