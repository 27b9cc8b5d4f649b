// An order's page, kept up to date: when the server tells of a change, or from time to time where
// it does not, the page is asked for again, and its moving part is replaced.
import { offerFolder } from "./folder.js";
import { startDownload } from "./starting.js";

const STEP = 10; // percent; more often the live region says nothing
const SELDOM = 30000; // ms between two looks while the server tells of changes

export function watchOrder(root) {
  if (root.querySelector("[data-poll]")) new Watch(root).next();
}

class Watch {
  constructor(root) {
    this.root = root;
    this.said = "";
    this.wait = 0;
    this.isTold = false;
  }

  get live() {
    return this.root.querySelector("[data-live]");
  }

  next() {
    const { poll, events } = this.live.dataset;
    clearTimeout(this.timer);
    if (!poll) return this.source?.close();
    if (events && !this.source) this.listen(events);
    const often = this.isTold ? SELDOM : Number(poll);
    this.timer = setTimeout(() => this.look(), Math.max(often, this.wait));
  }

  listen(address) {
    this.source = new EventSource(address);
    this.source.addEventListener("state", () => {
      this.isTold = true;
      this.look();
    });
    this.source.addEventListener("error", () => {
      if (!this.isTold) return;
      this.isTold = false; // the browser may connect again; until then the page looks itself
      this.next();
    });
  }

  async look() {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      // signed out meanwhile, or what it is about is gone: a page says so
      if (answer.redirected || answer.status === 404) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const live = page.querySelector("[data-live]");
      if (!answer.ok || !live) throw new Error(String(answer.status));
      this.show(page, live);
      this.wait = 0;
    } catch {
      // the server restarts, or the network is gone: less and less often
      this.wait = Math.min(Math.max(2 * this.wait, 3000), 30000);
    }
    this.isLooking = false;
    this.next();
  }

  show(page, live) {
    const old = this.live;
    if ("reload" in old.dataset && old.dataset.phase !== live.dataset.phase) {
      return location.reload(); // the rest of the page has changed, too
    }
    this.root.title = page.title;
    this.say(live);
    if (old.contains(this.root.activeElement) && old.dataset.phase === live.dataset.phase) {
      // somebody is at a button there: only what moves is replaced
      for (const part of ["progress", ".progress-line"]) {
        const [from, to] = [live.querySelector(part), old.querySelector(part)];
        if (from && to) to.replaceWith(from);
      }
      return;
    }
    const wasInside = old.contains(this.root.activeElement);
    old.replaceWith(live);
    startDownload(this.root);
    offerFolder(this.root);
    if (wasInside) this.root.getElementById("main").focus();
  }

  say(live) {
    const bar = live.querySelector("progress");
    const step = bar?.hasAttribute("value") ? Math.floor(bar.value / STEP) * STEP : 0;
    const said = `${live.dataset.phase} ${step}`;
    if (said === this.said) return;
    this.said = said;
    const state = live.querySelector(".state")?.textContent.trim() ?? "";
    this.root.querySelector("[data-speak]").textContent = step ? `${state}, ${step} %` : state;
  }
}
