import assert from "node:assert/strict";
import { it } from "node:test";
import { checkAllAllocationFailures } from "../../src/debug/index.ts";
import {
  type Allocator,
  type ChunkedColumns,
  type Columns,
  chunkedColumns,
  columns,
  f32,
  type Handle,
  optional,
  own,
  type Pool,
  pool,
  type SlotMap,
  secondaryMap,
  share,
  slotMap,
  struct,
  u16,
} from "../../src/index.ts";

const Enemy = struct("Enemy", { x: f32, hp: optional(u16) });
type Fields = { readonly x: typeof f32; readonly hp: ReturnType<typeof optional<typeof u16>> };
type EnemyHandle = Handle<typeof Enemy>;

/** What is there whatever failed: nothing half done, and everything that was said to be there. Nothing is there of what could not be made. */
function check(table: { readonly size: number; checkInvariants(): string[] } | undefined, expected: number): string[] {
  if (table === undefined) return [];
  return [...table.checkInvariants(), ...(table.size === expected ? [] : [`size=${table.size}, not ${expected}`])];
}

it("a pool is whole whichever allocation fails while it grows", () => {
  interface State {
    table?: Pool<typeof Enemy>;
    readonly added: Map<EnemyHandle, number>;
  }
  const { allocations } = checkAllAllocationFailures<State>({
    prepare: () => ({ added: new Map() }),
    work(allocator, state) {
      const table = pool(Enemy, { allocator, blockLength: 4 });
      state.table = table;
      for (let x = 0; x < 30; x++) state.added.set(table.add({ x }), x);
      table.preheat(60);
    },
    check: ({ table, added }) => [
      ...check(table, added.size),
      ...[...added].flatMap(([handle, x]) => (table?.get(handle).x === x ? [] : [`record ${x} is another`])),
    ],
    cleanup: (_, { table }) => table?.close(),
  });
  assert.ok(allocations > 10);
});

it("columns are whole whichever allocation fails while they grow", () => {
  interface State {
    table?: Columns<Fields>;
    size: number;
  }
  const works: Readonly<Record<string, (table: Columns<Fields>, state: State) => void>> = {
    append(table, state) {
      for (let x = 0; x < 300; x++) state.size = table.append({ x, hp: x % 2 === 0 ? null : x }) + 1;
    },
    insert(table, state) {
      for (let x = 0; x < 200; x++) {
        table.insert(0, { x });
        state.size += 1;
      }
    },
    many(table, state) {
      table.appendMany(Array.from({ length: 100 }, (_, x) => ({ x })));
      state.size += 100;
      table.appendFrom(table);
      state.size *= 2;
    },
    sized(table, state) {
      table.resize(500);
      state.size = 500;
      table.reserve(2000);
    },
  };
  for (const work of Object.values(works)) {
    const { allocations } = checkAllAllocationFailures<State>({
      prepare: () => ({ size: 0 }),
      work(allocator, state) {
        state.table = columns(Enemy, { allocator, capacity: 2 });
        work(state.table, state);
      },
      check: ({ table, size }) => check(table, size),
      cleanup: (_, { table }) => table?.[Symbol.dispose](),
    });
    assert.ok(allocations >= 2);
  }
});

it("columns in chunks are whole whichever allocation fails while they grow", () => {
  interface State {
    table?: ChunkedColumns<Fields>;
    size: number;
  }
  const { allocations } = checkAllAllocationFailures<State>({
    prepare: () => ({ size: 0 }),
    work(allocator, state) {
      const table = chunkedColumns(Enemy, { allocator, chunkCapacity: 8 });
      state.table = table;
      for (let x = 0; x < 20; x++) state.size = table.append({ x }) + 1;
      table.appendMany(Array.from({ length: 40 }, (_, x) => ({ x })));
      state.size += 40;
      table.resize(100);
      state.size = 100;
    },
    check: ({ table, size }) => check(table, size),
    cleanup: (_, { table }) => table?.[Symbol.dispose](),
  });
  assert.ok(allocations > 10);
});

it("a slot map is whole whichever of its parts cannot grow", () => {
  interface State {
    table?: SlotMap<Fields>;
    readonly added: Map<EnemyHandle, number>;
  }
  const { allocations } = checkAllAllocationFailures<State>({
    prepare: () => ({ added: new Map() }),
    work(allocator, state) {
      const table = slotMap(Enemy, { allocator, capacity: 2 });
      state.table = table;
      for (let x = 0; x < 250; x++) state.added.set(table.add({ x }), x);
    },
    check: ({ table, added }) => [
      ...check(table, added.size),
      ...[...added].flatMap(([handle, x]) => (table?.get(handle).x === x ? [] : [`record ${x} is another`])),
    ],
    cleanup: (_, { table }) => table?.[Symbol.dispose](),
  });
  assert.ok(allocations > 8);
});

it("what cannot be made leaves nothing behind, and owners neither", () => {
  checkAllAllocationFailures((allocator) => {
    using enemies = slotMap(Enemy, { allocator });
    enemies.add({ x: 1 });
  });
  checkAllAllocationFailures((allocator) => {
    using enemies = pool(Enemy, { allocator });
    using more = secondaryMap(enemies, Enemy, { allocator });
    more.set(enemies.add(), { x: 1 });
  });
  checkAllAllocationFailures((allocator) => {
    using table = columns(Enemy, { allocator });
    using copy = table.clone({ allocator });
    copy.append({ x: 1 });
  });
  checkAllAllocationFailures((allocator: Allocator) => {
    using hero = own(allocator, Enemy, { x: 1 });
    using config = share(allocator, Enemy, { x: 1 });
    using again = config.clone();
    using weak = again.weak();
    using third = weak.upgrade();
    assert.equal(third?.value.x, hero.borrow().value.x);
  });
});
