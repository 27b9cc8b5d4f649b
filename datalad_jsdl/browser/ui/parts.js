/** Parts of the element. */
import { bytesText, percent } from "./words.js";

/** @typedef {import("../engine/engine.js").Progress} Progress */
/** @typedef {ReturnType<typeof import("./texts.js").translator>} Translate */

const MOST = 50; // items that are shown

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function make(name, attributes, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** @param {string} title @param {string} state @param {HTMLElement[]} buttons */
export function head(title, state, buttons) {
  const words = make("div", {});
  words.append(make("h2", { id: "title" }, title), make("p", { class: "state" }, state));
  const row = make("div", { class: "row" });
  row.append(...buttons);
  const top = make("div", { class: "top" });
  top.append(words, row);
  return top;
}

/** @param {Translate} text @param {Progress} progress @param {import("./words.js").Pace} pace */
export function line(text, progress, pace) {
  const of = text("of", { done: bytesText(progress.done), total: bytesText(progress.total) });
  const left = pace.left(progress.total - progress.done);
  const about = left ? text("about", { time: `${left.n} ${left.unit}` }) : "";
  const files = text("count", { n: progress.files, m: progress.count });
  return [`${percent(progress)} %`, of, about, files].filter(Boolean).join(" · ");
}

/** @param {Array<[string, string]>} items What it is of, and words. */
function list(items) {
  const made = make("ul", {});
  for (const [what, words] of items.slice(0, MOST)) {
    const item = make("li", {});
    item.append(make("code", {}, what), make("span", {}, `: ${words}`));
    made.append(item);
  }
  return made;
}

/** @param {string} title @param {Array<[string, string]>} items That are seen by who opens it. */
export function box(title, items) {
  const made = make("details", {});
  made.append(make("summary", {}, title), list(items));
  return made;
}

/** @param {Translate} text @param {import("../page/download.js").Report} report @returns {HTMLElement[]} */
export function failures(text, report) {
  if (!report.failed.length) return [];
  const save = make("a", { download: "failed.json" }, text("list"));
  const content = new Blob([JSON.stringify(report.manifest, null, 1)], { type: "application/json" });
  /** @type {HTMLAnchorElement} */ (save).href = URL.createObjectURL(content);
  const command = make("p", { class: "help" }, `${text("command")}: `);
  command.append(make("code", {}, report.command));
  return [
    list(report.failed.map(({ path, reason, origin }) => [path, [origin, text(reason)].filter(Boolean).join(": ")])),
    save, command,
  ];
}
