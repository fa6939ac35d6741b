import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../../src/alloc/arenas/arena.ts";
import { bump } from "../../../src/alloc/bump.ts";
import { hashString } from "../../../src/collections/hash.ts";
import { type Interner, interner } from "../../../src/collections/strings/interner.ts";
import { NO_STRING, type StringId } from "../../../src/collections/strings/string-id.ts";
import { MemoryError } from "../../../src/core/errors.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { GiB, KiB, MiB } from "../../../src/core/size.ts";
import { encodeWtf8, wtf8ByteLength } from "../../../src/core/wtf8.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const encoder = new TextEncoder();

/** Halves of surrogate pairs among them, and so in the three bytes that they have in WTF-8. */
function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(wtf8ByteLength(text));
  encodeWtf8(text, bytes, 0);
  return bytes;
}

/** Texts of every script, lone surrogates and NULs included, many of them short and few enough to come again. */
const TEXTS = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "é", "水", "😀", "\0", "\ud83d", "\ude00"), maxLength: 4 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 300 }).map((n) => `Europe/City ${n}`) },
  { weight: 1, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 700 }) },
);

/** Interns the text through its bytes, which lie at an odd place among others. */
function internAsBytes(strings: Interner, text: string, lead: number): StringId {
  const bytes = encode(text);
  const source = new Uint8Array(lead + bytes.length + 3).fill(0x2c);
  source.set(bytes, lead);
  return strings.internBytes(source, lead, lead + bytes.length);
}

for (const home of HOMES) {
  describe(`an interner in ${home.title}`, () => {
    it("agrees with a Map through random programs, by strings and by bytes", () => {
      const steps = fc.array(fc.tuple(fc.constantFrom("intern", "bytes", "lookup"), TEXTS, fc.nat(7)), { maxLength: 250 });
      fc.assert(
        fc.property(steps, (program) => {
          using memory = home.create(KiB(64), MiB(4));
          using strings = interner(new TestAllocator(memory));
          const model = new Map<string, number>();
          for (const [step, [how, text, lead]] of program.entries()) {
            const known = model.get(text);
            if (how === "lookup") {
              const bytes = encode(text);
              assert.equal(strings.lookup(text), known);
              assert.equal(strings.lookupBytes(bytes, 0, bytes.length), known);
            } else {
              const id = how === "intern" ? strings.intern(text) : internAsBytes(strings, text, lead);
              assert.equal(id, known ?? model.size + 1);
              model.set(text, id);
              assert.equal(strings.resolve(id), text);
            }
            if (step % 8 === 0) assert.deepEqual(strings.checkInvariants(), []);
          }
          assert.deepEqual(strings.checkInvariants(), []);
          assert.equal(strings.size, model.size);
          assert.deepEqual([...strings], [...model.keys()]);
          for (const [text, id] of model) {
            assert.deepEqual(strings.bytesOf(id as StringId), encode(text));
            assert.equal(strings.byteLengthOf(id as StringId), encode(text).length);
            assert.deepEqual([strings.lookup(text), strings.intern(text), internAsBytes(strings, text, 1)], [id, id, id]);
          }
        }),
        { numRuns: 60 },
      );
    });

    it("gives back all its memory when it is closed, and is over with what it lives in", () => {
      using memory = home.create(KiB(64), MiB(1));
      const allocator = new TestAllocator(memory);
      const strings = interner(allocator);
      for (let n = 0; n < 2000; n++) strings.intern(`string ${n}`);
      assert.equal(strings.resolve(5 as StringId), "string 4");
      strings.close();
      assert.equal(allocator.liveBlocks, 0);
      for (const use of [
        () => strings.intern("a"),
        () => strings.tryIntern("string 1"),
        () => strings.internBytes(encoder.encode("a"), 0, 1),
        () => strings.lookup("a"),
        () => strings.lookupBytes(encoder.encode("a"), 0, 1),
        () => strings.resolve(5 as StringId),
        () => strings.compare(1 as StringId, 2 as StringId),
        () => strings.checkInvariants(),
      ]) {
        assert.match(refuses("closed", use).message, /interner was used after close/);
      }
      strings.close();

      const scratch = arena({ upstream: allocator });
      const inArena = interner(scratch);
      inArena.intern("a");
      scratch.reset();
      for (const use of [() => inArena.intern("a"), () => inArena.lookup("a"), () => inArena.resolve(1 as StringId)]) {
        refuses("stale-view", use);
      }
      inArena.close();
      const inMemory = interner(home.create(KiB(64)));
      inMemory.memory.close();
      for (const use of [() => inMemory.intern("a"), () => inMemory.resolve(1 as StringId)]) refuses("closed", use);
    });

    it("finds all its strings while it grows from the smallest memory on", () => {
      using memory = home.create(KiB(64), MiB(4));
      using strings = interner(memory, { seed: 9 });
      for (let n = 0; n < 20_000; n++) {
        const id = n % 2 === 0 ? strings.intern(`${n}`) : internAsBytes(strings, `${n}`, 3);
        if (id !== n + 1 || strings.lookup(`${n >>> 1}`) !== (n >>> 1) + 1) assert.fail(`${n} has id ${id}`);
      }
      assert.deepEqual(strings.checkInvariants(), []);
    });

    it("takes bytes from its own memory, also when they move while it grows", () => {
      using memory = home.create(KiB(64), MiB(1));
      const allocator = bump(memory);
      const text = "Sant Julià de Lòria ";
      const bytes = encoder.encode(text);
      const ptr = allocator.alloc(bytes.length * 40, 1);
      for (let n = 0; n < 40; n++) memory.u8.set(bytes, ptr + n * bytes.length);
      allocator.alloc(memory.byteLength - allocator.usedByteLength - 3000, 1);
      using strings = interner(allocator);
      for (let n = 1; n <= 40; n++) {
        const id = strings.internBytes(memory.u8, ptr, ptr + n * bytes.length);
        assert.equal(strings.resolve(id), text.repeat(n));
      }
      assert.deepEqual(strings.checkInvariants(), []);
    });
  });
}

