import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../src/alloc/arenas/arena.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { MiB } from "../../src/core/size.ts";
import { composed } from "../../src/layout/generation.ts";
import { f32, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Boxed, ReadonlyView } from "../../src/layout/type.ts";
import type { Borrow } from "../../src/ownership/borrow.ts";
import { own } from "../../src/ownership/own.ts";
import type { Owner } from "../../src/ownership/owner.ts";
import { refuses } from "../conformance/allocators.ts";
import { HOMES } from "../conformance/homes.ts";
import { TestAllocator } from "../conformance/test-allocator.ts";

const Point = struct("Point", { x: f32, y: f32 });
const Hero = struct("Hero", { at: Point, hp: u16 });

function place() {
  return new TestAllocator(privateMemory(0, { maxByteLength: MiB(1) }));
}

/** Stores although the compiler says that nothing can be stored. */
function store(view: object, key: string, value: unknown): void {
  Reflect.set(view, key, value);
}

for (const home of HOMES) {
  describe(`an owner of a value in ${home.title}`, () => {
    it("frees it exactly once, whichever way the block is left", () => {
      using memory = home.create(0, MiB(1));
      const allocator = new TestAllocator(memory);
      assert.throws(() => {
        using hero = own(allocator, Hero, { hp: 7 });
        assert.equal(hero.borrow().value.hp, 7);
        assert.equal(allocator.liveBlocks, 1);
        throw new Error("left early");
      }, /left early/);
      assert.equal(allocator.liveBlocks, 0);
      const twice = own(allocator, Hero);
      twice.dispose();
      twice.dispose();
      twice[Symbol.dispose]();
      assert.equal(allocator.liveBlocks, 0);
    });

    it("lends views that end with their borrow, and shared ones only to look at, nested parts included", () => {
      using memory = home.create(0, MiB(1));
      for (const Type of [
        Hero,
        composed(() => struct("Hero", { at: composed(() => struct("Point", { x: f32, y: f32 })), hp: u16 })),
      ]) {
        using hero = own(new TestAllocator(memory), Type, { at: { x: 1, y: 2 }, hp: 3 }, { name: "hero" });
        const change = hero.borrowMut("physics");
        const changed = change.value;
        changed.at.x = 5;
        changed.hp = 9;
        change.end();
        const stale = refuses("stale-view", () => changed.hp);
        assert.match(stale.message, /exclusive borrow of hero by physics was used after .* ended/);
        refuses("stale-view", () => store(changed.at, "x", 1));
        refuses("closed", () => change.value);
        using look = hero.borrow("render");
        assert.deepEqual([look.value.at.x, look.value.hp], [5, 9]);
        assert.match(refuses("read-only", () => store(look.value, "hp", 1)).message, /Borrow the value exclusively/);
        refuses("read-only", () => store(look.value.at, "x", 1));
        refuses("read-only", () => store(look.value, "at", { x: 1, y: 1 }));
        assert.deepEqual([look.value.at.x, look.value.hp], [5, 9]);
        look.end();
        hero.dispose();
        refuses("closed", () => hero.borrow());
      }
    });
  });
}

