/**
 * Which names may be, and in which order they stand. What has a fault is told by a key of the table
 * of texts; "" is none.
 */

const encoder = new TextEncoder();
const SURROGATE = /\p{Cs}/u; // half of a pair; whole ones are code points of other kinds
// Unicode's category Cc
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
// what HFS+ ignores in names
const IGNORED = /[\ufeff\u200c-\u200f\u202a-\u202e\u206a-\u2070]/g;
const RESERVED = new Set([".git", ".datalad", ".gitattributes", ".gitmodules", ".noannex", ".gitignore",
  ".mailmap", ".lfsconfig"]);
const NTFS_SHORT = /^(git|gitmod|gitatt|gitign|gi7eba|gi7d29|gi250a|mailma|maba30|lfscon|noanne|datala)~[0-9]+$/;

/** @param {string} text */
export function utf8(text) {
  return encoder.encode(text);
}

/** @param {string} text Whether it has half of a surrogate pair, which UTF-8 cannot tell. */
export function isBroken(text) {
  return SURROGATE.test(text);
}

/**
 * The order of the bytes in UTF-8, which is that of code points; JavaScript's own is that of UTF-16.
 *
 * @param {string} a @param {string} b
 */
export function compareUtf8(a, b) {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) {
    const x = a.charCodeAt(at), y = b.charCodeAt(at);
    if (x !== y) return moved(x) - moved(y);
  }
  return a.length - b.length;
}

/** @param {number} unit Of UTF-16; surrogates stand for what is above all others. */
function moved(unit) {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x2000 : unit >= 0xe000 ? unit - 0x800 : unit;
}

/**
 * @param {string} path
 * @returns {string} Why it has no place in a zip.
 */
export function archiveNameFault(path) {
  if (isBroken(path)) return "unicode";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "component";
  if (/[\\\0]/.test(path)) return "characters";
  return utf8(path).length > 65535 ? "long" : "";
}

/**
 * @param {string} path Without marks of subdatasets.
 * @returns {string} Why a manifest may not name it.
 */
export function pathFault(path) {
  if (!path) return "component";
  if (isBroken(path)) return "unicode";
  if (CONTROL.test(path) || path.includes("\\")) return "characters";
  if (path.startsWith("/")) return "absolute";
  const parts = path.split("/");
  if (utf8(path).length > 3800 || parts.length > 501) return "long";
  for (const part of parts) {
    if (part === "" || part === "." || part === "..") return "component";
    if (utf8(part).length > 255) return "long";
    const lenient = part.replace(IGNORED, "").normalize("NFKC").split(":")[0].replace(/[ .]+$/, "")
      .toUpperCase().toLowerCase();
    if (RESERVED.has(lenient) || NTFS_SHORT.test(lenient)) return "reserved";
  }
  return "";
}

/**
 * @param {string} path With `//` where a subdataset begins.
 * @returns {string} Why a manifest may not name it.
 */
export function markedPathFault(path) {
  if (!path.includes("//")) return pathFault(path);
  if (path.startsWith("/")) return "absolute";
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path)) return "absolute";
  const pieces = path.split("//");
  if (pieces.some((piece) => !piece || piece.startsWith("/"))) return "component";
  return [...pieces, pieces.join("/")].map(pathFault).find(Boolean) ?? "";
}

/** @param {string} path Without its marks. */
export function joined(path) {
  return path.replaceAll("//", "/");
}

// Measured in Chromium, on Linux too: what a picked folder does not take. `NAME.crswap` it takes, and
// writes to it what is to become `NAME`.
const NOT_IN_FOLDER = /[:?*"<>|\\\p{Cc}\p{Cf}\p{NChar}]|^[~\s]|[~.\s]$/u;
const DEVICE = /^((con|prn|aux|nul|com[1-9]|lpt[1-9]|clock\$)(\..*)?|con(in|out)\$)$/i;
const SHORTCUT = /\.(lnk|scf|url|crswap|\{[^.]*\})$|^(desktop\.ini|thumbs\.db|\.git)$/i;
const SWAP = utf8(".crswap").length; // behind the name while it is written

/**
 * @param {string} path
 * @returns {string} Why a browser does not write it to a folder that was picked.
 */
export function folderFault(path) {
  for (const part of path.split("/")) {
    const isLong = utf8(part).length > 255 - SWAP;
    if (isLong || NOT_IN_FOLDER.test(part) || DEVICE.test(part) || SHORTCUT.test(part)) return "folder-name";
  }
  return "";
}
