/** Which names may be, and in which order they stand. */

const encoder = new TextEncoder();
const SURROGATE = /\p{Cs}/u; // half of a pair; whole ones are code points of other kinds
// nothing, one dot or two between slashes
const NO_NAME = /(^|\/)\.{0,2}(\/|$)/;
// Unicode's category Cc
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
// what HFS+ ignores in names
const IGNORED = /[\ufeff\u200c-\u200f\u202a-\u202e\u206a-\u2070]/g;
const RESERVED = /^\.(git(attributes|modules|ignore)?|datalad|noannex|mailmap|lfsconfig)$/;
const NTFS_SHORT = /^(git(mod|att|ign)?|gi(7eba|7d29|250a)|mailma|maba30|lfscon|noanne|datala)~[0-9]+$/;

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
  for (let at = 0; at < a.length && at < b.length; at++) {
    // the first half of a pair stands for both; second halves differ only after equal first ones
    if (a[at] !== b[at]) return Number(a.codePointAt(at)) - Number(b.codePointAt(at));
  }
  return a.length - b.length;
}

/** @param {string} path Whether it has a place in a zip. */
export function isInArchive(path) {
  return !isBroken(path) && !NO_NAME.test(path) && !/[\\\0]/.test(path) && utf8(path).length < 65536;
}

/** @param {string} path Without marks of subdatasets; whether a manifest may name it. */
export function isPath(path) {
  const parts = path.split("/");
  return isInArchive(path) && !CONTROL.test(path) && utf8(path).length <= 3800 && parts.length <= 501
    && parts.every((part) => {
      const lenient = part.replace(IGNORED, "").normalize("NFKC").split(":")[0].replace(/[ .]+$/, "")
        .toUpperCase().toLowerCase();
      return utf8(part).length <= 255 && !RESERVED.test(lenient) && !NTFS_SHORT.test(lenient);
    });
}

/** @param {string} path With `//` where a subdataset begins; whether a manifest may name it. */
export function isMarkedPath(path) {
  return !/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path) && [...path.split("//"), joined(path)].every(isPath);
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

/** @param {string} path Whether a browser writes it to a folder that was picked. */
export function isInFolder(path) {
  return path.split("/").every((part) => utf8(part).length <= 255 - SWAP && !NOT_IN_FOLDER.test(part)
    && !DEVICE.test(part) && !SHORTCUT.test(part));
}
