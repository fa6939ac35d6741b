import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KiB, MiB } from "../src/core/size.ts";
import { arena, bump, f32, formatHandle, i32, interner, MemoryError, pool, struct, u8, u16 } from "../src/index.ts";
import { HOMES } from "./conformance/homes.ts";

/** The first tests that anybody writes for an arena and an interner, in every place where bytes can live. */
for (const home of HOMES) {
  describe(`in ${home.title}`, () => {
    it("arena: 42 and 84 live at once, then reset: values are invalid and say so", () => {
      using memory = home.create(KiB(64), MiB(1));
      using scratch = arena({ upstream: bump(memory), chunkByteLength: 1024 });
      const first = scratch.create(i32, 42);
      const second = scratch.create(i32, 84);
      assert.equal(first.value, 42);
      assert.equal(second.value, 84);
      first.value += 1;
      assert.deepEqual([first.value, second.value], [43, 84]);
      scratch.reset();
      for (const view of [first, second]) {
        for (const use of [() => view.value, () => (view.value = 1)]) {
          assert.throws(
            use,
            (error) => error instanceof MemoryError && error.code === "stale-view" && /arena was reset/.test(error.message),
          );
        }
      }
      const third = scratch.create(i32, 7);
      assert.equal(third.value, 7);
      assert.throws(() => first.value, { code: "stale-view" });
    });

    it("arena: structs are as C lays them out, are gone at the end of a scope, and say so", () => {
      const Particle = struct("Particle", { x: f32, y: f32, hp: u16, team: u8 });
      using memory = home.create(KiB(64), MiB(1));
      using scratch = arena({ upstream: bump(memory) });
      const kept = scratch.create(Particle, { x: 1, y: 2 });
      kept.x += kept.y;
      let inside: typeof kept;
      {
        using _ = scratch.scope();
        inside = scratch.create(Particle, { x: 5, y: 6, hp: 100, team: 3 });
        assert.deepEqual([inside.x, inside.hp, kept.x], [5, 100, 3]);
      }
      assert.throws(() => inside.hp, { code: "stale-view" });
      assert.deepEqual(Particle.copy(kept), { x: 3, y: 2, hp: 0, team: 0 });
      assert.deepEqual(scratch.checkInvariants(), []);
    });

    it("memory pool: two allocations, both written and read back, both freed", () => {
      const Particle = struct("Particle", { x: f32, y: f32, hp: u16, team: u8 });
      using memory = home.create(KiB(64), MiB(1));
      using particles = pool(Particle, { memory });
      const first = particles.add({ x: 1, hp: 42 });
      const second = particles.add();
      particles.get(second).hp = 84;
      assert.deepEqual([particles.get(first).hp, particles.get(second).hp, particles.size], [42, 84, 2]);
      assert.deepEqual([formatHandle(first), formatHandle(second)], ["0v1", "1v1"]);
      particles.remove(first);
      particles.remove(second);
      assert.equal(particles.size, 0);
      for (const handle of [first, second]) {
        assert.equal(particles.tryGet(handle), undefined);
        assert.throws(() => particles.get(handle), { code: "stale-handle" });
        assert.throws(() => particles.remove(handle), { code: "stale-handle" });
      }
      assert.deepEqual(particles.checkInvariants(), []);
    });

    it("string interning: equal strings have equal ids, different strings different ids, and an id gives the string back", () => {
      using memory = home.create(KiB(64), MiB(1));
      using strings = interner(memory);
      const hello = strings.intern("hello");
      const world = strings.intern("world");
      const again = strings.intern(["hel", "lo"].join(""));
      assert.equal(hello, again);
      assert.notEqual(hello, world);
      assert.equal(strings.resolve(hello), "hello");
      assert.equal(strings.resolve(world), "world");
      assert.equal(strings.size, 2);
    });
  });
}

it("arena: in private memory of its own, as in the README", () => {
  const Particle = struct("Particle", { x: f32, y: f32, hp: u16, team: u8 });
  let kept: { x: number } | undefined;
  {
    using scratch = arena(64 * 1024);
    const p = scratch.create(Particle, { x: 1, y: 2 });
    p.x += p.y;
    assert.equal(p.x, 3);
    kept = p;
  }
  assert.throws(() => kept.x, { code: "stale-view" });
});
