import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bump,
  f32,
  type Handle,
  loadPool,
  NO_HANDLE,
  pool,
  privateMemory,
  savePool,
  secondaryMap,
  slotMap,
  struct,
  u16,
} from "../../../src/index.ts";

const Enemy = struct("Enemy", { x: f32, hp: u16 });
type EnemyHandle = Handle<typeof Enemy>;

/** What hands out handles, and every way to use one: whether it says that there is such a record, and what throws otherwise. */
interface UnderTest {
  add(x: number): EnemyHandle;
  remove(handle: EnemyHandle): void;
  clear(): void;
  close(): void;
  xOf(handle: EnemyHandle): number;
  readonly asks: readonly ((handle: EnemyHandle) => unknown)[];
  readonly uses: readonly ((handle: EnemyHandle) => unknown)[];
  checkInvariants(): string[];
}

function poolUnderTest(enemies: ReturnType<typeof pool<typeof Enemy>>): UnderTest {
  return {
    add: (x) => enemies.add({ x }),
    remove: (handle) => enemies.remove(handle),
    clear: () => enemies.clear(),
    close: () => enemies.close(),
    xOf: (handle) => enemies.get(handle).x,
    asks: [
      (handle) => enemies.has(handle),
      (handle) => enemies.tryGet(handle),
      (handle) => enemies.tryRemove(handle),
      (handle) => enemies.isDetached(handle),
    ],
    uses: [
      (handle) => enemies.get(handle),
      (handle) => enemies.remove(handle),
      (handle) => enemies.ptrOf(handle),
      (handle) => enemies.detach(handle),
      (handle) => enemies.reattach(handle, { x: 1 }),
      (handle) => enemies.getMany([handle]),
    ],
    checkInvariants: () => enemies.checkInvariants(),
  };
}

const MAKERS: Readonly<Record<string, () => UnderTest>> = {
  pool: () => poolUnderTest(pool(Enemy)),
  "pool that shares its allocator": () => poolUnderTest(pool(Enemy, { allocator: bump(privateMemory(1 << 16)), blockLength: 3 })),
  "pool of narrow handles": () => poolUnderTest(pool(Enemy, { handles: "narrow" })),
  "pool that was loaded": () => poolUnderTest(loadPool(Enemy, savePool(pool(Enemy, { blockLength: 5 })))),
  "slot map": () => {
    const enemies = slotMap(Enemy);
    return {
      add: (x) => enemies.add({ x }),
      remove: (handle) => enemies.remove(handle),
      clear: () => enemies.clear(),
      close: () => enemies[Symbol.dispose](),
      xOf: (handle) => enemies.get(handle).x,
      asks: [(handle) => enemies.has(handle), (handle) => enemies.tryGet(handle), (handle) => enemies.tryRemove(handle)],
      uses: [
        (handle) => enemies.get(handle),
        (handle) => enemies.remove(handle),
        (handle) => enemies.read(handle),
        (handle) => enemies.rowOf(handle),
        (handle) => enemies.set(handle, { x: 1 }),
      ],
      checkInvariants: () => enemies.checkInvariants(),
    };
  },
  "secondary map": () => {
    const enemies = pool(Enemy);
    const more = secondaryMap(enemies, Enemy);
    const made = poolUnderTest(enemies);
    return {
      ...made,
      add: (x) => {
        const handle = enemies.add({ x });
        more.set(handle, { x });
        return handle;
      },
      xOf: (handle) => more.get(handle)?.x ?? Number.NaN,
      asks: [(handle) => more.has(handle), (handle) => more.tryGet(handle), (handle) => more.delete(handle)],
      uses: [(handle) => more.get(handle), (handle) => more.set(handle, { x: 1 })],
      checkInvariants: () => [...made.checkInvariants(), ...more.checkInvariants()],
    };
  },
};

for (const [title, make] of Object.entries(MAKERS)) {
  describe(`a ${title}`, () => {
    /** Nothing is found under them, every use tells why, and nothing has changed. */
    function refuses(subject: UnderTest, handles: readonly unknown[], code: string, kept: ReadonlyMap<EnemyHandle, number>): void {
      for (const handle of handles as readonly EnemyHandle[]) {
        for (const ask of subject.asks) assert.equal(ask(handle) ?? false, false, `${String(ask)} of ${String(handle)}`);
        for (const use of subject.uses) {
          assert.throws(() => use(handle), { name: "MemoryError", code, message: /handle/ }, `${String(use)} of ${String(handle)}`);
        }
      }
      assert.deepEqual(subject.checkInvariants(), []);
      for (const [handle, x] of kept) assert.equal(subject.xOf(handle), x);
    }

    it("refuses handles of others, forged, negative, fractional and beyond all bounds", () => {
      const subject = make();
      const kept = new Map([1, 2, 3].map((x) => [subject.add(x), x] as const));
      const [first] = kept.keys();
      const other = MAKERS[title]();
      const others = [7, 8].map((x) => other.add(x)).filter((handle) => !kept.has(handle));
      const forms = [pool(Enemy).add(), pool(Enemy, { handles: "narrow" }).add()].filter((handle) => !kept.has(handle));
      const forged = [
        NO_HANDLE,
        -1,
        -first,
        0.5,
        1.5,
        first / 1024 + 0.25,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        2 ** 53,
        2 ** 60,
        first + 1000,
      ];
      refuses(subject, [...others, ...forms, ...forged, undefined, null, "17v3", {}], "foreign-handle", kept);
      subject.close();
      other.close();
    });

    it("refuses handles of records that are gone, one by one, all at once, and for ever", () => {
      const subject = make();
      const gone = [1, 2, 3].map((x) => subject.add(x));
      for (const handle of gone) subject.remove(handle);
      refuses(subject, gone, "stale-handle", new Map());
      const early = [4, 5, 6].map((x) => subject.add(x));
      refuses(subject, gone, "stale-handle", new Map(early.map((handle, k) => [handle, k + 4])));
      subject.clear();
      refuses(subject, [...gone, ...early], "stale-handle", new Map());
      const kept = new Map([7, 8, 9].map((x) => [subject.add(x), x] as const));
      refuses(subject, [...gone, ...early], "stale-handle", kept);
      // Ids with eight bits of version come back after 256 uses of their place.
      for (let round = 0; round < 600; round++) subject.remove(subject.add(round));
      refuses(subject, [...gone, ...early], "stale-handle", kept);
      subject.close();
      subject.close();
      for (const use of [...subject.asks, ...subject.uses]) assert.throws(() => use(gone[0]), { code: "closed" });
    });
  });
}
