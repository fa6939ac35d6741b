import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bump } from "../../../src/alloc/bump.ts";
import { sharedBump } from "../../../src/alloc/shared-bump.ts";
import { hashString } from "../../../src/collections/hash.ts";
import { freezeInterner } from "../../../src/collections/strings/freeze-interner.ts";
import { attachSharedInterner, sharedInterner } from "../../../src/collections/strings/share-interner.ts";
import type { SharedInterner } from "../../../src/collections/strings/shared-interner.ts";
import { NO_STRING, type StringId } from "../../../src/collections/strings/string-id.ts";
import { attach, privateMemory, sharedMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { GiB, KiB, MiB } from "../../../src/core/size.ts";
import { encodeWtf8, wtf8ByteLength } from "../../../src/core/wtf8.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const TEXTS = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "é", "水", "😀", "\0", "\ud83d", "\ude00"), maxLength: 4 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 300 }).map((n) => `Europe/City ${n}`) },
  { weight: 1, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 700 }) },
);

function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(wtf8ByteLength(text));
  encodeWtf8(text, bytes, 0);
  return bytes;
}

/** Interns the text through its bytes, which lie at an odd place among others. */
function internAsBytes(strings: SharedInterner, text: string, lead: number): StringId {
  const bytes = encode(text);
  const source = new Uint8Array(lead + bytes.length + 3).fill(0x2c);
  source.set(bytes, lead);
  return strings.internBytes(source, lead, lead + bytes.length);
}

for (const home of HOMES) {
  describe(`a shared interner in ${home.title}`, () => {
    it("agrees with a Map through random programs, whichever handle is used", () => {
      const steps = fc.array(fc.tuple(fc.constantFrom("intern", "bytes", "lookup", "attach"), TEXTS, fc.nat(7), fc.nat(2)), {
        maxLength: 250,
      });
      fc.assert(
        fc.property(steps, (program) => {
          using memory = home.create(KiB(64), MiB(4));
          const allocator = new TestAllocator(memory);
          const first = sharedInterner(allocator);
          const { byteOffset } = first;
          const handles = [first, attachSharedInterner(allocator, { byteOffset }), attachSharedInterner(allocator, { byteOffset })];
          const model = new Map<string, number>();
          for (const [step, [how, text, lead, which]] of program.entries()) {
            const strings = handles[which];
            const known = model.get(text);
            if (how === "attach") {
              strings.close();
              handles[which] = attachSharedInterner(allocator, { byteOffset });
            } else if (how === "lookup") {
              const bytes = encode(text);
              assert.equal(strings.lookup(text), known);
              assert.equal(strings.lookupBytes(bytes, 0, bytes.length), known);
            } else {
              const id = how === "intern" ? strings.intern(text) : internAsBytes(strings, text, lead);
              assert.equal(id, known ?? model.size + 1);
              model.set(text, id);
              for (const other of handles) assert.equal(other.resolve(id), text);
            }
            if (step % 16 === 0) assert.deepEqual(handles[which].checkInvariants(), []);
          }
          for (const strings of handles) {
            assert.deepEqual(strings.checkInvariants(), []);
            assert.equal(strings.size, model.size);
            assert.deepEqual([...strings], [...model.keys()]);
            assert.equal([...strings.blocks()].length, allocator.liveBlocks);
          }
          for (const [text, id] of model) {
            assert.deepEqual(handles[0].bytesOf(id as StringId), encode(text));
            assert.deepEqual(
              handles.map((strings) => strings.lookup(text)),
              [id, id, id],
            );
          }
        }),
        { numRuns: 25 },
      );
    });

    it("takes a whole memory, and is there for who attaches to it", () => {
      using memory = home.create(MiB(1));
      const strings = sharedInterner(memory, { name: "names", ids: "u16", seed: 7 });
      for (let n = 0; n < 3000; n++) strings.intern(`string ${n}`);
      strings.close();
      refuses("closed", () => strings.intern("a"));
      refuses("closed", () => strings.resolve(1 as StringId<"names">));
      const again = attachSharedInterner(memory, { name: "names" });
      assert.deepEqual([again.size, again.ids, again.seed, again.subject], [3000, "u16", 7, "shared interner names"]);
      assert.equal(again.intern("string 77"), 78);
      assert.equal(again.intern("new"), 3001);
      assert.deepEqual(again.checkInvariants(), []);
      memory.close();
      refuses("closed", () => again.intern("a"));
    });
  });
}

