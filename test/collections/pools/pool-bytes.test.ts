import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { f64, i32, loadPool, MemoryError, pool, savePool, struct, u16 } from "../../../src/index.ts";

const Particle = struct("Particle", { x: f64, hp: u16 });

function used(handles: "wide" | "narrow") {
  const particles = pool(Particle, { blockLength: 3, handles });
  const all = Array.from({ length: 14 }, (_, hp) => particles.add({ hp, x: hp / 2 }));
  for (const place of [1, 3, 4, 5, 9]) particles.remove(all[place]);
  particles.trim();
  particles.detach(all[7]);
  return { particles, all };
}

describe("a saved pool", () => {
  for (const handles of ["wide", "narrow"] as const) {
    it(`is the same when it is loaded: records, handles, stale handles and what is detached (${handles})`, () => {
      const { particles, all } = used(handles);
      using again = loadPool(Particle, savePool(particles));
      assert.deepEqual(again.checkInvariants(), []);
      assert.deepEqual(
        [...again].map(([handle, view]) => [handle, Particle.copy(view)]),
        [...particles].map(([handle, view]) => [handle, Particle.copy(view)]),
      );
      for (const handle of all) {
        assert.equal(again.has(handle), particles.has(handle));
        assert.equal(again.isDetached(handle), particles.isDetached(handle));
      }
      again.reattach(all[7], { hp: 7 });
      assert.equal(again.get(all[7]).hp, 7);
      const fresh = [0, 1, 2, 3, 4, 5].map(() => again.add());
      assert.ok(
        fresh.every((handle) => !all.includes(handle)),
        "a handle came back",
      );
      assert.deepEqual(again.checkInvariants(), []);
    });
  }

  it("of another type, cut short, or damaged in any byte is refused", () => {
    const bytes = savePool(used("wide").particles);
    assert.throws(() => loadPool(i32, bytes), { code: "layout-mismatch" });
    assert.throws(() => loadPool(Particle, new Uint8Array(0)), { code: "corrupt" });
    for (let length = 0; length < bytes.length; length += 7) {
      assert.throws(
        () => loadPool(Particle, bytes.slice(0, length)),
        (error) => error instanceof MemoryError,
      );
    }
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      assert.throws(
        () => loadPool(Particle, damaged),
        (error) => error instanceof MemoryError,
        `byte ${at}`,
      );
    }
  });

  it("of bytes that somebody made up either throws a coded error or is sound", () => {
    const bytes = savePool(used("wide").particles);
    const program = fc.array(fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(program, (changes) => {
        const forged = bytes.slice();
        for (const { at, byte } of changes) forged[at] = byte;
        try {
          using loaded = loadPool(Particle, forged);
          assert.deepEqual(loaded.checkInvariants(), []);
        } catch (error) {
          assert.ok(error instanceof MemoryError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});
