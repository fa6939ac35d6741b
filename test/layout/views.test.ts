import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory, wasmMemory } from "../../src/core/homes.ts";
import { Memory } from "../../src/core/memory.ts";
import { array } from "../../src/layout/array.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, u8, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { utf8 } from "../../src/layout/utf8.ts";
import { HOMES } from "../conformance/homes.ts";
import { bothWays, mistake, type Way } from "./both-ways.ts";

declare const WebAssembly: {
  readonly Memory: new (options: {
    initial: number;
    maximum: number;
    shared?: boolean;
  }) => { readonly buffer: ArrayBufferLike; grow(pages: number): number };
};

const PAGE = 65_536;

const define = (way: Way) =>
  way(() => {
    const Vec = struct("Vec", { x: f32, y: f32 });
    return struct("Thing", { hp: u16, pos: Vec, name: utf8(4), path: array(Vec, 2), bytes: array(u8, 2), extra: optional(u32) });
  });

type Thing = ReturnType<typeof define>;

/** Every way to use a view of a Thing, of which each must check its lifetime. */
const USES: Readonly<Record<string, (thing: ReturnType<Thing["at"]>) => unknown>> = {
  "reading a number": (thing) => thing.hp,
  "reading a string": (thing) => thing.name,
  "reading an optional value": (thing) => thing.extra,
  "reading a field of a struct": (thing) => thing.pos.x,
  "reading an element": (thing) => thing.bytes.at(0),
  "reading a part of an element": (thing) => thing.path.at(0).x,
  "copying an array": (thing) => thing.bytes.toArray(),
  "iterating an array": (thing) => [...thing.bytes],
  "assigning a number": (thing) => {
    thing.hp = 1;
  },
  "assigning a string": (thing) => {
    thing.name = "a";
  },
  "assigning a struct": (thing) => {
    thing.pos = { x: 1, y: 2 };
  },
  "assigning a field of a struct": (thing) => {
    thing.pos.x = 1;
  },
  "assigning an optional value": (thing) => {
    thing.extra = 1;
  },
  "assigning an element": (thing) => {
    thing.bytes.set(0, 1);
  },
  "assigning an array": (thing) => thing.bytes.assign([1, 2]),
  "turning it into JSON": (thing) => JSON.stringify(thing),
};

