import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { SLOTS } from "../../../src/collections/pools/pool-slots.ts";
import { MiB } from "../../../src/core/size.ts";
import {
  arena,
  bump,
  f32,
  f64,
  formatHandle,
  type Handle,
  handleTo,
  i32,
  loadPool,
  NO_HANDLE,
  pool,
  privateMemory,
  savePool,
  struct,
  u8,
  u16,
} from "../../../src/index.ts";
import { composed } from "../../../src/layout/generation.ts";
import { ptrOf } from "../../../src/layout/view-parts.ts";
import { HOMES } from "../../conformance/homes.ts";

const Particle = struct("Particle", { x: f64, hp: u16, team: u8 });
const Composed = composed(() => struct("Particle", { x: f64, hp: u16, team: u8 }));

type Particles = ReturnType<typeof pool<typeof Particle>>;

/** Puts slot 0, which must be free, shortly before the last of its generations. */
function presetGeneration(particles: Particles, generation: number): void {
  const slots = particles[SLOTS];
  const at = slots.wordOf(0);
  const { bits, words } = slots;
  words[at] += (generation - slots.generationOf(words[at])) * bits.generation;
}

for (const home of HOMES) {
  for (const handles of ["wide", "narrow"] as const) {
    for (const generated of [true, false]) {
      test(`random programs do to a pool what they do to a map: ${home.title}, ${handles}, ${generated ? "generated" : "composed"}`, () => {
        const step = fc.record({ kind: fc.nat(10), pick: fc.nat(1000), hp: fc.nat(65_535) });
        fc.assert(
          fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, inRow) => {
            using memory = home.create(4096, MiB(1));
            const place = inRow ? { memory } : { allocator: bump(memory) };
            const make = () => pool(generated ? Particle : Composed, { ...place, handles, blockLength: 3, capacity: 20 });
            using particles = generated ? make() : composed(make);
            const model = new Map<Handle<typeof Particle>, number>();
            const gone: Handle<typeof Particle>[] = [];
            const detached = new Map<Handle<typeof Particle>, number>();
            const any = <T>(all: Iterable<T>, pick: number): T | undefined => {
              const list = [...all];
              return list[pick % Math.max(1, list.length)];
            };
            for (const { kind, pick, hp } of steps) {
              const one = any(model.keys(), pick);
              if (kind <= 3) {
                const handle = particles.tryAdd({ hp, team: 3 });
                assert.equal(handle === NO_HANDLE, model.size + detached.size === 20);
                if (handle !== NO_HANDLE) model.set(handle, hp);
              } else if (kind <= 5 && one !== undefined) {
                particles.remove(one);
                model.delete(one);
                gone.push(one);
              } else if (kind === 6 && one !== undefined) {
                detached.set(one, particles.detach(one).hp);
                model.delete(one);
              } else if (kind === 7) {
                const away = any(detached.keys(), pick);
                if (away === undefined) continue;
                if (pick % 2 === 0) {
                  particles.remove(away);
                  gone.push(away);
                } else {
                  particles.reattach(away, { hp: detached.get(away) ?? 0 });
                  model.set(away, detached.get(away) ?? 0);
                }
                detached.delete(away);
              } else if (kind === 8) {
                particles.trim();
              } else if (kind === 9 && pick % 5 === 0) {
                particles.clear();
                gone.push(...model.keys(), ...detached.keys());
                model.clear();
                detached.clear();
              } else if (kind === 10) {
                particles.preheat(pick % 20);
              }
              assert.deepEqual(particles.checkInvariants(), []);
              assert.equal(particles.size, model.size);
              assert.equal(particles.detachedSize, detached.size);
            }
            for (const [handle, hp] of model) assert.equal(particles.get(handle).hp, hp);
            for (const handle of [...gone, ...detached.keys()]) {
              assert.equal(particles.has(handle), false);
              assert.equal(particles.tryGet(handle), undefined);
              assert.throws(() => particles.get(handle), { code: "stale-handle" });
            }
            const seen = [...particles].map(([handle, view]) => [handle, view.hp]);
            assert.deepEqual(new Map(seen as [Handle<typeof Particle>, number][]), model);
          }),
          { numRuns: 16 },
        );
      });
    }
  }
}