describe("an owner", () => {
  it("lends to many who look or to one who changes, and says who holds it and since when", () => {
    using hero = own(place(), Hero, { hp: 1 }, { name: "hero" });
    const [first, second, third] = [hero.borrow("render"), hero.borrow("audio"), hero.borrow("log")];
    const busy = refuses("borrowed", () => hero.borrowMut("physics"));
    assert.match(
      busy.message,
      /^hero cannot be borrowed exclusively while render, audio and 1 other look at it \(borrows=3, since=20\d\d-.*Z\)/,
    );
    assert.equal(hero.tryBorrowMut(), undefined);
    assert.equal(typeof hero.tryBorrow()?.value.hp, "number");
    for (const borrow of [first, second, third]) borrow.end();
    refuses("borrowed", () => hero.borrowMut());
    assert.deepEqual(hero.checkInvariants(), []);
    const other = own(place(), Hero, { hp: 1 }, { name: "other" });
    using alone = other.borrowMut("physics");
    assert.match(
      refuses("borrowed", () => other.borrow("render")).message,
      /^other cannot be borrowed while physics has it exclusively/,
    );
    assert.equal(other.tryBorrow(), undefined);
    for (const change of [() => other.move(), () => other.share(), () => other.release(), () => other.toTicket()]) {
      assert.match(refuses("borrowed", change).message, /while physics has it exclusively/);
    }
    alone.value.hp += 1;
    const look = alone.downgrade();
    assert.equal(look.value.hp, 2);
    assert.equal(look.mark.by, "physics");
    refuses("closed", () => alone.downgrade());
    assert.equal(other.tryBorrow("render")?.value.hp, 2);
  });

  it("that was moved from throws, and tells the whole way that the value went", () => {
    const allocator = place();
    using first = own(allocator, Hero, { hp: 5 }, { name: "hero" });
    const second = first.move("the renderer");
    const third = second.move("the archive");
    assert.equal(third.borrow().value.hp, 5);
    const story = refuses("moved", () => first.borrow());
    assert.match(
      story.message,
      /^hero was used after it was moved to the renderer, which was moved to the archive, which has it now \(since=/,
    );
    first.dispose();
    second.dispose();
    assert.equal(allocator.liveBlocks, 1);
    third.dispose();
    assert.equal(allocator.liveBlocks, 0);
    assert.match(refuses("moved", () => second.move()).message, /moved to the archive, which was disposed of/);
    assert.deepEqual([first.isOwner, third.isOwner], [false, false]);
  });

  it("does not wait for borrows: one that outlives it tells the story, and its views are stale", () => {
    const allocator = place();
    const hero = own(allocator, Hero, { hp: 5 }, { name: "hero", trace: true });
    const borrow = hero.borrow("render");
    const view = borrow.value;
    hero.dispose();
    assert.equal(allocator.liveBlocks, 0);
    const error = refuses("stale-view", () => borrow.value);
    assert.match(error.message, /^the borrow of hero by render was used after hero was disposed of at 20.*Z \(borrowed=20.*Z\)/);
    assert.ok(error.cause instanceof Error && /owner\.test/.test(error.cause.stack ?? ""), "traced owners tell the place");
    assert.match(refuses("stale-view", () => view.hp).message, /lost its value, because hero was disposed of/);
    borrow.end();
    borrow.end();
    assert.deepEqual(hero.checkInvariants(), []);
  });

  it("frees nothing that its allocator has taken back, and says who took it", () => {
    const allocator = place();
    const hero = own(allocator, Hero, { hp: 5 }, { name: "hero" });
    const borrow = hero.borrow();
    const view = borrow.value;
    allocator.reset();
    const other = allocator.create(Hero, { hp: 77 });
    assert.match(refuses("stale-view", () => view.hp).message, /because the test allocator that it lay in was reset/);
    assert.match(
      refuses("stale-view", () => hero.borrow()).message,
      /hero was used after the test allocator that it lay in was reset/,
    );
    assert.equal(hero.isOwner, false);
    hero.dispose();
    assert.deepEqual([other.hp, allocator.liveBlocks], [77, 1]);
    using scratch = arena(1024);
    const inner = scratch.scope();
    const short = own(scratch, u32, 1);
    inner.end();
    refuses("stale-view", () => short.borrow());
    short.dispose();
    const memory = privateMemory(0, { maxByteLength: MiB(1) });
    const closed = own(new TestAllocator(memory), u32, 1);
    const shown = closed.borrow().value;
    memory.close();
    assert.match(refuses("stale-view", () => shown.value).message, /that it lay in was closed/);
    closed.dispose();
  });

  it("lets go of its value on release, which its allocator then frees", () => {
    const allocator = place();
    const owner = own(allocator, Hero, { hp: 3 });
    const view = owner.release();
    owner.dispose();
    assert.equal(allocator.liveBlocks, 1);
    view.hp += 1;
    assert.equal(view.hp, 4);
    assert.match(refuses("moved", () => owner.borrow()).message, /released/);
  });

  it("owns anything of JavaScript, with its own disposal or with one that is given", async () => {
    const log: string[] = [];
    {
      using owner = own({ [Symbol.dispose]: () => log.push("own") });
      owner.move().dispose();
    }
    {
      using handle = own(17, { dispose: (value) => log.push(`handle ${value}`), name: "handle" });
      assert.equal(handle.borrow().value, 17);
    }
    {
      await using owner = own({ [Symbol.asyncDispose]: async () => log.push("async") }, { name: "file" });
      assert.match(refuses("unsupported", () => owner.dispose()).message, /^file can only be disposed of asynchronously/);
      assert.equal(owner.isOwner, true);
    }
    await own({ [Symbol.dispose]: () => log.push("sync") }).disposeAsync();
    await own("x", { dispose: async (value) => log.push(value) }).disposeAsync();
    assert.deepEqual(log, ["own", "handle 17", "async", "sync", "x"]);
    class Texture {}
    const texture = own(new Texture());
    texture.move("the cache");
    assert.match(refuses("moved", () => texture.borrow()).message, /^Texture was used/);
    refuses("invalid-argument", () => own(5));
    refuses("invalid-argument", () => own(null));
    refuses("invalid-argument", () => Reflect.apply(own, undefined, [{}, 5]));
    refuses("unsupported", () => own({}).share());
    refuses("unsupported", () => own({}).toTicket());
    const failing = own(
      {},
      {
        dispose: () => {
          log.push("failed");
          throw new Error("cannot");
        },
      },
    );
    assert.throws(() => failing.dispose(), /cannot/);
    failing.dispose();
    assert.equal(log.filter((line) => line === "failed").length, 1, "what failed is not tried again");
  });

  it("refuses what does not fit its type, and nothing stays allocated", () => {
    const allocator = place();
    refuses("bad-value", () => own(allocator, Hero, { hp: -1 }));
    assert.equal(allocator.liveBlocks, 0);
    allocator.refuseAbove = 4;
    refuses("out-of-memory", () => own(allocator, Hero));
  });

  it("keeps its rules through any program", () => {
    const step = fc.tuple(
      fc.constantFrom("borrow", "borrowMut", "end", "move", "dispose", "downgrade", "release", "new", "new"),
      fc.nat(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (program) => {
        const allocator = place();
        let made = 0;
        let released = 0;
        const owners: {
          owner: Owner<Boxed<number>, ReadonlyView<Boxed<number>>>;
          value: number;
          live: boolean;
          borrows: Borrow<unknown>[];
          exclusive: boolean;
        }[] = [];
        const add = (): void => {
          made += 1;
          owners.push({ owner: own(allocator, u32, made), value: made, live: true, borrows: [], exclusive: false });
        };
        add();
        for (const [action, pick] of program) {
          const known = owners[pick % owners.length];
          const { owner, borrows, live, exclusive } = known;
          const free = borrows.length === 0;
          const expect = (allowed: boolean, work: () => void): void => {
            if (live && allowed) work();
            else assert.throws(work, { code: live ? "borrowed" : /./ });
          };
          if (action === "new") add();
          else if (action === "borrow") {
            expect(!exclusive, () => {
              const borrow = owner.borrow();
              assert.equal(borrow.value.value, known.value);
              borrows.push(borrow);
            });
          } else if (action === "borrowMut") {
            expect(free, () => {
              const borrow = owner.borrowMut();
              borrow.value.value += 1000;
              known.value += 1000;
              known.exclusive = true;
              borrows.push(borrow);
            });
          } else if (action === "end" && !free) {
            borrows.splice(pick % borrows.length, 1)[0].end();
            if (borrows.length === 0) known.exclusive = false;
          } else if (action === "downgrade" && exclusive) {
            const [borrow] = borrows.splice(0, 1);
            assert.ok("downgrade" in borrow && typeof borrow.downgrade === "function");
            borrows.push(Reflect.apply(borrow.downgrade, borrow, []));
            known.exclusive = false;
          } else if (action === "move") {
            expect(free, () => {
              const next = owner.move();
              known.live = false;
              owners.push({ owner: next, value: known.value, live: true, borrows: [], exclusive: false });
            });
          } else if (action === "release") {
            expect(free, () => {
              owner.release();
              known.live = false;
              released += 1;
            });
          } else if (action === "dispose") {
            owner.dispose();
            known.live = false;
            for (const borrow of borrows.splice(0)) refuses("stale-view", () => borrow.value);
            known.exclusive = false;
          }
          for (const each of owners) {
            assert.deepEqual(each.owner.checkInvariants(), []);
            assert.equal(each.owner.isOwner, each.live);
            assert.ok(each.borrows.every((borrow) => borrow.isActive));
          }
          assert.equal(allocator.liveBlocks, owners.filter((each) => each.live).length + released);
        }
      }),
      { numRuns: 60 },
    );
  });
});
