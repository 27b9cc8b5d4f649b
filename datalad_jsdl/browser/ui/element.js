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
import { bytesText, paceOf, percent } from "./words.js";

/** @typedef {import("../page/download.js").Download} Download */
/** @typedef {import("../page/download.js").Report} Report */
/** @typedef {import("../page/download.js").State} State */
/** @typedef {{files: number, bytes: number, refused: import("../core/types.js").Refusal[]}} Plan */

const STEP = 10; // per cent between two announcements
/** Why a folder refuses what a zip takes. */
const FOLDER = new Set(["folder-name", "symlink-folder"]);

// in one file with the worker's modules, it is loaded there too
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? Object);

/**
 * What an element shows, and does.
 *
 * @param {HTMLElement} host
 * @returns {() => Promise<void>} To be called once it is in a page.
 */
function shownIn(host) {
  const root = host.attachShadow({ mode: "open" });
  const status = make("p", { role: "status", class: "vh" });
  const body = make("div", {});
  const failed = /** @type {Map<string, string>} */ (new Map()); // origin → why
  let current = /** @type {Download | null} */ (null);
  let report = /** @type {Report | null} */ (null);
  let found = /** @type {Plan | null} */ (null);
  let kept = "";
  let isZip = false; // instead of the folder that the page wants
  let fault = "";
  let pace = paceOf();
  let announced = 0;
  let text = /** @type {import("./texts.js").Translate} */ (() => "");

  const given = (/** @type {string} */ name) => host.getAttribute(name) ?? "";

  const manifest = () => new URL(given("manifest"), document.baseURI).href;

  const wantsFolder = () => given("as") === "folder";

  /** @returns {"zip" | "folder"} */
  const way = () => (!isZip && wantsFolder() && "showDirectoryPicker" in window ? "folder" : "zip");

  async function look() {
    try {
      const as = way();
      const made = await plan(manifest(), { as });
      const earlier = (await unfinished()).find((one) => one.base === manifest() && one.as === as);
      if (as !== way()) return; // asked for meanwhile, and on its way
      found = made;
      kept = earlier?.id ?? "";
    } catch (error) {
      fault = asFault(error, "internal").kind;
    }
    show();
  }

  /** @param {boolean} toZip Whether it is to be a zip although the page wants a folder. */
  function turn(toZip) {
    kept = "";
    if (toZip === isZip) return;
    isZip = toZip;
    found = null;
    look();
  }

  function begin() {
    const options = {
      as: way(),
      name: given("name"),
      credentials: host.hasAttribute("credentials") ? { [location.origin]: "include" } : {},
      onprogress: progress,
      onretry: (/** @type {{origin: string, reason: string}} */ { origin, reason }) => failed.set(origin, reason),
      onstate: became,
    };
    pace = paceOf();
    current = kept ? resume(kept, options) : download(manifest(), options);
    wait(current);
    became("starting");
  }

  /** @param {Download} one */
  async function wait(one) {
    report = await one.done;
    tell("report", report, true);
  }

  /** @param {State} state */
  function became(state) {
    if (state === "cancelled") turn(false);
    tell("state", state, state !== "ready" && state !== "failed"); // else with the report
  }

  /** @param {string} event @param {any} detail @param {boolean} isHeard By those who hear the page. */
  function tell(event, detail, isHeard) {
    show();
    if (isHeard) status.textContent = headline();
    host.dispatchEvent(new CustomEvent(`jsdl-${event}`, { detail, bubbles: true }));
  }

  function progress() {
    const now = current?.progress;
    const bar = body.querySelector("progress");
    if (!now || !bar) return;
    pace.add(performance.now(), now.done);
    bar.value = percent(now);
    const words = line(text, now, pace);
    /** @type {HTMLElement} */ (bar.nextSibling).textContent = words;
    const step = Math.floor(bar.value / STEP);
    if (step !== announced) status.textContent = words;
    announced = step;
  }

  /** @returns {string} The state in words. */
  function headline() {
    const state = current?.state;
    const { files = 0, bytes = 0 } = found ?? {};
    if (fault) return text(fault);
    if (state === "ready" || state === "failed") {
      if (!report) return text("running");
      const { saved, unverified, fault: why } = report;
      if (state === "ready") return text(unverified ? "unchecked" : state, saved, unverified);
      const count = files || saved;
      return text(why && why !== "incomplete" ? why : state, saved, count, count - saved);
    }
    return state || !found ? text(state ?? "starting") : text("files", files, bytesText(bytes));
  }

  function show() {
    const focused = root.activeElement?.id;
    const title = given("heading") || manifest().split("/").pop() || "jsdl";
    body.replaceChildren(head(title, headline(), buttons()), ...details());
    progress();
    // a button that was pressed may have gone
    if (focused) (root.getElementById(focused) ?? body.querySelector("button"))?.focus();
  }

  /** @returns {HTMLElement[]} */
  function buttons() {
    const button = (/** @type {string} */ id, /** @type {() => void} */ action, main = true, label = text(id)) => {
      const made = make("button", { type: "button", id, class: main ? "primary" : "" }, label);
      made.addEventListener("click", action);
      return made;
    };
    if (current && current.state !== "cancelled") {
      const { state, as, id, resume: again, pause, cancel, save } = current;
      const retry = () => {
        again();
        wait(/** @type {Download} */ (current));
      };
      if (state !== "ready") {
        // one that is pressed again and again keeps its place
        return [state === "paused" ? button("pause", again, true, text("resume"))
          : state === "failed" ? button("retry", retry) : button("pause", pause, false), button("cancel", cancel, false)];
      }
      if (as === "zip") return [button("save", save), button("forget", () => free(id), false)];
    }
    if (!found) return [];
    const start = button("start", begin, true, kept ? text("resume") : text(way(), found.files));
    return found.refused.some(({ reason }) => FOLDER.has(reason)) ? [start, button("instead", () => {
      turn(true);
      begin();
    }, false)] : [start];
  }

  /** @param {string} id */
  async function free(id) {
    await forget(id);
    current = report = null;
    turn(false);
    show();
  }

  /** @returns {HTMLElement[]} What stands below the heading and the buttons. */
  function details() {
    const state = current?.state;
    const isPaused = state === "paused";
    const { refused = [] } = found ?? {};
    return [
      ...(isPaused || state === "running" ? [
        make("progress", { max: "100", value: "0", "aria-label": text("saved"), "aria-describedby": "line" }),
        make("p", { id: "line" }),
      ] : []),
      ...(isPaused ? [help(text("close"))] : []),
      ...(state === "ready" && current?.as === "zip" ? [help(text("hand"))] : []),
      ...(!state && wantsFolder() ? [help(text(way() === "folder" ? "pick" : "no-picker"))] : []),
      ...(report && state === "failed" ? failures(text, report) : []),
      ...box(text("mirrors"), [...failed].map(([origin, why]) => [origin, text(why)])),
      ...box(text("refusals", refused.length), refused.map(({ path, where, reason }) => [path ?? where, text(reason)])),
    ];
  }

  return async () => {
    const sheet = new CSSStyleSheet(); // which a policy for styles does not refuse
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(make("section", { "aria-labelledby": "title" }, body, status));
    text = await translator(host.closest("[lang]")?.getAttribute("lang") ?? navigator.language);
    show();
    // before the click, as a folder may be picked only in it
    look();
  };
}

export class JsdlDownload extends Base {
  #shown = shownIn(this);

  connectedCallback() {
    return this.#shown();
  }
}

const known = globalThis.customElements;
if (known && !known.get("jsdl-download")) known.define("jsdl-download", JsdlDownload);
