import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { synchronized } from "../../src/alloc/around/synchronized.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { sharedBump } from "../../src/alloc/shared-bump.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { MiB } from "../../src/core/size.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { participantIn } from "../../src/mapped/participants.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const KILLS = 4;

test("processes take turns at a heap in a file; one that is killed in the middle leaves it to the others, repaired", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "heap");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(4) });
  const place = 64 as Ptr;
  using mine = synchronized(tlsf(memory, { byteOffset: 4096, byteLength: MiB(4) - 4096 }), place, participantIn(memory));
  const kept = Array.from({ length: 20 }, (_, at) => mine.alloc(100 + at));
  for (const [at, ptr] of kept.entries()) memory.u8.fill(at + 1, ptr, ptr + 100 + at);
  for (let kill = 0; kill < KILLS; kill++) {
    const child = startChild(
      `import { attachTlsf } from ${JSON.stringify(moduleUrl("alloc/heaps/tlsf.js"))};
       import { synchronized } from ${JSON.stringify(moduleUrl("alloc/around/synchronized.js"))};
       const memory = mapped.mapFile(args[0], { mode: "readWrite" });
       const heap = synchronized(attachTlsf(memory, 4096), 64, mapped.participantIn(memory));
       process.send("begun");
       for (const blocks = []; ; ) {
         blocks.push(heap.alloc(8 + (blocks.length * 37) % 3000));
         if (blocks.length > 200) for (const [at, block] of blocks.splice(0).entries()) heap.free(block, 8 + (at * 37) % 3000);
       }`,
      { directory, args: [path] },
    );
    await messageOf(child);
    for (let step = 0; step < 50; step++) mine.free(mine.alloc(500), 500);
    child.kill("SIGKILL");
    await once(child, "exit");
    const ptr = mine.alloc(2000);
    assert.deepEqual(mine.checkInvariants(), []);
    mine.free(ptr, 2000);
    for (const [at, block] of kept.entries()) {
      assert.ok(memory.u8.subarray(block, block + 100 + at).every((byte) => byte === at + 1));
    }
  }
  for (const [at, ptr] of kept.entries()) mine.free(ptr, 100 + at);
  assert.deepEqual(mine.checkInvariants(), []);
});

test("processes bump one top, and no two get the same bytes", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "bump");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(1) });
  const region = sharedBump(memory, { byteLength: MiB(1) });
  const child = startChild(
    `import { attachSharedBump } from ${JSON.stringify(moduleUrl("alloc/shared-bump.js"))};
     const memory = mapped.mapFile(args[0], { mode: "readWrite" });
     const region = attachSharedBump(memory);
     const ptrs = Array.from({ length: 3000 }, () => region.alloc(24));
     for (const ptr of ptrs) memory.u8.fill(9, ptr, ptr + 24);
     process.send(ptrs);`,
    { directory, args: [path] },
  );
  const answer = messageOf(child);
  const ended = once(child, "exit");
  const own: number[] = [];
  for (let at = 0; at < 3000; at++) {
    const ptr = region.alloc(24);
    memory.u8.fill(3, ptr, ptr + 24);
    own.push(ptr);
    if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const theirs = (await answer) as number[];
  await ended;
  assert.equal(new Set([...own, ...theirs]).size, 6000);
  for (const ptr of own) assert.ok(memory.u8.subarray(ptr, ptr + 24).every((byte) => byte === 3));
  for (const ptr of theirs) assert.ok(memory.u8.subarray(ptr, ptr + 24).every((byte) => byte === 9));
  assert.deepEqual(region.checkInvariants(), []);
});