describe("a shared interner", () => {
  it("grows to many strings without moving one, and its buckets stay short", () => {
    const COUNT = 300_000;
    using memory = sharedMemory(MiB(48));
    const strings = sharedInterner(memory);
    const early = strings.intern("early");
    const place = strings.byteOffsetOf(early);
    for (let n = 0; n < COUNT; n++) strings.intern(`key ${n}`);
    const other = attachSharedInterner(memory);
    for (let n = 0; n < COUNT; n += 7) assert.equal(other.lookup(`key ${n}`), n + 2);
    assert.deepEqual([strings.byteOffsetOf(early), strings.size], [place, COUNT + 1]);
    assert.ok(strings.byteLength < COUNT * 56, `${strings.byteLength / COUNT} bytes a string`);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("tells strings with the same hash apart", () => {
    const seed = 5;
    const byHash = new Map<number, string>();
    const twins = new Set<string>();
    for (let n = 0; n < 300_000; n++) {
      const hash = hashString(`k${n}`, seed);
      const other = byHash.get(hash);
      if (other !== undefined) twins.add(other).add(`k${n}`);
      byHash.set(hash, `k${n}`);
    }
    assert.ok(twins.size >= 2);
    const strings = sharedInterner(sharedMemory(KiB(64)), { seed });
    const all = [...twins];
    assert.deepEqual(
      all.map((text) => strings.intern(text)),
      all.map((_, at) => at + 1),
    );
    assert.deepEqual(
      all.map((text) => internAsBytes(strings, text, 1)),
      all.map((_, at) => at + 1),
    );
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("interns parts between delimiters and whole arrays, keeps any bytes, and freezes", () => {
    const strings = sharedInterner(sharedMemory(KiB(64)), { encoding: "bytes" });
    const ids = new Uint32Array(8);
    assert.deepEqual(strings.internDelimited(new TextEncoder().encode("a b a"), ids, { delimiters: " " }), {
      count: 3,
      end: 5,
      full: false,
    });
    assert.deepEqual([...ids.subarray(0, 3)], [1, 2, 1]);
    assert.deepEqual([...strings.internAll(["b", "c"])], [2, 3]);
    assert.equal(strings.internBytes(new Uint8Array([0xff]), 0, 1), 4);
    assert.equal(strings.resolve(4 as StringId), "\ufffd");
    const frozen = freezeInterner(strings, bump(privateMemory(KiB(4))));
    assert.deepEqual([...frozen], ["a", "b", "c", "\ufffd"]);
    assert.deepEqual([frozen.lookup("c"), frozen.content, frozen.checkInvariants()], [3, 2, []]);
  });

  it("survives exhaustion at any point: nothing is lost, and it goes on when there is room again", () => {
    const steps = fc.array(
      fc.tuple(TEXTS, fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 60, 300), fc.nat(1)),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (program) => {
        using memory = privateMemory(KiB(64), { maxByteLength: MiB(2) });
        const allocator = new TestAllocator(memory);
        const first = sharedInterner(allocator);
        const handles = [first, attachSharedInterner(allocator, { byteOffset: first.byteOffset })];
        const model = new Map<string, number>();
        for (const [text, refuseAbove, which] of program) {
          allocator.refuseAbove = refuseAbove;
          const id = handles[which].tryIntern(text);
          const known = model.get(text);
          if (known !== undefined) assert.equal(id, known);
          else if (id !== NO_STRING) model.set(text, id);
          else {
            assert.notEqual(refuseAbove, Number.POSITIVE_INFINITY);
            assert.equal(first.lookup(text), undefined);
            refuses("out-of-memory", () => handles[which].intern(text));
          }
          assert.equal(first.size, model.size);
          assert.equal([...first.blocks()].length, allocator.liveBlocks);
        }
        assert.deepEqual([...first], [...model.keys()]);
        assert.deepEqual(first.checkInvariants(), []);
      }),
      { numRuns: 60 },
    );
    refuses("out-of-memory", () => sharedInterner(sharedMemory(300)));
    refuses("out-of-memory", () => sharedInterner(sharedMemory(400)));
  });

  it("has limits for all who share it, which can be changed in flight", () => {
    using memory = sharedMemory(KiB(64));
    const strings = sharedInterner(memory, { maxCount: 2 });
    const other = attachSharedInterner(memory);
    strings.intern("a");
    other.intern("b");
    assert.equal(strings.tryIntern("c"), NO_STRING);
    assert.match(refuses("out-of-memory", () => other.intern("c")).message, /size=2, maxCount=2/);
    assert.equal(other.intern("a"), 1);
    strings.maxCount = 3;
    assert.equal(other.intern("c"), 3);
    strings.maxCount = 1000;
    strings.maxByteLength = strings.byteLength;
    assert.equal(strings.maxByteLength, strings.byteLength);
    assert.equal(other.tryIntern("x".repeat(300)), NO_STRING);
    assert.match(refuses("out-of-memory", () => other.intern("x".repeat(300))).message, /maxByteLength=/);
    strings.maxByteLength = KiB(32);
    assert.equal(other.intern("x".repeat(300)), 4);
    assert.throws(() => {
      other.maxCount = -1;
    }, /whole number as maxCount/);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  for (const [ids, most] of [
    ["u8", 255],
    ["u16", 65_535],
  ] as const) {
    it(`ends where its ids of width ${ids} end, and stays whole`, () => {
      using memory = sharedMemory(MiB(4));
      const strings = sharedInterner(memory, { ids });
      const other = attachSharedInterner(memory);
      for (let n = 1; n <= most; n++) if ((n % 2 === 0 ? strings : other).intern(`${n}`) !== n) assert.fail(`no id ${n}`);
      for (const each of [strings, other]) {
        assert.equal(each.tryIntern("one more"), NO_STRING);
        assert.match(refuses("out-of-memory", () => each.intern("one more")).message, new RegExp(`size=${most}, maxCount=${most}`));
        assert.deepEqual([each.lookup("one more"), each.intern(`${most}`), each.size], [undefined, most, most]);
        refuses("invalid-argument", () => {
          each.maxCount = most + 1;
        });
      }
      assert.deepEqual(strings.checkInvariants(), []);
    });
  }

  it("takes strings of one byte and of 100 MB, and knows them again", () => {
    using memory = sharedMemory(MiB(130));
    const strings = sharedInterner(memory);
    const long = "0123456789".repeat(10_000_000);
    assert.deepEqual([strings.intern("x"), strings.intern(long), strings.intern("y"), strings.intern(long)], [1, 2, 3, 2]);
    const other = attachSharedInterner(memory);
    assert.deepEqual([other.lookup(long), other.byteLengthOf(2 as StringId)], [2, 100_000_000]);
    assert.equal(other.resolve(2 as StringId), long);
  });

  it("is found and resolved through a memory that cannot be written", () => {
    using memory = sharedMemory(KiB(64));
    const strings = sharedInterner(memory);
    strings.intern("a");
    const ticket = memory.ticket();
    using shown = attach({ ...ticket, readOnly: true });
    const reader = attachSharedInterner(shown);
    assert.deepEqual([reader.lookup("a"), reader.resolve(1 as StringId), reader.intern("a")], [1, "a", 1]);
    refuses("read-only", () => reader.intern("b"));
    strings.intern("b");
    assert.deepEqual([reader.lookup("b"), reader.size], [2, 2]);
  });

  it("refuses what is none, and says why", () => {
    using memory = sharedMemory(KiB(64));
    const strings = sharedInterner(memory);
    strings.intern("a");
    const head = strings.byteOffset / 4;
    const damaged = (word: number, value: number) => {
      const before = memory.i32[head + word];
      memory.i32[head + word] = value;
      return () => {
        memory.i32[head + word] = before;
      };
    };
    for (const [word, value, code] of [
      [0, 5, "corrupt"],
      [4, 5, "corrupt"],
      [7, 5, "corrupt"],
      [8, -1, "corrupt"],
      [10, 31, "corrupt"],
    ] as const) {
      const restore = damaged(word, value);
      refuses(code, () => attachSharedInterner(memory));
      restore();
    }
    refuses("invalid-argument", () => attachSharedInterner(memory, { byteOffset: 68 }));
    refuses("out-of-bounds", () => attachSharedInterner(memory, { byteOffset: KiB(64) }));
    refuses("corrupt", () => attachSharedInterner(memory, { byteOffset: KiB(32) }));
    assert.equal(attachSharedInterner(memory).intern("a"), 1);
    for (const id of [0, 2, -1, 0.5, 1.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY]) {
      assert.match(refuses("out-of-bounds", () => strings.resolve(id as StringId)).message, /size=1/);
    }
  });

  it("finds out damage to anything that it holds", () => {
    using memory = sharedMemory(KiB(64));
    const strings = sharedInterner(memory, { seed: 1 });
    for (let n = 0; n < 40; n++) strings.intern(`string ${n}`);
    strings.intern("half \ud800");
    const clean = memory.u8.slice();
    const used = [...strings.blocks()];
    assert.deepEqual(strings.checkInvariants(), []);
    const unnoticed = new Set<string>();
    for (const { ptr, byteSize } of used.slice(1)) {
      for (let at: number = ptr; at < ptr + byteSize; at += 3) {
        memory.u8.set(clean);
        memory.u8[at] ^= 0x10;
        const { length } = attachSharedInterner(memory).checkInvariants();
        if (length === 0) unnoticed.add(clean.subarray(at & ~3, (at & ~3) + 4).join());
      }
    }
    memory.u8.set(clean);
    // What is free may be anything: words of segments and rests of chunks that nobody uses yet.
    assert.deepEqual(
      [...unnoticed].filter((bytes) => !/^0,0,0,0$/.test(bytes)),
      [],
    );
    assert.ok(used.length > 4);
  });

  for (const at of [GiB(4), GiB(7) + GiB(0.5)]) {
    it(`works ${at / GiB(1)} GiB into a memory, and not beyond 8 GiB`, (t) => {
      let memory: Memory;
      try {
        memory = sharedMemory(at + GiB(1));
      } catch (error) {
        return t.skip(`this engine has no buffers of that length: ${error}`);
      }
      const allocator = sharedBump(memory, { byteOffset: at - 512, byteLength: GiB(1) });
      const strings = sharedInterner(allocator);
      for (let n = 0; n < 3000; n++)
        assert.equal(n % 2 === 0 ? strings.intern(`水 ${n}`) : internAsBytes(strings, `水 ${n}`, 1), n + 1);
      for (let n = 0; n < 3000; n++) assert.equal(strings.resolve((n + 1) as StringId), `水 ${n}`);
      assert.deepEqual(strings.checkInvariants(), []);
      if (at > GiB(7)) {
        allocator.alloc(GiB(0.5), 8);
        let more = 0;
        while (strings.tryIntern(`beyond ${more}`) !== NO_STRING) more += 1;
        assert.ok(more < 10_000);
        assert.deepEqual(strings.checkInvariants(), []);
      }
      memory.close();
    });
  }
});
