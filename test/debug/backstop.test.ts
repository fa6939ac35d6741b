import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bump } from "../../src/alloc/bump.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { watchUnclosed } from "../../src/debug/backstop.ts";
import type { Mistake } from "../../src/debug/mistake.ts";
import { track } from "../../src/debug/track.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

async function collectUntil(done: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 50 && !done(); attempt++) {
    await turn();
    collect();
  }
  return done();
}

const memory = privateMemory(1 << 16);

test("a tracker that is forgotten tells what is live, frees nothing, and knows the place", async () => {
  const told: Mistake[] = [];
  const below = new Bump(memory, { end: 4096 });
  (function leavesItBehind() {
    const heap = track(below, { backstop: true, onMistake: (mistake) => void told.push(mistake) });
    heap.alloc(100);
    heap.alloc(50);
  })();
  const used = below.usedByteLength;
  assert.ok(await collectUntil(() => told.length >= 2));
  assert.deepEqual(
    told.map(({ kind, numbers }) => [kind, numbers.bytes]),
    [
      ["leak", 100],
      ["leak", 50],
    ],
  );
  assert.match(told[0].allocated?.[0] ?? "", /leavesItBehind/);
  assert.equal(below.usedByteLength, used);
});

test("one that was closed tells nothing when it is collected, and neither does a forgotten one without blocks", async () => {
  const told: Mistake[] = [];
  const onMistake = (mistake: Mistake) => void told.push(mistake);
  const weak: WeakRef<object>[] = [];
  (function closes() {
    const closed = track(new Bump(memory, { start: 4096, end: 8192 }), { backstop: true, leaks: false, onMistake });
    closed.alloc(100);
    closed.close();
    const empty = track(new Bump(memory, { start: 8192 }), { backstop: true, onMistake });
    empty.free(empty.alloc(8), 8);
    weak.push(new WeakRef(closed), new WeakRef(empty));
  })();
  assert.ok(await collectUntil(() => weak.every((one) => one.deref() === undefined)));
  await turn();
  assert.deepEqual(told, []);
});

test("anything that is to be closed can be watched", async () => {
  const lost: string[] = [];
  (function forgets() {
    watchUnclosed({}, () => void lost.push("first"));
    watchUnclosed({}, () => void lost.push("second")).done();
  })();
  assert.ok(await collectUntil(() => lost.length > 0));
  assert.deepEqual(lost, ["first"]);
});
