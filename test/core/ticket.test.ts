import assert from "node:assert/strict";
import { test } from "node:test";
import { attach, sharedMemory } from "../../src/core/homes.ts";
import type { Ticket } from "../../src/core/ticket.ts";
import { HOMES } from "../conformance/homes.ts";

// A mapping is grown by its own thread and ends for all its threads: see test/mapped.
for (const { title, create } of HOMES.filter(({ shared, home }) => shared && home !== "mapped")) {
  test(`${title}: what is attached sees the same bytes and the same growth, both ways`, () => {
    using memory = create(65_536, 4 * 65_536);
    using other = attach(memory.ticket());
    assert.deepEqual([other.home, other.subject, other.readOnly], [memory.home, memory.subject, false]);
    assert.deepEqual([other.byteLength, other.maxByteLength], [memory.byteLength, memory.maxByteLength]);
    memory.f64[5] = 1.25;
    assert.equal(other.f64[5], 1.25);
    other.grow(2 * 65_536);
    assert.equal(memory.byteLength, 2 * 65_536);
    memory.checkRange(65_536, 65_536);
    memory.grow(3 * 65_536);
    other.bytes(3 * 65_536 - 1, 1)[0] = 9;
    assert.equal(memory.bytes(3 * 65_536 - 1, 1)[0], 9);
  });

  test(`${title}: closing one side leaves the other alone, and a ticket of an attached memory is as good as the first`, () => {
    const memory = create(64);
    const other = attach(memory.ticket());
    memory.u8[0] = 4;
    memory.close();
    using third = attach(other.ticket());
    other.close();
    assert.equal(third.u8[0], 4);
  });
}

test("growth by two sides at once: the larger wish wins and the length never shrinks", () => {
  using memory = sharedMemory(0, { maxByteLength: 1000 });
  using other = attach(memory.ticket());
  memory.grow(600);
  other.grow(500);
  assert.deepEqual([memory.byteLength, other.byteLength], [600, 600]);
});

test("a ticket that has lost its buffer on the way through JSON says where it can be attached", () => {
  using memory = sharedMemory(64);
  const sent: Ticket = JSON.parse(JSON.stringify(memory.ticket()));
  assert.throws(() => attach(sent), { name: "MemoryError", code: "unsupported", message: /without its buffer.*offheap\/mapped/ });
});

test("a ticket whose numbers do not fit its buffers is refused", () => {
  using memory = sharedMemory(64);
  const good = memory.ticket();
  const bad: Partial<Record<keyof Ticket, unknown>>[] = [
    { maxByteLength: 65 },
    { maxByteLength: -1 },
    { maxByteLength: "64" },
    { maxByteLength: Number.NaN },
    { bufferByteOffset: 8 },
    { bufferByteOffset: -8, maxByteLength: 8 },
    { bufferByteOffset: 4, maxByteLength: 8 },
    { committed: new SharedArrayBuffer(4) },
    { home: "private" },
    { offheap: "tickets" },
    { readOnly: "no" },
    { home: "wasm" },
  ];
  for (const change of bad) {
    const forged = { ...good, ...change };
    // @ts-expect-error: a ticket that came from elsewhere can be anything
    assert.throws(() => attach(forged), { name: "MemoryError", code: "invalid-argument" }, JSON.stringify(change));
  }
  using inside = attach({ ...good, bufferByteOffset: 8, maxByteLength: 56 });
  memory.u8[8] = 3;
  assert.equal(inside.u8[0], 3);
});
