import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { attachSharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { MiB } from "../../src/core/size.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { participantIn } from "../../src/mapped/participants.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("processes share a heap in a mapped file; one that is killed is recovered without being told, and the file can be opened again", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "heap");
  const memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(2) });
  const heap = sharedHeap(memory, { seats: 3, ...participantIn(memory) });
  const mine = heap.alloc(64);
  memory.u8.fill(5, mine, mine + 64);
  const child = startChild(
    `import { attachSharedHeap } from ${JSON.stringify(moduleUrl("alloc/heaps/shared-heap.js"))};
     const memory = mapped.mapFile(args[0], { mode: "readWrite" });
     const heap = attachSharedHeap(memory, 0, mapped.participantIn(memory));
     heap.free(Number(args[1]), 64);
     const ptr = heap.alloc(100);
     memory.u8.fill(9, ptr, ptr + 100);
     process.send({ participant: heap.participant, ptr });
     for (const blocks = []; ; ) {
       blocks.push(heap.alloc(8 + (blocks.length * 37) % 3000));
       if (blocks.length > 300) for (const [at, block] of blocks.splice(0).entries()) heap.free(block, 8 + (at * 37) % 3000);
     }`,
    { directory, args: [path, String(mine)] },
  );
  const { participant, ptr } = (await messageOf(child)) as { participant: number; ptr: typeof mine };
  assert.equal(participant, 2);
  assert.ok(memory.u8.subarray(ptr, ptr + 100).every((byte) => byte === 9));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(heap.recoverDead(), 0, "it lives");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(heap.recoverDead(), 1);
  assert.equal(heap.recover(participant), false, "nobody is there any more");
  assert.deepEqual(heap.checkInvariants(), []);
  assert.equal(heap.collect(), 1, "the block that the other process gave back");
  heap.free(ptr, 100);
  assert.deepEqual(heap.checkInvariants(), []);
  heap.close();
  memory.close();

  using again = mapFile(path, { mode: "readWrite" });
  const reopened = attachSharedHeap(again);
  assert.equal(reopened.participant, 1);
  assert.deepEqual(reopened.checkInvariants(), []);
  assert.notEqual(reopened.alloc(1000), 0);
});
