/**
 * `<jsdl-download manifest="URL">`: a button that saves the files of a manifest, and tells how it goes.
 *
 * Attributes: `manifest` (URL), `as` (`folder`, else `zip`), `name` (of the zip), `heading`, and
 * `credentials`, with which the page's own server gets its cookies.
 * Custom properties: see `style.js`. Events, which bubble: `jsdl-state`, `jsdl-report`.
 */
import { download, forget, plan, resume, unfinished } from "../jsdl.js";
import { asFault } from "../core/fault.js";
import { box, failures, head, line, make } from "./parts.js";
import { STYLE } from "./style.js";
import { translator } from "./texts.js";
import { Pace, bytesText, percent } from "./words.js";

/** @typedef {import("../page/download.js").Download} Download */
/** @typedef {import("../page/download.js").Report} Report */
/** @typedef {import("../page/download.js").State} State */
/** @typedef {{files: number, bytes: number, refused: import("../core/types.js").Refusal[]}} Plan */

const STEP = 10; // per cent between two announcements
/** Why a folder refuses what a zip takes. */
const FOLDER = new Set(["folder-name", "symlink-folder"]);

// in one file with the worker's modules, it is loaded there too
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? Object);

export class JsdlDownload extends Base {
  #download = /** @type {Download | null} */ (null);
  #report = /** @type {Report | null} */ (null);
  #plan = /** @type {Plan | null} */ (null);
  #kept = "";
  #isZip = false; // instead of the folder that the page wants
  #fault = "";
  #failed = /** @type {Map<string, string>} */ (new Map()); // origin → why
  #pace = new Pace();
  #announced = 0;
  #root = this.attachShadow({ mode: "open" });
  #status = make("p", { role: "status", class: "vh" });
  #body = make("div", {});

  connectedCallback() {
    const sheet = new CSSStyleSheet(); // which a policy for styles does not refuse
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    const section = make("section", { "aria-labelledby": "title" });
    section.append(this.#body, this.#status);
    this.#root.replaceChildren(section);
    this.#show();
    // before the click, as a folder may be picked only in it
    this.#look();
  }

  async #look() {
    try {
      const as = this.#as;
      const made = await plan(this.#manifest, { as });
      const found = (await unfinished()).find((kept) => kept.base === this.#manifest && kept.as === as);
      if (as !== this.#as) return; // asked for meanwhile, and on its way
      this.#plan = made;
      this.#kept = found?.id ?? "";
    } catch (error) {
      this.#fault = asFault(error, "internal").kind;
    }
    this.#show();
  }

  /** @param {boolean} isZip Whether it is to be a zip although the page wants a folder. */
  #turn(isZip) {
    this.#kept = "";
    if (isZip === this.#isZip) return;
    this.#isZip = isZip;
    this.#plan = null;
    this.#look();
  }

  get #manifest() {
    return new URL(this.getAttribute("manifest") ?? "", document.baseURI).href;
  }

  /** @returns {"zip" | "folder"} */
  get #as() {
    return !this.#isZip && this.getAttribute("as") === "folder" && "showDirectoryPicker" in window ? "folder" : "zip";
  }

  get #text() {
    const language = this.closest("[lang]")?.getAttribute("lang") ?? navigator.language;
    return translator(language);
  }

