/** All words that people read, in English. `{0}` and the like are filled in. */

/** @type {Record<string, string>} */
export const TEXTS = {
  zip: "Download {0} files as zip",
  folder: "Save {0} files to a folder",
  instead: "Save as zip instead",
  files: "{0} files · {1}",
  starting: "Reading the manifest",
  running: "Saving",
  paused: "Paused",
  cancelled: "Cancelled",
  ready: "{0} files saved and checked",
  unchecked: "{0} files saved, {1} not checked",
  failed: "{0} of {1} files saved, {2} failed",
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  retry: "Try again",
  save: "Save the zip",
  forget: "I have it – free the space",
  mirrors: "Failed mirrors",
  list: "Save this list",
  saved: "Saved",
  about: "about {0}",
  of: "{0} of {1}",
  count: "{0} of {1} files",
  close: "You may close the page. Opened again, it continues.",
  hand: "Save it to your downloads.",
  "no-picker": "This browser cannot write to a folder; you get a zip.",
  pick: "Make a new folder in Downloads; the browser refuses Downloads itself.",
  refusals: "Refused entries: {0}",
  command: "On the command line",
  // why something failed
  network: "refused, or is offline",
  login: "needs a login, or refused",
  gone: "does not have the file",
  busy: "is busy",
  server: "has an error",
  wrong: "sent wrong bytes",
  size: "has a file of another size",
  cut: "closed the connection",
  stall: "stopped sending",
  range: "cannot send parts of a file",
  changed: "changed the file",
  "no-urls": "no URL",
  space: "not enough space",
  lock: "another tab is downloading this",
  permission: "cannot write to the folder",
  sink: "this browser has no place for files",
  exists: "another file has this name",
  "no-size": "the size is not known",
  manifest: "this is not a manifest",
  incomplete: "a file failed",
  internal: "an error of this program",
  "folder-name": "the browser refuses this name",
  "symlink-folder": "a symlink, which a browser cannot make",
  rewind: "begin again",
  refused: "refused",
  twice: "the path comes twice",
  name: "this path cannot be",
  other: "the entry is not valid",
};

/** @typedef {(key: string, ...values: Array<string | number>) => string} Translate */

/**
 * @param {string} language As in `lang`. German is loaded only where it is wanted.
 * @returns {Promise<Translate>}
 */
export async function translator(language) {
  const english = { TEXTS };
  // who has copied the one file alone does without
  const { TEXTS: texts } = /^de/i.test(language) ? await import("./german.js").catch(() => english) : english;
  return (key, ...values) => (texts[key] ?? texts.other).replace(/\{(\d)\}/g, (_, n) => String(values[n]))
    .replace(/\b1 (file|Datei)(s|en)\b/, "1 $1");
}
