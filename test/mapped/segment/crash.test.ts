import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryError } from "../../../src/core/errors.ts";
import type { Segment } from "../../../src/mapped/segment/segment.ts";
import { diesAt } from "../../interleaving/steps.ts";
import { CHAIN, Machine, Particle, Root } from "./stage.ts";

/** What a process does that may be killed. */
const LIVES: Readonly<Record<string, (segment: Segment) => void>> = {
  "makes a pool": (segment) => void segment.pool("made", Particle, { capacity: 10 }),
  "makes an arena for which the memory must grow": (segment) => void segment.arena("made", { byteLength: 300_000 }),
  "makes what it has no room for": (segment) => {
    try {
      segment.arena("made", { byteLength: 1 << 22 });
      assert.fail("there was room");
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      assert.equal(error.code, "out-of-memory");
    }
  },
  "deletes a structure between others": (segment) => void segment.delete("second"),
  "deletes the last structure": (segment) => void segment.delete("chain"),
  "renames a structure": (segment) => segment.rename("second", "made"),
  "makes so many that the directory grows": (segment) => {
    for (let count = 0; count < 15; count++) segment.root(Root, `root ${count}`);
  },
  "takes more blocks for a structure": (segment) => {
    const chain = segment.open("chain", CHAIN);
    for (let count = 0; count < 4; count++) chain.add();
  },
  "gives blocks back": (segment) => {
    const chain = segment.open("chain", CHAIN);
    chain.trim();
    chain.trim();
  },
  "flushes twice": (segment) => {
    segment.flush();
    segment.flush();
  },
  closes: (segment) => segment.close(),
};

/** A segment with some structures and a gap. */
function furnish(segment: Segment): void {
  segment.pool("first", Particle, { capacity: 20 }).add({ x: 1, y: 2 });
  segment.arena("gap", { byteLength: 30_000 });
  segment.arena("second", { byteLength: 10_000 });
  segment.root(Root).n = 42;
  const chain = segment.open("chain", CHAIN);
  for (let count = 0; count < 3; count++) chain.add();
  segment.delete("gap");
}

/** What a program sees of a segment. */
function tell(segment: Segment): string {
  return JSON.stringify(segment.list().map(({ name, kind, byteLength }) => [name, kind, byteLength]));
}

function checkUntouched(segment: Segment): void {
  const pool = segment.pool("first", Particle);
  const [handle] = pool.handles();
  assert.deepEqual(pool.read(handle), { x: 1, y: 2 });
  assert.equal(segment.root(Root).n, 42);
}

describe("a segment whose only participant is killed", () => {
  for (const [title, life] of Object.entries(LIVES)) {
    it(`is as it was before a change or after it when that one ${title}, at whatever store`, () => {
      using machine = new Machine();
      const first = machine.open();
      furnish(first);
      first.close();
      const image = machine.image();
      const disk = machine.disk;
      /** All states that a life goes through between its changes. */
      const states = new Set<string>();
      const living = machine.open();
      states.add(tell(living));
      life(living);
      if (!living.memory.closed) states.add(tell(machine.open()));
      let last = 0;
      // Every step of short lives; of long ones every fifth, which meets all places in the end.
      for (let died = true; died; last += last < 150 ? 1 : 5) {
        machine.load(image);
        machine.disk = disk;
        died = diesAt(last, () => life(machine.open()));
        using next = machine.open();
        assert.deepEqual(next.verify(), [], `killed at step ${last}`);
        checkUntouched(next);
        if (!/many|blocks/.test(title)) assert.ok(states.has(tell(next)), `killed at step ${last}: ${tell(next)}`);
        next.root(Root, "one more").n = 1;
        assert.deepEqual(next.verify(), []);
      }
      assert.ok(last > 20, `only ${last} steps`);
    });
  }

  it("is put right by whoever comes next when who puts it right is killed, at whatever store", () => {
    using machine = new Machine();
    furnish(machine.open());
    const whole = machine.image();
    const killed = (at: number): Uint8Array => {
      machine.load(whole);
      diesAt(at, () => {
        const segment = machine.open();
        segment.open("chain", CHAIN).add();
        segment.pool("made", Particle, { capacity: 300 });
        segment.delete("second");
      });
      return machine.image();
    };
    for (let at = 5; at < 400; at += 37) {
      const image = killed(at);
      let last = 0;
      for (let died = true; died; last += 7) {
        machine.load(image);
        died = diesAt(last, () => machine.open());
        using next = machine.open();
        assert.deepEqual(next.verify(), [], `killed at ${at}, then at ${last}`);
        checkUntouched(next);
      }
    }
  });
});
