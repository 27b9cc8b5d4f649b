import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createServer } from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { layoutOf } from "../../datalad_jsdl/browser/core/zip.js";
import { engineOf } from "../../datalad_jsdl/browser/engine/engine.js";
import { COMPLETE, HEADER, replay, written } from "../../datalad_jsdl/browser/engine/journal.js";
import { logOf } from "../../datalad_jsdl/browser/sinks/log.js";
import { zipSink } from "../../datalad_jsdl/browser/sinks/zip.js";
import { DiskTarget, Lab, contentOf, fileOf, hexOf, piecesOf, quickTime } from "./lab.mjs";
import { zipOf } from "./vectors.mjs";

const MIB = 1 << 20;
const HEAD = new Uint8Array(HEADER).fill(7);
let first, second, third, folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "jsdl-"));
});
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(async () => {
  [first, second, third] = await Promise.all([Lab.start(), Lab.start(), Lab.start()]);
});
afterEach(() => Promise.all([first, second, third].map((lab) => lab.stop())));

/** A download into a zip on disk. */
class Download {
  constructor(files, options = {}, name = `zip-${Math.random()}`) {
    const layout = layoutOf(files);
    this.files = layout.members;
    this.name = path.join(folder, name);
    this.target = new DiskTarget(this.name);
    this.journal = new DiskTarget(`${this.name}.journal`);
    this.log = logOf(this.journal, HEAD, () => this.target.flush());
    this.sink = zipSink(layout, this.target, this.log);
    this.retries = [];
    this.environment = quickTime();
    this.options = {
      environment: this.environment, stall: 300, onretry: (retry) => this.retries.push(retry.reason), ...options,
    };
    this.engine = engineOf(this.files, this.sink, this.options);
  }

  async run() {
    this.report = await this.engine.run();
    return this;
  }

  get digest() {
    return hexOf("sha256", fs.readFileSync(this.name));
  }
}

/** The generator uses its memory again. */
const bytesOf = (members) => Buffer.concat(Array.from(zipOf(members), (chunk) => Buffer.from(chunk)));

function expected(contents) {
  const members = Object.entries(contents).map(([name, content]) =>
    ({ path: name, size: content.length, mtime: 1714564800, pattern: content }));
  const { members: sorted } = layoutOf(members);
  return hexOf("sha256", bytesOf(sorted));
}

async function closedPort() {
  const lab = await Lab.start();
  const { url } = lab;
  await lab.stop();
  return url;
}

test("many small files, an empty one and one of the manifest's own, six at a time", async () => {
  const contents = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`d/f${n}`, contentOf(`s${n}`, n * 1000)]));
  const files = Object.entries(contents).map(([name, content]) =>
    fileOf(name, content, [first.put(name, content, { delay: 2 })]));
  contents.own = Buffer.from("in the manifest");
  files.push(fileOf("own", contents.own, [], { content: contents.own }));
  const { report, digest, engine } = await new Download(files).run();
  assert.deepEqual([report.saved, report.failed, report.verified, report.fault], [61, [], 61, null]);
  assert.equal(digest, expected(contents));
  assert.ok(first.most <= 6, `${first.most} at a time`);
  assert.deepEqual(engine.progress.done, engine.progress.total);
});

test("a mirror that cuts, one that is not there, one that stalls and a good one", async () => {
  const content = contentOf("big", 30 * MIB + 17);
  const urls = [
    first.put("f", content, { cut: 10 * MIB }), `${await closedPort()}/f`,
    second.put("f", content, { stall: 20 * MIB + 5 }), third.put("f", content),
  ];
  const { report, digest, retries } = await new Download([fileOf("f", content, urls)]).run();
  assert.equal(report.fault, null);
  assert.deepEqual(report.failed, []);
  assert.equal(digest, expected({ f: content }));
  assert.ok(["cut", "network", "stall"].every((kind) => retries.includes(kind)), retries.join());
  assert.ok(report.bytesFetched <= content.length + MIB, `${report.bytesFetched - content.length} more`);
});

test("the only mirror that is left stalls, twice, and is asked again for what is missing", async () => {
  const content = contentOf("big", 30 * MIB + 17);
  const urls = [
    first.put("f", content, { status: 404 }), second.put("f", content, { stall: 20 * MIB + 5, times: 2 }),
  ];
  const { report, digest, retries } = await new Download([fileOf("f", content, urls)]).run();
  assert.deepEqual([report.fault, report.failed], [null, []]);
  assert.equal(digest, expected({ f: content }));
  assert.deepEqual(retries, ["gone", "stall", "stall"]);
  assert.ok(second.sent("f") <= content.length + MIB);
});

