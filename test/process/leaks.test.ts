import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** What a round leaves is counted after collection: descriptors, ranges of addresses, and ranges that still show a file of the test. */
const COUNT = `
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
  async function settled() {
    for (let round = 0; round < 6; round += 1) { gc(); await turn(); }
  }
  function count() {
    const maps = fs.readFileSync("/proc/self/maps", "latin1").split("\\n");
    const shown = maps.filter((line) => line.includes(directory) || line.includes("memfd:offheap")).length;
    return { descriptors: fs.readdirSync("/proc/self/fd").length, ranges: maps.length, shown };
  }
  async function leaks(rounds, round) {
    for (let n = 0; n < 5; n += 1) round();
    await settled();
    const before = count();
    for (let n = 0; n < rounds; n += 1) { round(); if (n % 200 === 0) await turn(); }
    const rightAfter = count();
    await settled();
    const after = count();
    assert.equal(after.shown, 0);
    assert.ok(after.descriptors <= before.descriptors, JSON.stringify({ before, after }));
    assert.ok(after.ranges <= before.ranges + 20 + rounds / 5, JSON.stringify({ before, after }));
    return rightAfter;
  }
  const path = directory + "/file";
`;

describe("thousands of mappings", () => {
  const rounds: readonly (readonly [title: string, script: string])[] = [
    ["closed files", "const { shown } = await leaks(2000, () => mapped.mapFile(path).close()); assert.equal(shown, 0);"],
    ["files dropped without close", "await leaks(1000, () => { mapped.mapFile(path).u8[0]; });"],
    [
      "growing files closed",
      `let n = 0;
       const { shown } = await leaks(500, () => { const memory = mapped.mapFile(path, { mode: "readWrite", byteLength: 100, maxByteLength: 100_000 }); memory.grow(100 + ++n); memory.close(); });
       assert.equal(shown, 0);`,
    ],
    [
      "growing files dropped without close, whose descriptors go with them",
      `await leaks(400, () => { mapped.mapFile(path, { maxByteLength: 1_000_000 }).u8[0]; });`,
    ],
    [
      "windows, anonymous and scratch memories closed",
      `const { shown } = await leaks(200, () => {
         const window = mapped.mapWindow(path, { byteLength: 4096 });
         window.slide(4097); window.slide(0); window.close();
         const anonymous = mapped.mapAnonymous(5000); anonymous.u8[0] = 1; anonymous.close();
         const scratch = mapped.mapScratch(directory, { maxByteLength: 100_000 }); scratch.grow(9000); scratch.u8[0] = 1; scratch.close();
       });
       assert.equal(shown, 0);`,
    ],
    [
      "failures",
      `await leaks(200, () => {
         for (const failing of [
           () => mapped.mapFile(directory),
           () => mapped.mapFile(path, { byteOffset: 1e9 }),
           () => mapped.publishFile(directory),
         ]) assert.throws(failing, { name: "MemoryError" });
         mapped.publishFile(path).abort();
       });`,
    ],
    [
      // The engine collects garbage several times before it gives up, so these take longer.
      "reservations beyond the address space",
      `await leaks(10, () => {
         for (const failing of [
           () => mapped.mapFile(path, { maxByteLength: 2 ** 50 }),
           () => mapped.mapFile(directory + "/new", { mode: "readWrite", create: true, byteLength: 10, maxByteLength: 2 ** 50 }),
           () => mapped.mapWindow(path, { maxByteLength: 2 ** 50 }),
           () => mapped.mapAnonymous(2 ** 50),
           () => mapped.mapScratch(directory, { maxByteLength: 2 ** 50 }),
         ]) assert.throws(failing, { name: "MemoryError" });
       });`,
    ],
  ];
  for (const [title, script] of rounds) {
    test(`leave nothing behind: ${title}`, (t) => {
      const directory = temporaryDirectory(t);
      writeFileSync(join(directory, "file"), Buffer.alloc(10_000, 7));
      const { status, stderr } = runChild(COUNT + script, { directory, nodeOptions: ["--expose-gc"] });
      assert.equal(status, 0, stderr);
    });
  }
});
