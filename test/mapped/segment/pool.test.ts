import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Handle, struct, u32 } from "../../../src/index.ts";
import { Machine } from "./stage.ts";

const Job = struct("Job", { number: u32, check: u32 });
type JobHandle = Handle<typeof Job>;

describe("a pool in a segment", () => {
  it("grows by pages of the segment, which all who open it see, and which go with it", () => {
    using machine = new Machine();
    const segment = machine.open();
    const before = segment.inspect().usedByteLength;
    const jobs = segment.pool("jobs", Job, { capacity: 3 });
    const first = segment.inspect().usedByteLength;
    const mine: JobHandle[] = [];
    for (let number = 0; number < 2000; number++) mine.push(jobs.add({ number, check: ~number >>> 0 }));
    assert.ok(jobs.capacity >= 2000);
    assert.ok(segment.inspect().usedByteLength > first);
    assert.deepEqual(segment.verify(), []);

    const other = machine.open();
    const theirs = other.pool("jobs", Job);
    mine.forEach((handle, number) => void assert.equal(theirs.get(handle).number, number));
    assert.deepEqual(other.verify(), []);
    other.delete("jobs");
    assert.equal(other.inspect().usedByteLength, before);
    assert.deepEqual(other.verify(), []);
  });

  it("keeps what is in it when it is moved, and stops at its most", () => {
    using machine = new Machine();
    const segment = machine.open();
    segment.arena("gap", { byteLength: 50_000 });
    const jobs = segment.pool("jobs", Job, { capacity: 3, maxCapacity: 700, seats: 4 });
    const mine = Array.from({ length: 700 }, (_, number) => jobs.add({ number }));
    assert.equal(jobs.tryAdd(), 0);
    segment.delete("gap");
    segment.close();
    const again = machine.open();
    again.compact();
    assert.deepEqual(again.verify(), []);
    const moved = again.pool("jobs", Job);
    mine.forEach((handle, number) => void assert.equal(moved.get(handle).number, number));
    assert.equal(moved.tryAdd(), 0);
    moved.remove(mine[0]);
    assert.equal(moved.get(moved.add({ number: 7 })).number, 7);
    assert.deepEqual(again.verify(), []);
  });
});
