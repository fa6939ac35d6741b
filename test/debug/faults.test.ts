import assert from "node:assert/strict";
import { test } from "node:test";
import { MistakeError } from "../../src/debug/mistake.ts";
import { track } from "../../src/debug/track.ts";
import { FAULTS, Particle } from "./fault-list.ts";
import { PLACES } from "./places.ts";

const OPTIONS = { leaks: true, quarantineByteLength: 65_536 } as const;

for (const { title, make } of PLACES) {
  test(`${title}: each of ${FAULTS.length} mistakes is told once, as what it is, and the heap can still be used`, () => {
    for (const stackDepth of [0, 6]) {
      for (const fault of FAULTS) {
        const place = make();
        const heap = track(place.allocator, { ...OPTIONS, stackDepth, onMistake: "collect" });
        fault.make(heap, place);
        const found = heap.check();
        assert.deepEqual(heap.check(), [], `${fault.title}: what was told is not told again`);
        const after = heap.create(Particle, { x: 2, hp: 3 });
        assert.deepEqual([after.x, after.hp], [2, 3], fault.title);
        heap.destroy(Particle, after);
        heap.close();
        const kinds = heap.mistakes.map(({ kind }) => kind);
        assert.deepEqual(kinds, [fault.kind], `${fault.title}\n${JSON.stringify(heap.mistakes, undefined, 1)}`);
        assert.ok(found.length <= 1, fault.title);
        for (const { here } of heap.mistakes) assert.equal(here === undefined, stackDepth === 0, fault.title);
        place.memory.close();
      }
    }
  });
}

test("when mistakes are thrown, each is thrown exactly once", () => {
  for (const fault of FAULTS) {
    const place = PLACES[4].make();
    const heap = track(place.allocator, { ...OPTIONS, stackDepth: 0 });
    const thrown: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        thrown.push(error);
      }
    };
    attempt(() => fault.make(heap, place));
    attempt(() => heap.check());
    attempt(() => heap.close());
    const mistakes = thrown.flatMap((error) => {
      assert.ok(error instanceof MistakeError, `${fault.title}: ${error}`);
      return error.mistakes;
    });
    // The mistake cuts the fault short, so that what it would have freed later leaks; a stale view is thrown at each use, and swallowed there.
    const kinds = mistakes.map(({ kind }) => kind).filter((kind) => kind === fault.kind || kind !== "leak");
    const stale = fault.kind.startsWith("use-after") && kinds.length === 0;
    assert.ok(stale || (kinds.length === 1 && kinds[0] === fault.kind), `${fault.title}: ${kinds}`);
    assert.equal(heap.mistakes.filter(({ kind }) => kind === fault.kind).length, 1, fault.title);
  }
});