  #begin() {
    const options = {
      as: this.#as,
      name: this.getAttribute("name") ?? undefined,
      credentials: this.hasAttribute("credentials") ? { [location.origin]: "include" } : {},
      onprogress: () => this.#progress(),
      onretry: (/** @type {{origin: string, reason: string}} */ { origin, reason }) => this.#failed.set(origin, reason),
      onstate: (/** @type {State} */ state) => this.#became(state),
    };
    this.#pace = new Pace();
    this.#download = this.#kept ? resume(this.#kept, options) : download(this.#manifest, options);
    this.#wait();
    this.#became("starting");
  }

  async #wait() {
    const report = await /** @type {Download} */ (this.#download).done;
    this.#report = report;
    this.#show();
    this.#announce(this.#headline());
    this.dispatchEvent(new CustomEvent("jsdl-report", { detail: report, bubbles: true }));
  }

  /** @param {State} state */
  #became(state) {
    if (state === "cancelled") this.#turn(false);
    this.#show();
    if (state !== "ready" && state !== "failed") this.#announce(this.#headline()); // else with the report
    this.dispatchEvent(new CustomEvent("jsdl-state", { detail: state, bubbles: true }));
  }

  /** @param {string} text For those who hear the page. */
  #announce(text) {
    this.#status.textContent = text;
  }

  #progress() {
    const progress = this.#download?.progress;
    const bar = /** @type {HTMLProgressElement | null} */ (this.#body.querySelector("progress"));
    if (!progress || !bar) return;
    this.#pace.add(performance.now(), progress.done);
    bar.value = percent(progress);
    const text = line(this.#text, progress, this.#pace);
    const shown = this.#body.querySelector("#line");
    if (shown) shown.textContent = text;
    const step = Math.floor(percent(progress) / STEP);
    if (step !== this.#announced) this.#announce(text);
    this.#announced = step;
  }

  /** @returns {string} The state in words. */
  #headline() {
    const text = this.#text;
    const state = this.#download?.state;
    const report = this.#report;
    if (this.#fault) return text(this.#fault);
    if (state === "ready" && report) {
      return text(report.unverified ? "unchecked" : "ready", { n: report.saved, m: report.unverified });
    }
    if (state === "failed" && report) {
      const count = this.#plan?.files ?? report.saved;
      if (report.fault && report.fault !== "incomplete") return text(report.fault);
      return text("failed", { n: report.saved, m: count, k: count - report.saved });
    }
    if (state) return text(state === "starting" ? "loading" : state === "ready" || state === "failed" ? "running" : state);
    return this.#plan ? text("files", { n: this.#plan.files, size: bytesText(this.#plan.bytes) }) : text("loading");
  }

  #show() {
    const focused = this.#root.activeElement?.id;
    const title = this.getAttribute("heading") ?? (this.#manifest.split("/").pop() || "jsdl");
    this.#body.replaceChildren(head(title, this.#headline(), this.#buttons()), ...this.#details());
    this.#progress();
    // a button that was pressed may have gone
    if (focused) (this.#root.getElementById(focused) ?? this.#body.querySelector("button"))?.focus();
  }

  /** @returns {HTMLElement[]} */
  #buttons() {
    const text = this.#text;
    const state = this.#download?.state;
    const current = this.#download;
    const button = (/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ action, main = false) => {
      const made = make("button", { type: "button", id, ...(main && { class: "primary" }) }, label);
      made.addEventListener("click", action);
      return made;
    };
    const cancel = button("cancel", text("cancel"), () => current?.cancel());
    if (state === "running" || state === "starting") return [button("pause", text("pause"), () => current?.pause()), cancel];
    if (state === "paused") return [button("pause", text("resume"), () => current?.resume(), true), cancel];
    if (state === "failed") {
      return [button("retry", text("retry"), () => {
        current?.resume();
        this.#wait();
      }, true), cancel];
    }
    if (state === "ready" && current?.as === "zip") {
      return [button("save", text("save"), () => current.save(), true),
        button("forget", text("forget"), () => this.#forget(current.id))];
    }
    if (!this.#plan) return [];
    const label = this.#kept ? text("resume") : text(this.#as, { n: this.#plan.files });
    const start = button("start", label, () => this.#begin(), true);
    const isRefused = this.#plan.refused.some(({ reason }) => FOLDER.has(reason));
    return isRefused ? [start, button("instead", text("instead"), () => {
      this.#turn(true);
      this.#begin();
    })] : [start];
  }

  /** @param {string} id */
  async #forget(id) {
    await forget(id);
    this.#download = this.#report = null;
    this.#turn(false);
    this.#show();
  }

  /** @returns {HTMLElement[]} What stands below the heading and the buttons. */
  #details() {
    const text = this.#text;
    const state = this.#download?.state;
    const found = [];
    if (state === "running" || state === "paused") {
      const bar = make("progress", { max: "100", value: "0", "aria-label": text("saved"), "aria-describedby": "line" });
      found.push(bar, make("p", { id: "line" }));
    }
    if (state === "paused") found.push(make("p", { class: "help" }, text("close")));
    if (state === "ready" && this.#download?.as === "zip") found.push(make("p", { class: "help" }, text("hand")));
    if (!state && this.getAttribute("as") === "folder") {
      found.push(make("p", { class: "help" }, text(this.#as === "folder" ? "pick" : "no-picker")));
    }
    if (this.#report && state === "failed") found.push(...failures(text, this.#report));
    if (this.#failed.size) {
      found.push(box(text("mirrors"), [...this.#failed].map(([origin, why]) => [origin, text(why)])));
    }
    const { refused = [] } = this.#plan ?? {};
    if (refused.length) {
      found.push(box(text("refusals", { n: refused.length }), refused.map(({ path, where, reason }) =>
        [path ?? where, text(reason)])));
    }
    return found;
  }
}

const known = globalThis.customElements;
if (known && !known.get("jsdl-download")) known.define("jsdl-download", JsdlDownload);
