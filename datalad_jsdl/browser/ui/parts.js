/** Parts of the element. */
import { bytesText, percent } from "./words.js";

/** @typedef {import("../engine/engine.js").Progress} Progress */
/** @typedef {import("./texts.js").Translate} Translate */

const MOST = 50; // items that are shown

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {Array<string | Node>} content
 * @returns {HTMLElement}
 */
export function make(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  made.append(...content);
  return made;
}

/** @param {Array<string | Node>} content */
export const help = (...content) => make("p", { class: "help" }, ...content);

/** @param {string} title @param {string} state @param {HTMLElement[]} buttons */
export function head(title, state, buttons) {
  const words = make("div", {}, make("h2", { id: "title" }, title), help(state));
  return make("div", { class: "row top" }, words, make("div", { class: "row" }, ...buttons));
}

/** @param {Translate} text @param {Progress} progress @param {import("./words.js").Pace} pace */
export function line(text, progress, pace) {
  const { done, total, files, count } = progress;
  const left = pace.left(total - done);
  return [
    `${percent(progress)} %`, text("of", bytesText(done), bytesText(total)), ...(left ? [text("about", left)] : []),
    text("count", files, count),
  ].join(" · ");
}

/** @param {Array<[string, string]>} items What it is of, and words. */
function list(items) {
  return make("ul", {}, ...items.slice(0, MOST).map(([what, words]) =>
    make("li", {}, make("code", {}, what), make("span", {}, `: ${words}`))));
}

/** @param {string} title @param {Array<[string, string]>} items Seen by who opens it; nothing if there are none. */
export function box(title, items) {
  return items.length ? [make("details", {}, make("summary", {}, title), list(items))] : [];
}

/** @param {Translate} text @param {import("../page/download.js").Report} report @returns {HTMLElement[]} */
export function failures(text, { failed, manifest, command }) {
  if (!failed.length) return [];
  const content = new Blob([JSON.stringify(manifest, null, 1)], { type: "application/json" });
  return [
    list(failed.map(({ path, reason, origin }) => [path, (origin && `${origin}: `) + text(reason)])),
    make("a", { download: "failed.json", href: URL.createObjectURL(content) }, text("list")),
    help(`${text("command")}: `, make("code", {}, command)),
  ];
}
