/**
 * `<jsdl-download manifest="URL">`: a button that saves the files of a manifest, and tells how it goes.
 *
 * Attributes: `manifest` (URL), `as` (`folder`, else `zip`), `name` (of the zip), `heading`, and
 * `credentials`, with which the page's own server gets its cookies.
 * Custom properties: see `style.js`. Events, which bubble: `jsdl-state`, `jsdl-report`.
 */
import { download, forget, plan, resume, unfinished } from "../jsdl.js";
import { asFault } from "../core/fault.js";
import { box, failures, head, help, line, make } from "./parts.js";
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
  #text = /** @type {import("./texts.js").Translate} */ (() => "");
  #root = this.attachShadow({ mode: "open" });
  #status = make("p", { role: "status", class: "vh" });
  #body = make("div", {});

  async connectedCallback() {
    const sheet = new CSSStyleSheet(); // which a policy for styles does not refuse
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.replaceChildren(make("section", { "aria-labelledby": "title" }, this.#body, this.#status));
    this.#text = await translator(this.closest("[lang]")?.getAttribute("lang") ?? navigator.language);
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
    this.#report = await /** @type {Download} */ (this.#download).done;
    this.#tell("report", this.#report, true);
  }

  /** @param {State} state */
  #became(state) {
    if (state === "cancelled") this.#turn(false);
    this.#tell("state", state, state !== "ready" && state !== "failed"); // else with the report
  }

  /** @param {string} event @param {any} detail @param {boolean} isHeard By those who hear the page. */
  #tell(event, detail, isHeard) {
    this.#show();
    if (isHeard) this.#status.textContent = this.#headline();
    this.dispatchEvent(new CustomEvent(`jsdl-${event}`, { detail, bubbles: true }));
  }

  #progress() {
    const progress = this.#download?.progress;
    const bar = /** @type {HTMLProgressElement | null} */ (this.#body.querySelector("progress"));
    if (!progress || !bar) return;
    this.#pace.add(performance.now(), progress.done);
    bar.value = percent(progress);
    const text = line(this.#text, progress, this.#pace);
    /** @type {HTMLElement} */ (bar.nextSibling).textContent = text;
    const step = Math.floor(bar.value / STEP);
    if (step !== this.#announced) this.#status.textContent = text;
    this.#announced = step;
  }

  /** @returns {string} The state in words. */
  #headline() {
    const text = this.#text;
    const state = this.#download?.state ?? "";
    const { files = 0, bytes = 0 } = this.#plan ?? {};
    if (this.#fault) return text(this.#fault);
    if (this.#report && /ready|failed/.test(state)) {
      const { saved, unverified, fault } = this.#report;
      if (state === "ready") return text(unverified ? "unchecked" : "ready", saved, unverified);
      if (fault && fault !== "incomplete") return text(fault);
      const count = files || saved;
      return text("failed", saved, count, count - saved);
    }
    if (/ready|failed/.test(state)) return text("running"); // until there is a report
    if (state && state !== "starting") return text(state);
    return this.#plan && !state ? text("files", files, bytesText(bytes)) : text("loading");
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
    const current = this.#download;
    const state = current?.state;
    const button = (/** @type {string} */ id, /** @type {() => void} */ action, main = true, label = text(id)) => {
      const made = make("button", { type: "button", id, class: main ? "primary" : "" }, label);
      made.addEventListener("click", action);
      return made;
    };
    if (current && /running|starting|paused|failed/.test(state ?? "")) {
      const goOn = () => {
        current.resume();
        if (state === "failed") this.#wait();
      };
      // one that is pressed again and again keeps its place
      const first = state === "paused" ? button("pause", goOn, true, text("resume"))
        : state === "failed" ? button("retry", goOn) : button("pause", () => current.pause(), false);
      return [first, button("cancel", () => current.cancel(), false)];
    }
    if (state === "ready" && current?.as === "zip") {
      return [button("save", () => current.save()), button("forget", () => this.#forget(current.id), false)];
    }
    if (!this.#plan) return [];
    const { files, refused } = this.#plan;
    const start = button("start", () => this.#begin(), true, this.#kept ? text("resume") : text(this.#as, files));
    return refused.some(({ reason }) => FOLDER.has(reason)) ? [start, button("instead", () => {
      this.#turn(true);
      this.#begin();
    }, false)] : [start];
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
    if (state === "paused") found.push(help(text("close")));
    if (state === "ready" && this.#download?.as === "zip") found.push(help(text("hand")));
    if (!state && this.getAttribute("as") === "folder") {
      found.push(help(text(this.#as === "folder" ? "pick" : "no-picker")));
    }
    if (this.#report && state === "failed") found.push(...failures(text, this.#report));
    if (this.#failed.size) {
      found.push(box(text("mirrors"), [...this.#failed].map(([origin, why]) => [origin, text(why)])));
    }
    const { refused = [] } = this.#plan ?? {};
    if (refused.length) {
      found.push(box(text("refusals", refused.length), refused.map(({ path, where, reason }) =>
        [path ?? where, text(reason)])));
    }
    return found;
  }
}

const known = globalThis.customElements;
if (known && !known.get("jsdl-download")) known.define("jsdl-download", JsdlDownload);
