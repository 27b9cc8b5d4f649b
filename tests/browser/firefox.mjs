/**
 * A download in Firefox: a job as JSON on standard input, the report on standard output.
 *
 * The job has `firefox`, `profile`, `url`, `entries` (or `cases` of tests/vectors and the `way` they
 * are made in), and perhaps `options` of the download, a `cookie` of the page, `prefs` of Firefox, and
 * `breaks`: pairs of bytes and of what is then ended to go on in another, "page" or (killed)
 * "browser", with a URL that is asked for then. Without `entries` and `cases`, it is what Firefox can do.
 */
import { text } from "node:stream/consumers";

import puppeteer from "puppeteer-core";

const job = JSON.parse(await text(process.stdin));

async function opened() {
  const browser = await puppeteer.launch({
    browser: "firefox", executablePath: job.firefox, userDataDir: job.profile, headless: true,
    protocolTimeout: 900000, extraPrefsFirefox: job.prefs ?? {},
  });
  const page = await browser.newPage();
  await page.goto(job.url);
  return { browser, page };
}

/** Runs in the page. */
async function start(entries, more, cookie) {
  if (cookie) document.cookie = cookie;
  window.jsdl = await import("/jsdl/jsdl.js");
  const [kept] = await window.jsdl.unfinished();
  window.states = [];
  window.retries = [];
  const options = {
    ...more,
    onprogress: (progress) => { window.progress = progress; },
    onstate: (state) => window.states.push(state),
    onretry: ({ reason }) => window.retries.push(reason),
  };
  window.done = (async () => {
    for (;;) {
      window.download = kept ? window.jsdl.resume(kept.id, options) : window.jsdl.download(entries, options);
      const report = await window.download.done;
      // a worker that was just ended may have its files for a moment still
      if (report.fault !== "lock") return report;
    }
  })();
}

/** Runs in the page. */
async function end() {
  const { hasherOf } = await import("/jsdl/core/hash.js");
  const { zipOf } = await import("/jsdl/page/kept.js");
  const report = await window.done;
  if (report.fault || report.failed.length) return report;
  const zip = await zipOf(window.download.id);
  const hasher = hasherOf("sha256");
  for (let at = 0; at < zip.size; at += 1 << 20) {
    hasher.update(new Uint8Array(await zip.slice(at, at + (1 << 20)).arrayBuffer()));
  }
  const capabilities = await window.jsdl.capabilities();
  return { ...report, digest: hasher.digest(), states: window.states, capabilities };
}

/** Runs in the page. */
async function vectors(cases, way) {
  const { [way]: get } = await import("/tests/browser/vectors.mjs");
  const found = [];
  for (const one of cases) found.push(await get(one));
  return found;
}

/** Runs in the page. */
async function capabilities() {
  return (await import("/jsdl/jsdl.js")).capabilities();
}

/** The report of a download, with breaks on the way if the job says so. */
async function downloaded() {
  const begin = () => page.evaluate(start, job.entries, job.options ?? {}, job.cookie ?? "");
  const retries = [];
  await begin();
  for (const [bytes, what, url] of job.breaks ?? []) {
    while ((await page.evaluate(() => window.progress?.done ?? 0)) < bytes) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    retries.push(...(await page.evaluate(() => window.retries)));
    if (url) await fetch(url);
    await (what === "page" ? closed() : killed());
    await begin();
  }
  const report = await page.evaluate(end);
  return { ...report, retries: [...retries, ...(await page.evaluate(() => window.retries))] };
}

async function closed() {
  const old = page;
  page = await browser.newPage();
  await page.goto(job.url);
  await old.close();
}

async function killed() {
  const ended = new Promise((resolve) => browser.process().once("exit", resolve));
  browser.process().kill("SIGKILL");
  await ended;
  ({ browser, page } = await opened());
}

let { browser, page } = await opened();
const result = job.cases ? await page.evaluate(vectors, job.cases, job.way)
  : await (job.entries ? downloaded() : page.evaluate(capabilities));
process.stdout.write(JSON.stringify(result));
await browser.close();