test("a wrong byte costs its piece, and the mirror is left", async () => {
  const content = contentOf("flip", 40 * MIB);
  const urls = [first.put("f", content, { flip: 20 * MIB }), second.put("f", content)];
  const file = fileOf("f", content, urls, { pieces: piecesOf(content), digests: {} });
  const { report, digest, retries } = await new Download([file]).run();
  assert.deepEqual([report.failed, report.verified, retries], [[], 1, ["wrong"]]);
  assert.equal(digest, expected({ f: content }));
  assert.ok(second.sent("f") > 0);
});

test("without pieces, the whole file comes again from another mirror", async () => {
  const content = contentOf("flip", 20 * MIB);
  for (const algorithm of ["md5", "sha256", "sha1"]) {
    const urls = [first.put("f", content, { flip: 3 }), second.put("f", content)];
    const file = fileOf("f", content, urls, { digests: { [algorithm]: hexOf(algorithm, content) } });
    const { report, digest } = await new Download([file]).run();
    assert.deepEqual([report.failed, report.verified], [[], 1]);
    assert.equal(digest, expected({ f: content }));
  }
});

test("what has only a digest that browsers make of content that is held is checked while it can be", async () => {
  for (const [length, verified] of [[1000, 1], [20 * MIB + 1, 1], [33 * MIB, 0]]) {
    const content = contentOf("held", length);
    const digests = { sha512: hexOf("sha512", content), "sha3-256": "0".repeat(64) };
    const urls = [first.put("f", content, { flip: length - 2 }), second.put("f", content)];
    const { report, digest } = await new Download([fileOf("f", content, urls, { digests })]).run();
    // the report says what was not
    assert.deepEqual([report.failed, report.verified, report.unverified], [[], verified, 1 - verified]);
    assert.equal(digest === expected({ f: content }), verified === 1);
  }
});

test("bytes that are wrong everywhere are in no zip", async () => {
  const content = contentOf("bad", 9 * MIB);
  const file = fileOf("f", content, [first.put("f", content, { flip: 5 })]);
  const { report } = await new Download([file]).run();
  assert.deepEqual(report.failed, [{ path: "f", reason: "wrong", origin: first.url }]);
});

test("each refusal has its kind and its origin", async () => {
  const content = contentOf("x", 1000);
  const files = [
    fileOf("gone", content, [first.put("gone", content, { status: 404 })]),
    fileOf("login", content, [first.put("login", content, { status: 403 })]),
    fileOf("odd", content, [first.put("odd", content, { status: 418 })]),
    fileOf("short", content, [first.put("short", content.subarray(1))]),
    fileOf("long", content, [first.put("long", contentOf("x", 1001))]),
    fileOf("refused", content, [`${await closedPort()}/x`]),
    fileOf("good", content, [first.put("good", content)]),
  ];
  const { report } = await new Download(files).run();
  const reasons = Object.fromEntries(report.failed.map((failure) => [failure.path, failure.reason]));
  assert.deepEqual(reasons, {
    gone: "gone", login: "login", odd: "refused", short: "size", long: "size", refused: "network",
  });
  assert.equal(report.saved, 1);
  assert.ok(report.failed.every(({ origin }) => origin.startsWith("http://127.0.0.1:")));
});

