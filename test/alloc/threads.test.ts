import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { attachSharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { sharedBump } from "../../src/alloc/shared-bump.ts";
import type { Ptr } from "../../src/core/brand.ts";
import type { Memory } from "../../src/core/memory.ts";
import { KiB, MiB } from "../../src/core/size.ts";
import { HOMES } from "../conformance/homes.ts";
import type { ThreadTask } from "./threads.worker.ts";

const AT = 4096;
const MAILBOXES = 40;

interface Answer {
  readonly handedOver: number;
  readonly kept: number;
  readonly participant: number;
}

/** Runs threads at the same time, and frees what is left in the mailboxes through `free`. */
async function runThreads(memory: Memory, kind: ThreadTask["kind"], dying: readonly boolean[], steps: number): Promise<Answer[]> {
  const answers = dying.map(async (dies, at): Promise<Answer> => {
    const task: ThreadTask = { ticket: memory.ticket(), kind, byteOffset: AT, mailboxes: MAILBOXES, seed: at + 1, steps, dies };
    const worker = new Worker(new URL("./threads.worker.js", import.meta.url), { workerData: task });
    // Before the answer is awaited: it may have ended by then, with nobody listening.
    const ended = once(worker, "exit");
    const answer = await new Promise<Answer>((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await ended;
    return answer;
  });
  const all = await Promise.all(answers);
  assert.ok(all.every(({ handedOver }) => handedOver > 0));
  return all;
}

function emptyMailboxes(memory: Memory, free: (ptr: Ptr, byteSize: number) => void): void {
  for (let at = 64; at < 64 + MAILBOXES; at++) {
    const ptr = memory.i32[at] as Ptr;
    if (ptr !== 0) free(ptr, memory.i32[ptr / 4]);
  }
}

for (const home of HOMES.filter(({ shared }) => shared)) {
  test(`threads share a heap in ${home.title}, free each other's blocks, and leave nothing`, async () => {
    using memory = home.create(MiB(4));
    const heap = sharedHeap(memory, { byteOffset: AT, byteLength: MiB(4) - AT, seats: 5 });
    const answers = await runThreads(memory, "sharedHeap", [false, false, false], 20_000);
    assert.equal(new Set(answers.map(({ participant }) => participant)).size <= 4, true);
    assert.deepEqual(heap.checkInvariants(), []);
    emptyMailboxes(memory, (ptr, byteSize) => heap.free(ptr, byteSize));
    heap.trim();
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.usedByteLength, 0, "all pages are back, those of participants that left too");
  });

  test(`threads bump one top in ${home.title}, and no two get the same bytes`, async () => {
    using memory = home.create(MiB(8));
    const region = sharedBump(memory, { byteOffset: AT, byteLength: MiB(8) - AT });
    await runThreads(memory, "sharedBump", [false, false, false], 5000);
    assert.deepEqual(region.checkInvariants(), []);
    assert.ok(region.usedByteLength > 0);
  });

  test(`threads take turns at a TLSF heap in ${home.title}`, async () => {
    using memory = home.create(MiB(4));
    const heap = tlsf(memory, { byteOffset: AT, byteLength: MiB(4) - AT });
    await runThreads(memory, "synchronized", [false, false, false], 5000);
    assert.deepEqual(heap.checkInvariants(), []);
    emptyMailboxes(memory, (ptr, byteSize) => heap.free(ptr, byteSize));
    assert.equal([...heap.blocks()].length, 1, "all blocks are back and merged");
    assert.equal(memory.i32[512 / 4 + 1], 0, "the lock is open");
  });
}

test("a participant that dies keeps its place until it is recovered, and its blocks stay", async () => {
  using memory = HOMES[1].create(MiB(4));
  const heap = sharedHeap(memory, { byteOffset: AT, byteLength: MiB(4) - AT, seats: 2 });
  const [dead] = await runThreads(memory, "sharedHeap", [true], 3000);
  assert.equal(dead.participant, 2);
  assert.ok(dead.kept > 0);
  assert.throws(() => attachSharedHeap(memory, AT), /no seat left/);
  const live = heap.usedByteLength;
  assert.equal(heap.recover(2), true);
  assert.equal(heap.recover(2), false, "nobody has that place any more");
  assert.equal(heap.recover(1), false, "oneself is not dead");
  assert.equal(heap.recover(3), false);
  assert.deepEqual(heap.checkInvariants(), []);
  const heir = attachSharedHeap(memory, AT);
  assert.equal(heir.participant, 2);
  emptyMailboxes(memory, (ptr, byteSize) => heir.free(ptr, byteSize));
  assert.ok(heap.usedByteLength <= live);
  assert.deepEqual(heap.checkInvariants(), []);
});

test("one that dies while it holds the lock, in the middle of something, is recovered too", () => {
  using memory = HOMES[0].create(MiB(2));
  const heap = sharedHeap(memory, { byteOffset: AT, byteLength: MiB(2) - AT, seats: 2, timeoutMs: 20 });
  const dead = attachSharedHeap(memory, AT);
  const mine = Array.from({ length: 50 }, (_, at) => heap.alloc(at * 40 + 8));
  const its = Array.from({ length: 300 }, (_, at) => dead.alloc((at % 60) * 40 + 8));
  for (let at = 0; at < 300; at += 3) dead.free(its[at], (at % 60) * 40 + 8);
  const { i32 } = memory;
  const words = AT / 4;
  i32[words + 8] = dead.participant;
  // As if it had died in the page heap: bins and the list of kept runs are nonsense. And in a class: counts are wrong, a stack is cut off.
  i32.fill(77, words + 16 + 10, words + 16 + 100);
  const classes = words + 192 + 544 + 32;
  for (let of = 0; of < 64; of++) {
    i32[classes + of * 8 + 3] += 1;
    i32[classes + of * 8 + 4] -= 1;
    i32[classes + of * 8] = 0;
  }
  i32[classes + 2] = 12_345_678;
  assert.throws(() => heap.alloc(100_000), /held by another/);
  assert.equal(heap.recover(dead.participant), true);
  assert.deepEqual(heap.checkInvariants(), []);
  for (const [at, ptr] of mine.entries()) heap.free(ptr, at * 40 + 8);
  assert.ok(heap.alloc(100_000) !== 0);
  const heir = attachSharedHeap(memory, AT);
  for (let at = 1; at < 300; at += 3) heir.free(its[at], (at % 60) * 40 + 8);
  heap.trim();
  assert.deepEqual(heap.checkInvariants(), []);
});

test("a block that another freed is not freed twice, wherever it is on its way", () => {
  using memory = HOMES[0].create(KiB(512));
  const one = sharedHeap(memory, { seats: 2 });
  const two = attachSharedHeap(memory);
  const [a, b, c] = one.allocMany(3, 48);
  two.free(a, 48);
  for (const heap of [one, two]) assert.throws(() => heap.free(a, 48), /free already/);
  one.free(b, 48);
  for (const heap of [one, two]) assert.throws(() => heap.free(b, 48), /free already/);
  assert.equal(one.collect(), 1);
  for (const heap of [one, two]) assert.throws(() => heap.free(a, 48), /free already/);
  two.free(c, 48);
  one.trim();
  assert.deepEqual(one.checkInvariants(), []);
  assert.equal(one.usedByteLength, 0);
});