bothWays("the life of views", (way) => {
  const Thing = define(way);

  for (const [what, use] of Object.entries(USES)) {
    test(`${what} works while the lease lives and throws after it ended, again and again`, () => {
      using memory = privateMemory(256);
      const lease = memory.openLease("arena");
      const thing = Thing.view(lease, 64);
      const parts = [thing.pos, thing.bytes] as const;
      use(thing);
      lease.end("was reset");
      const before = memory.u8.slice();
      for (let attempt = 0; attempt < 3; attempt++) {
        assert.throws(() => use(thing), mistake("stale-view", /^a view of arena was used after the arena was reset/));
      }
      assert.throws(() => parts[0].x, mistake("stale-view"));
      assert.throws(() => parts[1].at(0), mistake("stale-view"));
      assert.throws(() => Thing.copy(thing), mistake("stale-view"));
      assert.deepEqual(memory.u8, before);
      use(Thing.view(lease, 64));
      use(Thing.at(memory, 64));
    });

    test(`${what} throws after the memory was closed, of leased and of other views`, () => {
      const memory = privateMemory(256);
      const rows = Thing.cursor(memory, 64, 2);
      const lease = memory.openLease("arena");
      const views = [Thing.view(memory.lease, 64), Thing.view(lease, 64), Thing.at(memory, 64), rows.at(0), rows.seek(1)];
      for (const view of views) use(view);
      const nested = views.map((view) => [view.pos, view.bytes] as const);
      memory.close();
      for (const view of views) {
        for (let attempt = 0; attempt < 2; attempt++) {
          assert.throws(() => use(view), mistake("closed", /^private memory was used after close/));
        }
        assert.throws(() => Thing.copy(view), mistake("closed"));
      }
      for (const [pos, bytes] of nested) {
        assert.throws(() => pos.y, mistake("closed"));
        assert.throws(() => bytes.at(1), mistake("closed"));
      }
      assert.throws(() => use(rows.at(0)), mistake("closed"));
      assert.throws(() => use(rows.seek(0)), mistake("closed"));
    });
  }

  test("nothing new can be made in a closed memory", () => {
    const memory = privateMemory(256);
    const before = Thing.in(memory);
    before.at(0);
    const unused = privateMemory(256);
    memory.close();
    unused.close();
    for (const make of [
      () => Thing.view(memory.lease, 64),
      () => Thing.at(memory, 64),
      () => Thing.cursor(memory, 0, 1),
      () => Thing.in(unused),
      () => before.at(0),
      () => before.cursor(0, 1),
      () => Thing.read(memory, 0),
      () => Thing.write(memory, 0, {}),
    ]) {
      assert.throws(make, mistake("closed"));
    }
  });

  test("views of one memory live on when another is closed, at one place of the code and at many", () => {
    const memories = Array.from({ length: 6 }, () => privateMemory(256));
    const things = memories.map((memory) => Thing.at(memory, 64));
    const read = (thing: ReturnType<Thing["at"]>) => thing.hp;
    things.forEach((thing, index) => {
      thing.hp = index;
    });
    for (let round = 0; round < 200; round++) for (const [index, thing] of things.entries()) assert.equal(read(thing), index);
    memories.forEach((memory, closed) => {
      memory.close();
      things.forEach((thing, index) => {
        if (index <= closed) assert.throws(() => read(thing), mistake("closed"));
        else assert.equal(read(thing), index);
      });
    });
  });

  test("code that was compiled with the accessors throws too when the memory is closed", () => {
    const memory = privateMemory(4096);
    const rows = Thing.cursor(memory, 0, 10);
    const kept = Thing.view(memory.lease, 0);
    const sum = () => {
      let total = kept.hp;
      for (let i = 0; i < rows.length; i++) total += rows.at(i).hp + rows.seek(i).hp;
      return total;
    };
    for (let round = 0; round < 20_000; round++) sum();
    memory.close();
    assert.throws(sum, mistake("closed"));
  });

  test("the console shows a view by its value, and an ended one by what ended it", () => {
    const inspect = Symbol.for("nodejs.util.inspect.custom");
    const shown = (view: object): unknown => {
      const method: unknown = Reflect.get(view, inspect);
      assert.ok(typeof method === "function");
      return Reflect.apply(method, view, [2, {}, (value: unknown) => JSON.stringify(value)]);
    };
    const memory = privateMemory(256);
    const lease = memory.openLease("arena");
    const [leased, baked] = [Thing.view(lease, 64), Thing.at(memory, 64)];
    leased.hp = 3;
    const text = 'Thing {"hp":3,"pos":{"x":0,"y":0},"name":"","path":[{"x":0,"y":0},{"x":0,"y":0}],"bytes":[0,0],"extra":null}';
    assert.equal(shown(leased), text);
    assert.equal(shown(baked), text);
    assert.equal(shown(leased.bytes), "u8[2] [0,0]");
    lease.end("was reset");
    assert.equal(shown(leased), "Thing <stale-view>");
    memory.close();
    assert.equal(shown(baked), "Thing <closed>");
  });

  test("views cannot be made where there is no room, or misaligned", () => {
    using memory = privateMemory(256);
    const { byteSize } = Thing;
    const bound = Thing.in(memory);
    for (const make of [
      (at: number) => Thing.at(memory, at),
      (at: number) => bound.at(at),
      (at: number) => Thing.view(memory.lease, at),
    ]) {
      make(0);
      make(256 - byteSize);
      for (const at of [
        256 - byteSize + 4,
        256,
        -4,
        -byteSize,
        2 ** 31,
        2 ** 32,
        2 ** 32 + 4,
        2 ** 53,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        4.5,
        0.5,
      ]) {
        assert.throws(() => make(at), { name: "MemoryError", code: /out-of-bounds|invalid-argument/ }, String(at));
      }
      for (const at of [1, 2, 3, 7]) assert.throws(() => make(at), mistake("invalid-argument", /misaligned/));
    }
    assert.throws(() => Thing.at(privateMemory(byteSize - 4), 0), mistake("out-of-bounds"));
  });

  test("in a read-only memory everything can be read and nothing assigned", () => {
    const buffer = new ArrayBuffer(256);
    new Uint16Array(buffer)[32] = 7;
    const memory = new Memory({
      home: "private",
      subject: "mapped file test.seg",
      readOnly: true,
      maxByteLength: 256,
      buffer: () => buffer,
      byteLength: () => 256,
      commit: () => assert.fail("nothing grows"),
      release: () => {},
      ticket: () => assert.fail("nobody asks"),
    });
    for (const view of [Thing.view(memory.lease, 64), Thing.at(memory, 64), Thing.cursor(memory, 64, 1).at(0)]) {
      assert.equal(view.hp, 7);
      for (const [what, use] of Object.entries(USES)) {
        if (what.startsWith("assigning"))
          assert.throws(() => use(view), mistake("read-only", /^mapped file test\.seg cannot be written to/), what);
        else use(view);
      }
    }
    assert.throws(() => Thing.write(memory, 64, { hp: 1 }), mistake("read-only"));
    assert.throws(() => u16.write(memory, 64, 1), mistake("read-only"));
    assert.equal(Thing.read(memory, 64).hp, 7);
  });

  for (const shared of [false, true]) {
    test(`views follow ${shared ? "a shared" : "an"} WebAssembly memory that we grow, and that its module grows`, () => {
      const module = new WebAssembly.Memory({ initial: 1, maximum: 40, shared });
      using memory = wasmMemory(module);
      const rows = Thing.cursor(memory, 64, 3);
      const views = [Thing.view(memory.lease, 64), Thing.at(memory, 64), rows.at(0), rows.seek(0)];
      Thing.write(memory, 64, { hp: 5, name: "abc", extra: 9, bytes: [1, 2] });
      memory.grow(2 * PAGE);
      module.grow(1);
      for (const thing of views) {
        assert.deepEqual([thing.hp, thing.name, thing.extra, thing.bytes.at(1), thing.pos.x], [5, "abc", 9, 2, 0]);
        thing.hp += 1;
        module.grow(1);
        thing.hp -= 1;
        module.grow(1);
        thing.name = "xyz";
        module.grow(1);
        thing.hp = 6;
        module.grow(1);
        thing.bytes.set(1, 2);
        assert.equal(Thing.read(memory, 64).hp, 6);
        thing.hp = 5;
        assert.equal(Thing.read(memory, 64).name, "xyz");
        thing.name = "abc";
      }
    });
  }

  test("a place that only the grown part of a WebAssembly memory has is found without being told of the growth", () => {
    const module = new WebAssembly.Memory({ initial: 1, maximum: 10 });
    using memory = wasmMemory(module);
    const bound = Thing.in(memory);
    assert.throws(() => bound.at(PAGE), mistake("out-of-bounds"));
    module.grow(1);
    bound.at(PAGE).hp = 3;
    module.grow(1);
    assert.equal(Thing.read(memory, PAGE).hp, 3);
    Thing.cursor(memory, 2 * PAGE, 2).at(1).hp = 4;
    assert.equal(Thing.view(memory.lease, 2 * PAGE + Thing.byteSize).hp, 4);
  });
});

for (const { title, create } of HOMES) {
  test(`${title}: leased views, baked views and cursors look at the same bytes, before and after growth`, () => {
    const Thing = define((work) => work());
    using memory = create(PAGE, 3 * PAGE);
    const leased = Thing.view(memory.lease, 64);
    const baked = Thing.at(memory, 64);
    const rows = Thing.cursor(memory, 64, 5);
    for (const byteLength of [PAGE, 2 * PAGE, 3 * PAGE]) {
      memory.grow(byteLength);
      leased.hp = byteLength / PAGE;
      assert.deepEqual([baked.hp, rows.at(0).hp, rows.seek(0).hp, Thing.read(memory, 64).hp], Array(4).fill(byteLength / PAGE));
      const last = byteLength - Thing.byteSize;
      Thing.at(memory, last - (last % 4)).pos.y = 2.5;
      assert.equal(Thing.view(memory.lease, last - (last % 4)).pos.y, 2.5);
    }
    memory.close();
    for (const view of [leased, baked, rows.seek])
      assert.throws(() => (typeof view === "function" ? rows.seek(0).hp : view.hp), mistake("closed"));
  });
}