describe("handles", () => {
  it("of another pool, of another form, forged, negative, fractional and of other types are refused", () => {
    using particles = pool(Particle);
    using others = pool(Particle);
    using narrow = pool(Particle, { handles: "narrow" });
    const mine = particles.add({ hp: 1 });
    const foreign = [
      others.add(),
      narrow.add(),
      NO_HANDLE,
      -mine,
      mine + 0.5,
      mine + 2 ** 25,
      mine + 1,
      mine + 1000,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      17,
    ];
    for (const handle of foreign as Handle<typeof Particle>[]) {
      assert.equal(particles.has(handle), false, String(handle));
      assert.equal(particles.tryGet(handle), undefined);
      assert.equal(particles.isDetached(handle), false);
      assert.throws(() => particles.get(handle), { code: "foreign-handle" }, String(handle));
      assert.throws(() => particles.remove(handle), { code: "foreign-handle" });
      assert.throws(() => particles.detach(handle), { code: "foreign-handle" });
    }
    // @ts-expect-error a handle is no string
    assert.throws(() => particles.get("17v3"), { code: "foreign-handle" });
    assert.deepEqual(particles.checkInvariants(), []);
    assert.equal(particles.get(mine).hp, 1);
  });

  it("of another type are refused by the compiler", () => {
    const Enemy = struct("Enemy", { rage: i32 });
    using particles = pool(Particle);
    using enemies = pool(Enemy);
    const enemy = enemies.add();
    // @ts-expect-error this is the handle of an enemy
    assert.throws(() => particles.get(enemy), { code: "foreign-handle", message: /another pool/ });
  });

  it("tell the whole story when they are stale", () => {
    using particles = pool(Particle, { blockLength: 4 });
    const first = particles.add();
    particles.remove(first);
    assert.throws(() => particles.get(first), {
      code: "stale-handle",
      message: /pool of Particle .* removed; its slot is free \(handle=0v1, now=2\)/,
    });
    particles.add();
    assert.throws(() => particles.get(first), { code: "stale-handle", message: /has another one now \(handle=0v1, now=0v3\)/ });
    const away = particles.add();
    particles.detach(away);
    assert.throws(() => particles.get(away), { code: "stale-handle", message: /detached/ });
  });

  it("from before a clear, and of a pool that is closed", () => {
    const particles = pool(Particle);
    const before = particles.add();
    const view = particles.get(before);
    particles.clear();
    assert.equal(particles.size, 0);
    assert.throws(() => particles.get(before), { code: "stale-handle" });
    assert.throws(() => view.hp, { code: "stale-view", message: /was cleared/ });
    const after = particles.add();
    particles.close();
    particles.close();
    for (const use of [
      () => particles.get(after),
      () => particles.has(after),
      () => particles.add(),
      () => particles.clear(),
      () => particles.trim(),
    ])
      assert.throws(use, { code: "closed" });
  });

  for (const [handles, generated] of [
    ["wide", true],
    ["narrow", true],
    ["wide", false],
    ["narrow", false],
  ] as const) {
    const how = `${handles}, ${generated ? "generated" : "composed"}`;
    it(`are never revived, in 256 uses of a slot or any number: one whose generations are spent is retired (${how})`, () => {
      const make = () => pool(generated ? Particle : Composed, { blockLength: 2, handles });
      using particles = generated ? make() : composed(make);
      const last = particles[SLOTS].bits.generations - 1;
      presetGeneration(particles, last - 3);
      const given = new Set<number>();
      const first = particles.add();
      assert.equal(formatHandle(first), `0v${last - 2}`);
      particles.remove(first);
      const second = particles.add();
      assert.equal(formatHandle(second), `0v${last}`);
      particles.remove(second);
      for (let round = 0; round < 2000; round++) {
        const handle = particles.add();
        assert.ok(!given.has(handle) && handle !== first && handle !== second, "a handle came back");
        given.add(handle);
        particles.remove(handle);
        assert.ok(!particles.has(first) && !particles.has(second));
      }
      assert.throws(() => particles.get(second), { code: "stale-handle", message: /retired/ });
      assert.deepEqual(particles.checkInvariants(), []);
    });
  }

  it("of narrow slots are all different over the whole life of a slot, and 256 recycles revive nothing", () => {
    using particles = pool(Particle, { blockLength: 1, handles: "narrow" });
    const given = new Set<number>();
    for (let round = 0; round < 5000; round++) {
      const handle = particles.add();
      assert.ok(!given.has(handle));
      given.add(handle);
      particles.remove(handle);
    }
    assert.deepEqual(particles.checkInvariants(), []);
  });

  it("stay refused when their block was given back and another one has come to its place", () => {
    using particles = pool(Particle, { blockLength: 2 });
    const kept = particles.add();
    const early = [particles.add(), particles.add(), particles.add()];
    for (const handle of early.slice(1)) particles.remove(handle);
    const view = particles.get(kept);
    assert.ok(particles.trim() > 0);
    assert.throws(() => view.hp, { code: "stale-view", message: /gave back empty blocks/ });
    assert.throws(() => particles.get(early[2]), { code: "stale-handle", message: /given back/ });
    const later = [particles.add(), particles.add()];
    for (const handle of early.slice(1)) assert.throws(() => particles.get(handle), { code: "stale-handle" });
    assert.deepEqual(later.map(formatHandle), ["2v3", "3v3"]);
    assert.deepEqual(particles.checkInvariants(), []);
  });
});

