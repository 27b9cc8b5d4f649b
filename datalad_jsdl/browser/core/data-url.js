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
  let bytes = unescaped(body);
  const head = text.slice(0, comma);
  if (/; *base64$/i.test(head)) bytes = fromBase64(bytes);
  if (bytes.length > MOST) throw new Fault("data-url");
  return bytes;
}

/** @param {string} body */
function unescaped(body) {
  const out = new Uint8Array(body.length);
  let length = 0;
  for (let at = 0; at < body.length; at++) {
    const code = body.charCodeAt(at);
    out[length++] = code === 37 ? parseInt(body.slice(at + 1, (at += 2) + 1), 16) : code;
  }
  return out.subarray(0, length);
}

/** @param {Uint8Array} raw */
function fromBase64(raw) {
  const text = Array.from({ length: Math.ceil(raw.length / 8192) }, (_, n) =>
    String.fromCharCode(...raw.subarray(n * 8192, (n + 1) * 8192))).join("");
  // a symbol too few leaves no whole byte; `atob` alone is more lenient
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Fault("data-url");
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Fault("data-url");
  }
}
