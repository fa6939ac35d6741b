import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory, wasmMemory } from "../../src/core/homes.ts";
import type { Lease } from "../../src/core/lease.ts";

declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
  }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
};

/** What a view class does at each use. */
function read(lease: Lease, viewEpoch: number, byteOffset: number): number {
  if (lease.epoch !== viewEpoch) lease.throwStale(viewEpoch);
  return lease.u8[byteOffset];
}

test("a view is valid while the epoch is the one it was made at, and then says what happened and what to do", () => {
  using memory = privateMemory(64);
  const lease = memory.openLease("arena");
  const { epoch } = lease;
  memory.u8[3] = 7;
  assert.equal(read(lease, epoch, 3), 7);
  lease.end("was reset");
  assert.throws(() => read(lease, epoch, 3), {
    name: "MemoryError",
    code: "stale-view",
    message:
      "a view of arena was used after the arena was reset (viewEpoch=1, epoch=2). " +
      "Read the values before, or copy them out with `type.copy(view)`; make a new view afterwards.",
  });
  assert.equal(read(lease, lease.epoch, 3), 7);
});

test("ending one lease leaves the memory and its other leases alone", () => {
  using memory = privateMemory(64);
  const [first, second] = [memory.openLease("first"), memory.openLease("second")];
  const epochs = [second.epoch, memory.lease.epoch];
  first.end("was reset");
  assert.deepEqual([second.epoch, memory.lease.epoch], epochs);
});

test("closing the memory makes the views of every lease throw `closed`, and those of leases that had ended throw still", () => {
  const memory = privateMemory(64);
  const lease = memory.openLease("arena");
  const ended = memory.openLease("scope");
  memory.closeLease(ended, "was left");
  const views: [Lease, number][] = [lease, memory.lease].map((of) => [of, of.epoch]);
  memory.close();
  for (const [of, epoch] of views) assert.throws(() => read(of, epoch, 0), { name: "MemoryError", code: "closed" });
  assert.throws(
    () => read(ended, 1, 0),
    { name: "MemoryError", code: /^(?:closed|stale-view)$/ },
    "it may tell how it ended itself",
  );
});

test("after close a lease shows no bytes, even to who does not look at its epoch", () => {
  const memory = privateMemory(64);
  const lease = memory.openLease("arena");
  memory.u8[0] = 1;
  memory.close();
  assert.equal(lease.u8.length, 0);
  assert.equal(lease.f64.length, 0);
  assert.equal(lease.u8[0], undefined);
});

test("leases look at the new bytes when growth has moved them, closed leases do not", () => {
  using memory = wasmMemory(new WebAssembly.Memory({ initial: 1, maximum: 4 }));
  const lease = memory.openLease("arena");
  const closed = memory.openLease("scope");
  memory.closeLease(closed, "was left");
  memory.u8[5] = 9;
  memory.grow(3 * 65_536);
  assert.equal(lease.u8.length, 3 * 65_536);
  assert.equal(read(lease, lease.epoch, 5), 9);
  assert.equal(memory.lease.f64, memory.f64);
  assert.equal(closed.u8.length, 0, "the engine has taken the old bytes away");
});

test("a lease of a closed memory cannot be had", () => {
  const memory = privateMemory(8);
  memory.close();
  assert.throws(() => memory.openLease("late"), { name: "MemoryError", code: "closed" });
});