describe("a pool", () => {
  it("keeps records where they are while it grows", () => {
    using particles = pool(Particle, { blockLength: 7 });
    const first = particles.add({ hp: 7 });
    const view = particles.get(first);
    for (let more = 0; more < 1000; more++) particles.add({ hp: more });
    assert.equal(view.hp, 7);
    view.hp = 8;
    assert.equal(particles.get(first).hp, 8);
    assert.equal(particles.handleOf(view), first);
    assert.throws(() => particles.handleOf(Particle.at(privateMemory(64), 0)), { code: "invalid-argument" });
  });

  it("is met in the order of its slots, while records are removed and added", () => {
    using particles = pool(Particle, { blockLength: 3 });
    const all = [0, 1, 2, 3, 4, 5, 6].map((hp) => particles.add({ hp }));
    const met: number[] = [];
    for (const [handle, view] of particles) {
      met.push(view.hp);
      if (view.hp === 2) particles.remove(all[3]);
      if (view.hp === 4) particles.remove(handle);
      if (view.hp === 5) particles.add({ hp: 99 });
    }
    assert.deepEqual(met, [0, 1, 2, 4, 5, 6]);
    assert.deepEqual(
      [...particles.values()].map(({ hp }) => hp),
      [0, 1, 2, 99, 5, 6],
    );
  });

  it("lets a record know its own handle, and takes it back when that fails", () => {
    const Node = struct("Node", { self: handleTo(), value: f32 });
    using nodes = pool(Node);
    const one = nodes.addWith((handle, view) => {
      view.self = handle;
    });
    assert.equal(nodes.get(one).self, one);
    let kept: Handle<typeof Node> | undefined;
    assert.throws(() =>
      nodes.addWith((handle) => {
        kept = handle;
        throw new Error("no");
      }),
    );
    assert.ok(kept !== undefined && !nodes.has(kept));
    assert.equal(nodes.size, 1);
    assert.throws(() => (nodes.get(one).self = 1.5 as Handle<typeof Node>), { code: "bad-value", message: /Node\.self/ });
    nodes.get(one).self = NO_HANDLE;
    assert.equal(nodes.get(one).self, NO_HANDLE);
  });

  it("tells where a record is, for as long as it is there", () => {
    for (const handles of ["wide", "narrow"] as const) {
      for (const make of [
        (): Particles => pool(Particle, { handles, blockLength: 3 }),
        () => composed(() => pool(Composed, { handles, blockLength: 3 })),
      ]) {
        using particles = make();
        const all = [1, 2, 3, 4, 5].map((hp) => particles.add({ hp }));
        const here = Particle.in(particles.memory);
        assert.deepEqual(
          all.map((handle) => here.at(particles.ptrOf(handle)).hp),
          [1, 2, 3, 4, 5],
        );
        assert.equal(particles.ptrOf(all[4]), ptrOf(particles.get(all[4])));
        particles.remove(all[4]);
        assert.throws(() => particles.ptrOf(all[4]), { code: "stale-handle" });
        assert.throws(() => particles.ptrOf(NO_HANDLE), { code: "foreign-handle" });
      }
    }
  });

  it("removes all records that somebody points out, and bears that they change the pool meanwhile", () => {
    using particles = pool(Particle, { blockLength: 3 });
    for (let hp = 0; hp < 20; hp++) particles.add({ hp });
    assert.equal(
      particles.removeWhere(({ hp }) => hp % 3 === 0),
      7,
    );
    const met = new Set<number>();
    const removed = particles.removeWhere(({ hp }, handle) => {
      met.add(hp);
      if (hp === 1) particles.remove(handle);
      if (hp === 2) particles.add({ hp: 100 });
      return hp < 10;
    });
    assert.equal(removed, 5);
    assert.ok(met.size >= 13);
    assert.ok([...particles.values()].every(({ hp }) => hp >= 10));
    assert.deepEqual(particles.checkInvariants(), []);
  });

  it("stays as it was when a value cannot be read to its end, or changes the pool while it is read", () => {
    for (const make of [(): Particles => pool(Particle), () => composed(() => pool(Composed))]) {
      using particles = make();
      const kept = particles.add({ hp: 1 });
      const throwing = {
        get hp(): number {
          throw new Error("no");
        },
      };
      assert.throws(() => particles.add(throwing), /no/);
      assert.equal(particles.size, 1);
      const adding = {
        get hp(): number {
          particles.add({ hp: 7 });
          return 6;
        },
      };
      assert.equal(particles.get(particles.add(adding)).hp, 6);
      assert.deepEqual([...particles.values()].map(({ hp }) => hp).sort(), [1, 6, 7]);
      assert.equal(particles.get(kept).hp, 1);
      assert.deepEqual(particles.checkInvariants(), []);
    }
  });

  it("finds its blocks again, however many came and went", () => {
    using particles = pool(Particle, { blockLength: 2 });
    const handles = Array.from({ length: 300 }, (_, hp) => particles.add({ hp }));
    for (const handle of handles) if (particles.get(handle).hp % 50 !== 7) particles.remove(handle);
    particles.trim();
    assert.deepEqual(particles.checkInvariants(), []);
    const restored = loadPool(Particle, savePool(particles));
    for (const one of [particles, restored]) {
      for (let more = 0; more < 300; more++) one.add({ hp: 1000 });
      assert.deepEqual(one.checkInvariants(), []);
      for (const handle of handles) assert.equal(one.has(handle), one.tryGet(handle)?.hp === handles.indexOf(handle));
      assert.equal(one.size, 306);
    }
    restored.close();
  });

  it("gives several views at once, but none twice", () => {
    using particles = pool(Particle);
    const handles = [particles.add({ hp: 1 }), particles.add({ hp: 2 })] as const;
    const [a, b] = particles.getMany(handles);
    [a.hp, b.hp] = [b.hp, a.hp];
    assert.deepEqual(
      handles.map((handle) => particles.get(handle).hp),
      [2, 1],
    );
    assert.throws(() => particles.getMany([handles[0], handles[1], handles[0]]), { code: "duplicate-key" });
    particles.remove(handles[1]);
    assert.throws(() => particles.getMany(handles), { code: "stale-handle" });
  });

  it("has a fixed capacity where it is told one, and room from the start where it is preheated", () => {
    using particles = pool(Particle, { capacity: 5, blockLength: 2 });
    particles.preheat(5);
    assert.equal(particles.slotCount, 6);
    const all = [1, 2, 3, 4, 5].map((hp) => particles.add({ hp }));
    assert.throws(() => particles.add(), { code: "out-of-memory", message: /is full \(size=5.*capacity=5/ });
    assert.equal(particles.tryAdd(), NO_HANDLE);
    particles.remove(all[2]);
    assert.notEqual(particles.tryAdd({ hp: 6 }), NO_HANDLE);
    assert.deepEqual(particles.checkInvariants(), []);
    assert.throws(() => particles.preheat(6), { code: "invalid-argument" });
  });

  it("is as it was when growing fails in the middle", () => {
    using memory = privateMemory(1024);
    using particles = pool(Particle, { memory, blockLength: 10 });
    const all: Handle<typeof Particle>[] = [];
    for (let handle = particles.tryAdd({ hp: 1 }); handle !== NO_HANDLE; handle = particles.tryAdd({ hp: 1 })) all.push(handle);
    assert.equal(all.length, 40);
    assert.throws(() => particles.add(), { code: "out-of-memory", message: /no room for another block/ });
    assert.throws(() => particles.preheat(100), { code: "out-of-memory" });
    assert.deepEqual(particles.checkInvariants(), []);
    assert.ok(all.every((handle) => particles.get(handle).hp === 1));
    assert.throws(() => pool(Particle, { memory: privateMemory(16) }), { code: "out-of-memory" });
  });

  it("is as it was when a value does not fit", () => {
    using particles = pool(Particle);
    for (const wrong of [{ hp: -1 }, { hp: 1.5 }, { speed: 1 }, null, 5]) {
      // @ts-expect-error none of these is a particle
      assert.throws(() => particles.add(wrong === null || wrong === 5 ? wrong : { ...wrong, x: "1" }), { code: "bad-value" });
    }
    assert.equal(particles.size, 0);
    const away = particles.add({ hp: 5 });
    particles.detach(away);
    assert.throws(() => particles.reattach(away, { hp: -1 }), { code: "bad-value" });
    assert.ok(particles.isDetached(away));
    particles.reattach(away, { hp: 6 });
    assert.equal(particles.get(away).hp, 6);
    assert.throws(() => particles.reattach(away, { hp: 6 }), { code: "invalid-argument" });
    assert.deepEqual(particles.checkInvariants(), []);
  });

  it("ends with the memory, and with the arena that its blocks are from", () => {
    using scratch = arena();
    const inArena = pool(Particle, { allocator: scratch });
    const handle = inArena.add();
    const view = inArena.get(handle);
    scratch.reset();
    assert.throws(() => inArena.get(handle), { code: "closed" });
    assert.throws(() => view.hp, { code: "stale-view" });
    const memory = privateMemory(MiB(1));
    const inMemory = pool(Particle, { allocator: bump(memory) });
    const second = inMemory.add();
    memory.close();
    assert.throws(() => inMemory.get(second), { code: "closed" });
    assert.throws(() => inMemory.add(), { code: "closed" });
  });

  it("holds values of any type", () => {
    using numbers = pool(i32, { blockLength: 2 });
    const all = [1, 2, 3].map((value) => numbers.add(value));
    numbers.get(all[1]).value += 40;
    assert.deepEqual(
      [...numbers.values()].map(({ value }) => value),
      [1, 42, 3],
    );
    assert.equal(numbers.detach(all[1]), 42);
  });

  it("refuses options that make no sense", () => {
    for (const options of [{ capacity: 0 }, { capacity: 1.5 }, { blockLength: 0 }, { blockLength: -1 }, { capacity: 2 ** 30 }])
      assert.throws(() => pool(Particle, options), { code: "invalid-argument" });
    // @ts-expect-error there are wide and narrow ones
    assert.throws(() => pool(Particle, { handles: "long" }), { code: "invalid-argument" });
    const memory = privateMemory(4096);
    assert.throws(() => pool(Particle, { memory, allocator: bump(memory) }), { code: "invalid-argument" });
  });
});
