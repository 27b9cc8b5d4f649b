import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { layoutOf } from "../../datalad_jsdl/browser/core/zip.js";
import { membersOf, zipOf } from "./vectors.mjs";

const load = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf-8"));
const slow = process.env.JSDL_SLOW === "1";

for (const vector of load("vectors.json").filter((one) => Boolean(one.slow) === slow)) {
  test(`the zip of ${vector.name}`, () => {
    const hash = createHash("sha256");
    let length = 0;
    for (const chunk of zipOf(membersOf(vector))) {
      hash.update(chunk);
      length += chunk.length;
    }
    assert.deepEqual([length, hash.digest("hex")], [vector.length, vector.sha256]);
  });
}

for (const refused of load("refused.json")) {
  test(`no zip of ${refused.name}`, () => {
    assert.throws(() => layoutOf(membersOf(refused)), { name: "Fault" });
  });
}