/** A server whose answers are made by hand; its URL. */
async function handmade(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/f`;
}

test("servers that lie about ranges and sizes, and send more than was asked for", async () => {
  const content = contentOf("lies", 2 * MIB);
  const end = content.length - 1;
  const more = Buffer.concat([content, Buffer.alloc(99)]);
  const lies = {
    start: [206, { "Content-Range": `bytes 1-${end}/${content.length}` }, content],
    total: [206, { "Content-Range": `bytes 0-${end}/${content.length + 1}` }, content],
    nonsense: [206, { "Content-Range": "bytes x-y/z" }, more],
    length: [206, { "Content-Length": content.length + 1 }, content],
    longer: [206, {}, more],
    whole: [200, {}, more],
    large: [200, { "Content-Length": more.length }, more],
    shifted: [206, { "Content-Range": `bytes 0-${end}/${content.length}` }, more.subarray(9, 9 + content.length)],
    none: [206, {}, Buffer.alloc(0)],
  };
  for (const [name, [status, headers, bytes]] of Object.entries(lies)) {
    const liar = await handmade((request, response) => response.writeHead(status, headers).end(bytes));
    const file = fileOf("f", content, [liar, second.put("f", content)]);
    const { report, digest, retries } = await new Download([file]).run();
    assert.deepEqual([report.fault, report.failed, report.verified], [null, [], 1], name);
    assert.equal(digest, expected({ f: content }), name);
    assert.ok(retries.length > 0, name);
    const alone = await new Download([fileOf("f", content, [liar])]).run();
    assert.equal(alone.report.saved, 0, name);
  }
});

test("a busy server is left alone for as long as it asks", async () => {
  const content = contentOf("x", 1000);
  const busy = { status: 429, times: 2, headers: { "Retry-After": "7" } };
  const download = await new Download([fileOf("f", content, [first.put("f", content, busy)])]).run();
  assert.deepEqual(download.report.failed, []);
  const slept = download.environment.sleeps.reduce((sum, milliseconds) => sum + milliseconds, 0);
  assert.ok(slept > 13000 && slept < 15000, `${slept} ms`);
});

test("a server error for good fails in the end", async () => {
  const content = contentOf("x", 1000);
  const { report } = await new Download([fileOf("f", content, [first.put("f", content, { status: 500 })])]).run();
  assert.deepEqual(report.failed, [{ path: "f", reason: "server", origin: first.url }]);
  assert.equal(first.requests.length, 6);
});

test("a server without ranges", async () => {
  const content = contentOf("big", 33 * MIB);
  const urls = [first.put("f", content, { ranges: false, cut: 20 * MIB, times: 1 })];
  const { report, digest } = await new Download([fileOf("f", content, urls)]).run();
  assert.deepEqual(report.failed, []);
  assert.equal(digest, expected({ f: content }));
});

test("windows end at pieces, at most two requests for a file at a time", async () => {
  const content = contentOf("big", 100 * MIB);
  const file = fileOf("f", content, [first.put("f", content)], { pieces: piecesOf(content, 3 * MIB), digests: {} });
  const { report } = await new Download([file]).run();
  assert.deepEqual(report.failed, []);
  const starts = first.requests.map(({ headers }) => Number(/\d+/.exec(headers.range)[0]));
  assert.ok(starts.every((at) => at % (3 * MIB) === 0), starts.join());
  assert.ok(first.most <= 2);
});

test("paused and continued, and after that by another visit, from what the journal has", async () => {
  const content = contentOf("resume", 60 * MIB);
  const pieces = piecesOf(content);
  for (const more of [{ pieces, digests: {} }, {}, { digests: {} }]) {
    const url = first.put("f", content);
    const files = [fileOf("f", content, [url], more), fileOf("a", content.subarray(0, 9), [url.replace("/f", "/a")])];
    first.put("a", content.subarray(0, 9));
    const download = new Download(files);
    for (const limit of [20 * MIB, 40 * MIB]) {
      download.options.onprogress = (engine) => engine.progress().done > limit && engine.pause();
      assert.equal((await download.run()).report, null);
    }
    download.log.close();
    // killed: what is on disk is all that is left
    const name = path.basename(download.name);
    const later = await new Download(files, {}, name).run();
    assert.deepEqual([later.report.failed, later.report.saved], [[], 2]);
    assert.ok(later.report.bytesFetched <= 28 * MIB, `${later.report.bytesFetched / MIB} MiB`);
    assert.equal(later.digest, expected({ f: content, a: content.subarray(0, 9) }));
    assert.ok(later.log.isReady);
    // once more: nothing is asked for
    const again = await new Download(files, {}, name).run();
    assert.deepEqual([again.report.saved, again.report.bytesFetched], [2, 0]);
    assert.equal(again.report.verified, more.digests && !more.pieces ? 1 : 2);
  }
});

test("what failed comes with the next run", async () => {
  const content = contentOf("x", 1000);
  const files = [fileOf("f", content, [first.put("f", content, { status: 404, times: 1 })])];
  const download = await new Download(files).run();
  assert.equal(download.report.failed.length, 1);
  await download.run();
  assert.deepEqual([download.report.failed, download.report.saved], [[], 1]);
  assert.equal(download.digest, expected({ f: content }));
});

test("a place that is full ends the download", async () => {
  const content = contentOf("x", 1000);
  const { Fault } = await import("../../datalad_jsdl/browser/core/fault.js");
  const download = new Download([fileOf("f", content, [first.put("f", content)])]);
  download.target.resize = () => {
    throw new Fault("space");
  };
  assert.equal((await download.run()).report.fault, "space");
});

test("logins go to the origins that were named, and along no redirect", async () => {
  const content = contentOf("x", 1000);
  const target = second.put("f", content);
  const files = [
    fileOf("a", content, [first.put("a", content)]),
    fileOf("b", content, [second.put("b", content)]),
    fileOf("c", content, [first.put("c", content, { location: target })]),
  ];
  const bearer = { [first.url]: { Authorization: "Bearer secret" } };
  const { report } = await new Download(files, { access: { headers: bearer } }).run();
  assert.deepEqual(report.failed, []);
  assert.ok(first.requests.every(({ headers }) => headers.authorization === "Bearer secret"));
  assert.ok(second.requests.every(({ headers }) => headers.authorization === undefined));
  // a browser would send others to where the redirect leads
  const other = await new Download(files, { access: { headers: { [first.url]: { "X-API-Key": "k" } } } }).run();
  assert.deepEqual([...new Set(other.report.failed.map(({ path: name }) => name))], ["c"]);
  assert.ok(second.requests.every(({ headers }) => headers["x-api-key"] === undefined));
});

test("small files come out of a zip that the manifest names", async () => {
  const contents = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`d/f${n}`, contentOf(`s${n}`, 4096)]));
  contents.big = contentOf("big", 3 * MIB);
  const files = Object.entries(contents).map(([name, content]) => fileOf(name, content, [first.put(name, content)]));
  const inside = layoutOf(files.map((file) => ({ ...file, path: `s/${file.path}` })));
  const patterns = inside.members.map((member) => ({ ...member, pattern: contents[member.path.slice(2)] }));
  const zip = bytesOf(patterns);
  for (const [content, most] of [[zip, 5], [Buffer.alloc(zip.length), 520], [zip.subarray(9), 520]]) {
    first.requests.length = 0;
    const archives = [{ urls: [second.put("z", content)], layout: inside, members: [...files.keys()] }];
    const { report, digest } = await new Download(files, { archives }).run();
    assert.deepEqual([report.failed, report.verified], [[], 501]);
    assert.equal(digest, expected(contents));
    assert.ok(first.requests.length + second.requests.length <= most, `${first.requests.length}`);
  }
});

test("what only a zip has comes out of it, from any byte on", async () => {
  const contents = {
    large: contentOf("large", 40 * MIB + 7), blocks: contentOf("blocks", 65535 * 32), empty: Buffer.alloc(0),
    left: contentOf("left", 99), one: contentOf("one", 70000),
  };
  const all = Object.entries(contents).map(([name, content]) => fileOf(name, content, []));
  Object.assign(all[0], { digests: {}, pieces: piecesOf(contents.large, 8 * MIB) });
  const layout = layoutOf(all);
  const zip = bytesOf(layout.members.map((member) => ({ ...member, pattern: contents[member.path] })));
  const members = [...layout.members.keys()].filter((number) => layout.members[number].path !== "left");
  const files = members.map((number) => layout.members[number]);
  const place = layout.data(layout.members.findIndex((member) => member.path === "large"));
  const archives = [{ layout, members, urls: [
    first.put("gone", zip, { status: 404 }), second.put("cut", zip, { cut: place + 70001, times: 2 }),
    third.put("flip", zip, { flip: place + 9 * MIB, times: 1 }), first.put("whole", zip, { ranges: false }),
  ] }];
  const { report, digest, retries } = await new Download(files, { archives }).run();
  assert.deepEqual([report.fault, report.failed, report.verified], [null, [], 4]);
  delete contents.left;
  assert.equal(digest, expected(contents));
  assert.ok(retries.includes("gone") && retries.includes("cut"), String(retries));
});

test("a journal that was cut off, of something else, or with nonsense", () => {
  const sizes = [10, 5e9];
  const sound = Buffer.concat([HEAD, written(0, 1, 5), written(1, 2, 4.5e9), written(COMPLETE, 3, 1)]);
  const { states, length } = replay(sound, HEAD, sizes);
  assert.equal(length, sound.length);
  assert.deepEqual(states, [
    { position: 10, crc: 3, complete: true, verified: true },
    { position: 4.5e9, crc: 2, complete: false, verified: false },
  ]);
  for (let cut = 1; cut < 16; cut++) {
    assert.equal(replay(sound.subarray(0, sound.length - cut), HEAD, sizes).length, sound.length - 16);
  }
  for (let at = HEADER + 32; at < sound.length; at++) {
    const broken = Buffer.from(sound);
    broken[at] ^= 4;
    assert.equal(replay(broken, HEAD, sizes).length, HEADER + 32);
  }
  assert.equal(replay(sound, new Uint8Array(HEADER), sizes).length, 0);
  assert.equal(replay(new Uint8Array(3), HEAD, sizes).length, 0);
});
