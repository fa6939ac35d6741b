import { parentPort, workerData } from "node:worker_threads";
import type { Allocator } from "../../src/alloc/allocator.ts";
import { synchronized } from "../../src/alloc/around/synchronized.ts";
import { attachSharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { attachTlsf } from "../../src/alloc/heaps/tlsf.ts";
import { attachSharedBump } from "../../src/alloc/shared-bump.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { attach } from "../../src/core/homes.ts";
import type { Ticket } from "../../src/core/ticket.ts";
import { randomFrom } from "../../src/testing/index.ts";

/**
 * One of several threads that make and free blocks of one allocator, and hand blocks to each other. The mailboxes, one i32 each from byte 256 on, take
 * a block by exchange: who puts one in takes the one that lay there, and frees it. Every block holds its length and a byte that fills it.
 */
export interface ThreadTask {
  readonly ticket: Ticket;
  readonly kind: "sharedHeap" | "sharedBump" | "synchronized";
  readonly byteOffset: number;
  readonly mailboxes: number;
  readonly seed: number;
  readonly steps: number;
  readonly dies: boolean;
}

const task: ThreadTask = workerData;
const memory = attach(task.ticket);
const allocator = open();
const random = randomFrom(task.seed);
const { i32, u8 } = memory;
const own: Ptr[] = [];
let handedOver = 0;

function open(): Allocator & { close?(): void; readonly participant?: number } {
  if (task.kind === "sharedHeap") return attachSharedHeap(memory, task.byteOffset);
  if (task.kind === "sharedBump") return attachSharedBump(memory, task.byteOffset);
  return synchronized(attachTlsf(memory, task.byteOffset), 512 as Ptr);
}

function make(): Ptr {
  const byteSize = 8 + (random() % (random() % 50 === 0 ? 20_000 : 300));
  const ptr = allocator.tryAlloc(byteSize);
  if (ptr === 0) return ptr;
  i32[ptr / 4] = byteSize;
  u8.fill(byteSize & 0xff, ptr + 4, ptr + byteSize);
  return ptr;
}

function take(ptr: Ptr): void {
  const byteSize = i32[ptr / 4];
  for (let at = ptr + 4; at < ptr + byteSize; at++) {
    if (u8[at] !== (byteSize & 0xff)) throw new Error(`byte ${at} of the block at ${ptr} of ${byteSize} bytes is ${u8[at]}`);
  }
  allocator.free(ptr, byteSize);
}

for (let step = 0; step < task.steps; step++) {
  const roll = random() % 10;
  if (roll < 5 || own.length === 0) {
    const ptr = make();
    if (ptr !== 0) own.push(ptr);
  } else if (roll < 8) {
    take(own.splice(random() % own.length, 1)[0]);
  } else {
    const given = Atomics.exchange(i32, 64 + (random() % task.mailboxes), own.splice(random() % own.length, 1)[0]);
    if (given !== 0) take(given as Ptr);
    handedOver += 1;
  }
  while (own.length > 200) take(own.splice(0, 1)[0]);
}
if (!task.dies) {
  for (const ptr of own) take(ptr);
  allocator.close?.();
}
parentPort?.postMessage({ handedOver, kept: task.dies ? own.length : 0, participant: allocator.participant ?? 0 });