describe("an interner", () => {
  it("numbers strings from 1 in the order of their first appearance, and knows them again", () => {
    using strings = interner(privateMemory(KiB(4)), { seed: 1 });
    assert.equal(strings.seed, 1);
    assert.deepEqual(
      ["b", "a", "", "b", "", "a\0", "a"].map((text) => strings.intern(text)),
      [1, 2, 3, 1, 3, 4, 2],
    );
    assert.deepEqual([strings.size, strings.lookup("c"), strings.lookup("")], [4, undefined, 3]);
    assert.notEqual(NO_STRING, strings.intern(""));
  });

  it("stores no bytes for the empty string, and each other string once", () => {
    using strings = interner(privateMemory(KiB(4)));
    strings.intern("");
    assert.equal(strings.textByteLength, 0);
    assert.equal(strings.byteLengthOf(1 as StringId), 0);
    for (let n = 0; n < 10; n++) strings.intern("水");
    assert.equal(strings.textByteLength, 3);
  });

  it("keeps strings in their place while it grows", () => {
    using strings = interner(privateMemory(0, { maxByteLength: MiB(8) }));
    const ids = Array.from({ length: 100 }, (_, n) => strings.intern(`early ${n}`));
    const places = ids.map((id) => strings.byteOffsetOf(id));
    for (let n = 0; n < 20_000; n++) strings.intern(`late ${n}`);
    assert.deepEqual(
      ids.map((id) => strings.byteOffsetOf(id)),
      places,
    );
  });

  it("takes nothing larger than a chunk of strings at once, so that no step of growth is long", () => {
    const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(8) }));
    using strings = interner(allocator);
    allocator.refuseAbove = MiB(1);
    for (let n = 0; n < 150_000; n++) if (strings.tryIntern(`${n}`) !== n + 1) assert.fail(`no room for ${n}`);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("keeps working when strings were chosen to collide", () => {
    const seed = 5;
    // With the same 8 highest bits all of them belong to one table, however often that is split.
    const texts: string[] = [];
    for (let n = 0; texts.length < 8000; n++) if (hashString(`k${n}`, seed) >>> 24 === 0x5a) texts.push(`k${n}`);
    using strings = interner(privateMemory(0, { maxByteLength: MiB(2) }), { seed });
    texts.forEach((text, at) => {
      if (strings.intern(text) !== at + 1) assert.fail(text);
    });
    assert.ok(strings.byteLength < MiB(1), `${strings.byteLength} bytes for ${texts.length} strings`);
    assert.deepEqual(strings.checkInvariants(), []);
    // Who does not know the seed has chosen nothing: they lie in as many tables as others.
    using other = interner(privateMemory(0, { maxByteLength: MiB(2) }));
    for (const text of texts) other.intern(text);
    assert.deepEqual(other.checkInvariants(), []);
  });

  it("takes a million strings, from bytes, and finds each again", () => {
    const COUNT = 1_000_000;
    using strings = interner(privateMemory(0, { maxByteLength: MiB(96) }));
    const key = encoder.encode("key-0000000");
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < COUNT; n++) {
        for (let at = 10, rest = n; at >= 4; at--, rest = Math.floor(rest / 10)) key[at] = 48 + (rest % 10);
        if (strings.internBytes(key, 0, 11) !== n + 1) assert.fail(`key ${n} is not id ${n + 1}`);
      }
    }
    assert.equal(strings.size, COUNT);
    assert.equal(strings.resolve(765_433 as StringId), "key-0765432");
    assert.equal(strings.lookup("key-0999999"), COUNT);
    assert.ok(strings.byteLength < COUNT * 27, `${strings.byteLength / COUNT} bytes a string`);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("tells strings with the same hash, and with the same first slot, apart", () => {
    const seed = 5;
    const byHash = new Map<number, string>();
    const twins: string[] = [];
    const neighbours: string[] = [];
    for (let n = 0; n < 300_000; n++) {
      const text = `k${n}`;
      const hash = hashString(text, seed);
      const other = byHash.get(hash);
      if (other !== undefined) twins.push(other, text);
      byHash.set(hash, text);
      // All of them begin their search in the last slot of tables of up to 1024 slots, and wrap around.
      if ((hash & 1023) === 1023) neighbours.push(text);
    }
    assert.ok(twins.length >= 2 && neighbours.length > 200);
    using strings = interner(privateMemory(0, { maxByteLength: MiB(1) }), { seed });
    const all = [...new Set([...twins, ...neighbours.slice(0, 300)])];
    all.forEach((text, at) => {
      assert.equal(at % 2 === 0 ? strings.intern(text) : internAsBytes(strings, text, 3), at + 1);
    });
    all.forEach((text, at) => {
      assert.deepEqual(
        [strings.lookup(text), internAsBytes(strings, text, 0), strings.resolve((at + 1) as StringId)],
        [at + 1, at + 1, text],
      );
    });
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("keeps strings apart that its shortcut for small sets takes for the same", () => {
    using strings = interner(privateMemory(KiB(64)));
    // The same length and the same first, middle and last byte.
    const texts = Array.from({ length: 90 }, (_, n) => `a${String.fromCharCode(33 + n)}m${String.fromCharCode(122 - n)}z`);
    const ids = texts.map((text) => internAsBytes(strings, text, 0));
    assert.equal(new Set(ids).size, 90);
    for (let round = 0; round < 3; round++)
      assert.deepEqual(
        texts.map((text) => internAsBytes(strings, text, round)),
        ids,
      );
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("remembers strings that were resolved lately, and never mistakes one for another", () => {
    using strings = interner(privateMemory(0, { maxByteLength: MiB(1) }));
    const texts = Array.from({ length: 5000 }, (_, n) => `text ${n}`.repeat(n % 50 === 0 ? 60 : 1));
    for (const text of texts) strings.intern(text);
    for (const step of [1, 1024, 7, 2048]) {
      for (let n = 0, id = 1; n < 3000; n++, id = ((id + step - 1) % 5000) + 1) {
        assert.equal(strings.resolve(id as StringId), texts[id - 1]);
      }
    }
  });

  it("orders strings by their bytes, which is by code points", () => {
    fc.assert(
      fc.property(TEXTS, TEXTS, (a, b) => {
        using strings = interner(privateMemory(KiB(8)));
        const order = Math.sign(strings.compare(strings.intern(a), strings.intern(b)));
        const [x, y] = [[...a], [...b]].map((points) => points.map((point) => point.codePointAt(0) ?? 0));
        const at = x.findIndex((point, index) => point !== y[index]);
        assert.equal(order, at === -1 ? Math.sign(x.length - y.length) : Math.sign(x[at] - (y[at] ?? -1)));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses text that has no UTF-8 and bytes that are none where it is told to, and is as it was", () => {
    using strings = interner(privateMemory(KiB(8)), { encoding: "utf8" });
    strings.intern("a");
    for (const text of ["\ud800", "a\udc00b", "long enough for the other path \ud83d"]) {
      refuses("bad-value", () => strings.intern(text));
      refuses("bad-value", () => strings.tryIntern(text));
      assert.equal(strings.lookup(text), undefined);
    }
    for (const bytes of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0xf5, 0x80, 0x80, 0x80], [0xe6, 0xb0]]) {
      const source = new Uint8Array([0x61, ...bytes]);
      const error = refuses("bad-value", () => strings.internBytes(source, 1, source.length));
      assert.ok(Number(error.numbers.byteOffset) >= 1);
      refuses("bad-value", () => strings.tryInternBytes(source, 1, source.length));
      assert.equal(strings.lookupBytes(source, 1, source.length), undefined);
    }
    assert.equal(strings.size, 1);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("refuses ranges that do not lie in their source", () => {
    using strings = interner(privateMemory(KiB(8)));
    const source = encoder.encode("abcdef");
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0, 7],
      [7, 7],
      [Number.NaN, 2],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [0.5, 2.5],
      [1, 2.5],
    ]) {
      refuses("out-of-bounds", () => strings.internBytes(source, start, end));
      refuses("out-of-bounds", () => strings.tryInternBytes(source, start, end));
    }
    refuses("out-of-bounds", () => strings.lookupBytes(source, 3, 9));
    assert.equal(strings.size, 0);
    assert.equal(strings.internBytes(source, 6, 6), 1);
  });

  it("refuses ids that are none of its own", () => {
    using strings = interner(privateMemory(KiB(8)));
    strings.intern("a");
    for (const id of [0, 2, -1, 0.5, 1.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY]) {
      const forged = id as StringId;
      for (const use of [
        () => strings.resolve(forged),
        () => strings.byteOffsetOf(forged),
        () => strings.byteLengthOf(forged),
        () => strings.bytesOf(forged),
        () => strings.compare(forged, 1 as StringId),
        () => strings.compare(1 as StringId, forged),
      ]) {
        assert.match(refuses("out-of-bounds", use).message, /size=1/);
      }
    }
  });

  it("refuses seeds and counts that are none", () => {
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 32]) {
      refuses("invalid-argument", () => interner(privateMemory(KiB(8)), { seed: bad }));
      refuses("invalid-argument", () => interner(privateMemory(KiB(8)), { maxCount: bad }));
    }
    refuses("out-of-memory", () => interner(privateMemory(100)));
    refuses("out-of-memory", () => interner(privateMemory(1100)));
  });

  it("is full at maxCount: says so, and knows what it has", () => {
    using strings = interner(privateMemory(KiB(8)), { maxCount: 2 });
    strings.intern("a");
    internAsBytes(strings, "b", 0);
    assert.match(refuses("out-of-memory", () => strings.intern("c")).message, /size=2, maxCount=2/);
    refuses("out-of-memory", () => internAsBytes(strings, "c", 0));
    assert.equal(strings.tryIntern("c"), NO_STRING);
    assert.equal(strings.tryInternBytes(encoder.encode("c"), 0, 1), NO_STRING);
    assert.deepEqual([strings.intern("a"), internAsBytes(strings, "b", 2)], [1, 2]);
    assert.deepEqual(strings.checkInvariants(), []);
    assert.equal(interner(privateMemory(KiB(8)), { maxCount: 0 }).tryIntern(""), NO_STRING);
  });

  it("survives exhaustion at any point: nothing changes, and it goes on when there is room again", () => {
    const steps = fc.array(
      fc.tuple(TEXTS, fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 100, 300, 1100)),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (program) => {
        using memory = privateMemory(KiB(64), { maxByteLength: MiB(2) });
        const allocator = new TestAllocator(memory);
        using strings = interner(allocator);
        const model = new Map<string, number>();
        for (const [text, refuseAbove] of program) {
          allocator.refuseAbove = refuseAbove;
          const id = strings.tryIntern(text);
          const known = model.get(text);
          if (known !== undefined) assert.equal(id, known);
          else if (id !== NO_STRING) model.set(text, id);
          else {
            assert.notEqual(refuseAbove, Number.POSITIVE_INFINITY);
            assert.equal(strings.lookup(text), undefined);
            refuses("out-of-memory", () => strings.intern(text));
          }
          assert.equal(strings.size, model.size);
          assert.deepEqual(strings.checkInvariants(), []);
        }
        assert.deepEqual([...strings], [...model.keys()]);
      }),
      { numRuns: 60 },
    );
  });

  it("fills a memory to its end without harm", () => {
    using memory = privateMemory(KiB(20));
    using strings = interner(memory);
    let count = 0;
    while (strings.tryIntern(`string number ${count}`) !== NO_STRING) count += 1;
    assert.ok(count > 200);
    assert.ok(strings.byteLength <= KiB(20));
    assert.deepEqual([...strings].length, count);
    assert.equal(strings.intern("string number 7"), 8);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("refuses to grow inside a scope that would end before it", () => {
    using scratch = arena(64);
    using strings = interner(scratch);
    strings.intern("before");
    const scope = scratch.scope();
    const error = refuses("invalid-argument", () => {
      for (let n = 0; n < 1000; n++) strings.intern(`inside ${n}`);
    });
    assert.match(error.message, /interner cannot grow inside a scope of its arena/);
    scope.end();
    assert.deepEqual(strings.checkInvariants(), []);
    for (let n = 0; n < 1000; n++) strings.intern(`inside ${n}`);
    assert.deepEqual(strings.checkInvariants(), []);
  });

  for (const at of [GiB(4), GiB(8) + GiB(1)]) {
    it(`works ${at / GiB(1)} GiB into a memory`, (t) => {
      let memory: Memory;
      try {
        memory = privateMemory(at + MiB(64));
      } catch (error) {
        if (!(error instanceof MemoryError)) throw error;
        return t.skip("this engine has no buffers of that length");
      }
      using strings = interner(bump(memory, { start: at - 500 }));
      for (let n = 0; n < 3000; n++)
        assert.equal(n % 2 === 0 ? strings.intern(`水 ${n}`) : internAsBytes(strings, `水 ${n}`, 1), n + 1);
      for (let n = 0; n < 3000; n++) assert.equal(strings.resolve((n + 1) as StringId), `水 ${n}`);
      assert.ok(strings.byteOffsetOf(3000 as StringId) > at);
      assert.deepEqual(strings.checkInvariants(), []);
      memory.close();
    });
  }

  it("takes no block that its refs cannot reach", (t) => {
    let memory: Memory;
    try {
      memory = privateMemory(GiB(17));
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      return t.skip("this engine has no buffers of 17 GiB");
    }
    const allocator = bump(memory, { start: GiB(16) });
    refuses("out-of-memory", () => interner(allocator));
    assert.equal(allocator.usedByteLength, 0);
    memory.close();
  });
});
