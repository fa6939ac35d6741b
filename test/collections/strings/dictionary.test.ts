import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../../src/alloc/arenas/arena.ts";
import { bump } from "../../../src/alloc/bump.ts";
import { fmix32, hashString } from "../../../src/collections/hash.ts";
import { Dictionary } from "../../../src/collections/strings/dictionary.ts";
import { type FreezeOptions, freezeInterner, frozenByteLength } from "../../../src/collections/strings/freeze-interner.ts";
import { interner } from "../../../src/collections/strings/interner.ts";
import type { StringId } from "../../../src/collections/strings/string-id.ts";
import { MemoryError } from "../../../src/core/errors.ts";
import { attach, privateMemory, sharedMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const encoder = new TextEncoder();
const TEXTS = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", "é", "水", "😀", "\0"), maxLength: 4 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "binary-ascii", maxLength: 200 }),
);
const OPTIONS: FreezeOptions[] = [{}, { index: false }, { offsetByteSize: 8 }, { index: false, offsetByteSize: 8 }];
const NAMES = ["", "Andorra la Vella", "Sant Julià de Lòria", "تهران", "東京", "São Paulo", "a\0b", "😀", "x".repeat(300)];

/** A dictionary of `texts` in `memory`. */
function frozen(memory: Memory, texts: Iterable<string>, options: FreezeOptions = {}): Dictionary {
  using strings = interner(privateMemory(0, { maxByteLength: MiB(4) }), { seed: 11 });
  for (const text of texts) strings.intern(text);
  return freezeInterner(strings, bump(memory), options);
}

function assertHolds(dictionary: Dictionary, texts: readonly string[]): void {
  assert.equal(dictionary.size, texts.length);
  assert.deepEqual([...dictionary], texts);
  for (const [at, text] of texts.entries()) {
    const id = (at + 1) as StringId;
    const bytes = encoder.encode(text);
    assert.equal(dictionary.resolve(id), text);
    assert.equal(dictionary.byteLengthOf(id), bytes.length);
    assert.deepEqual(dictionary.bytesOf(id), bytes);
    if (!dictionary.hasIndex) continue;
    assert.equal(dictionary.lookup(text), id);
    const source = new Uint8Array([0x2c, ...bytes, 0x2c]);
    assert.equal(dictionary.lookupBytes(source, 1, 1 + bytes.length), id);
  }
  assert.deepEqual(dictionary.checkInvariants(), []);
}

for (const home of HOMES) {
  describe(`a dictionary in ${home.title}`, () => {
    for (const options of OPTIONS) {
      it(`has the strings of its interner under their ids, with ${JSON.stringify(options)}, here and where it is attached`, () => {
        fc.assert(
          fc.property(fc.uniqueArray(TEXTS, { maxLength: 60 }), TEXTS, fc.nat(100), (texts, other, lead) => {
            using memory = home.create(KiB(64), MiB(1));
            using strings = interner(privateMemory(KiB(256)));
            for (const text of texts) strings.intern(text);
            const allocator = bump(memory);
            memory.u8.fill(0xee, 0, KiB(64));
            allocator.alloc(lead, 1);
            const planned = frozenByteLength(strings, options);
            const made = freezeInterner(strings, allocator, options);
            assert.equal(made.byteLength, planned);
            assertHolds(made, texts);
            const attached = Dictionary.attach(memory, made.byteOffset, made.byteLength);
            assertHolds(attached, texts);
            if (made.hasIndex && !texts.includes(other)) {
              assert.equal(attached.lookup(other), undefined);
              assert.equal(attached.lookupBytes(encoder.encode(other), 0, encoder.encode(other).length), undefined);
            }
            assert.deepEqual([...strings], texts);
          }),
          { numRuns: 15 },
        );
      });
    }
  });
}

describe("a dictionary", () => {
  it("means the same at another place, and to another who attaches the same memory", () => {
    using memory = sharedMemory(KiB(64));
    const made = frozen(memory, NAMES);
    const there = attach(memory.ticket());
    assertHolds(Dictionary.attach(there, made.byteOffset, made.byteLength), NAMES);
    for (const to of [8, 4096, 16_384 + 24]) {
      using other = privateMemory(KiB(64));
      other.u8.set(memory.bytes(made.byteOffset, made.byteLength), to);
      assertHolds(Dictionary.attach(other, to, made.byteLength), NAMES);
    }
  });

  it("is laid out as documented", () => {
    using memory = privateMemory(KiB(4));
    const made = frozen(memory, ["ab", "", "水"]);
    const { byteOffset, layout } = made;
    const word = byteOffset / 4;
    assert.equal(new TextDecoder().decode(memory.bytes(byteOffset, 4)), "OHdc");
    assert.equal(byteOffset % 64, 0);
    assert.deepEqual([...memory.slice("u32", byteOffset + 4, 2)], [1, 0]);
    assert.deepEqual([...memory.slice("u32", byteOffset + 16, 3)], [11, 3, 4]);
    assert.deepEqual([...memory.slice("f64", byteOffset + 32, 3)], [5, made.byteLength, 0]);
    assert.deepEqual([...memory.slice("u32", byteOffset + 64, 4)], [0, 2, 2, 5]);
    assert.deepEqual(layout, {
      count: 3,
      slots: 4,
      content: 0,
      textByteLength: 5,
      offsetByteSize: 4,
      textAt: 80,
      indexAt: 96,
      byteLength: 128,
    });
    assert.equal(new TextDecoder().decode(memory.bytes(byteOffset + 80, 5)), "ab水");
    const ids = [0, 1, 2, 3].map((slot) => memory.u32[word + 24 + slot * 2 + 1]);
    assert.deepEqual(ids.sort(), [0, 1, 2, 3]);
  });

  it("orders strings by their bytes", () => {
    using memory = privateMemory(KiB(4));
    const made = frozen(memory, ["b", "a", "ab", "\uffff", "😀", ""]);
    const sorted = [1, 2, 3, 4, 5, 6].sort((a, b) => made.compare(a as StringId, b as StringId));
    assert.deepEqual(
      sorted.map((id) => made.resolve(id as StringId)),
      ["", "a", "ab", "b", "\uffff", "😀"],
    );
    assert.equal(made.compare(2 as StringId, 2 as StringId), 0);
  });

  it("without strings has none", () => {
    for (const options of OPTIONS) {
      using memory = privateMemory(KiB(1));
      const made = frozen(memory, [], options);
      assertHolds(Dictionary.attach(memory, made.byteOffset, made.byteLength), []);
      if (made.hasIndex) assert.equal(made.lookup(""), undefined);
    }
  });

  it("without an index cannot look up, and says so", () => {
    using memory = privateMemory(KiB(4));
    const made = frozen(memory, NAMES, { index: false });
    assert.equal(made.hasIndex, false);
    assert.match(refuses("unsupported", () => made.lookup("")).message, /index: true/);
    refuses("unsupported", () => made.lookupBytes(encoder.encode("a"), 0, 1));
  });

  it("refuses ids, ranges and widths that are none", () => {
    using memory = privateMemory(KiB(8));
    const made = frozen(memory, NAMES);
    for (const id of [0, NAMES.length + 1, -1, 0.5, Number.NaN, 2 ** 32 + 1, Number.POSITIVE_INFINITY]) {
      const forged = id as StringId;
      for (const use of [
        () => made.resolve(forged),
        () => made.bytesOf(forged),
        () => made.byteLengthOf(forged),
        () => made.compare(forged, forged),
      ]) {
        assert.match(refuses("out-of-bounds", use).message, /size=9/);
      }
    }
    refuses("out-of-bounds", () => made.lookupBytes(encoder.encode("a"), 0, 2));
    refuses("out-of-bounds", () => Dictionary.attach(memory, 8, KiB(8)));
    refuses("out-of-bounds", () => Dictionary.attach(memory, -8, 100));
    using strings = interner(privateMemory(KiB(8)));
    refuses("invalid-argument", () => freezeInterner(strings, bump(memory), { offsetByteSize: 2 as 4 }));
  });

  it("is the same bytes for the same strings and seed", () => {
    const images = [1, 2].map((seed) => {
      using memory = privateMemory(KiB(4));
      using strings = interner(privateMemory(KiB(8)), { seed });
      for (const text of NAMES) strings.intern(text);
      const made = freezeInterner(strings, bump(memory), { seed: 77 });
      assertHolds(made, NAMES);
      return memory.u8.slice(made.byteOffset, made.byteOffset + made.byteLength);
    });
    assert.deepEqual(images[0], images[1]);
    using strings = interner(privateMemory(KiB(8)));
    for (const seed of [-1, 0.5, 2 ** 32])
      refuses("invalid-argument", () => freezeInterner(strings, bump(privateMemory(KiB(8))), { seed }));
  });

  it("tells strings with the same hash and length apart", () => {
    const byHash = new Map<number, string>();
    const twins: [string, string][] = [];
    for (let n = 100_000; n < 350_000; n++) {
      const hash = hashString(`k${n}`, 11);
      const other = byHash.get(hash);
      if (other !== undefined) twins.push([other, `k${n}`]);
      byHash.set(hash, `k${n}`);
    }
    assert.ok(twins.length > 0);
    for (const [a, b] of twins) {
      using memory = privateMemory(KiB(4));
      const one = frozen(memory, [a]);
      assert.deepEqual([one.lookup(a), one.lookup(b), one.lookupBytes(encoder.encode(b), 0, b.length)], [1, undefined, undefined]);
      using more = privateMemory(KiB(4));
      assertHolds(frozen(more, [a, b]), [a, b]);
    }
  });

  it("finds nothing for text with a lone surrogate that it does not have", () => {
    using memory = privateMemory(KiB(4));
    assert.equal(frozen(memory, ["\ufffd", "a"]).lookup("\ud800"), undefined);
  });

  it("keeps lone surrogates, and bytes that are no text, and says in its header that it has some", () => {
    using memory = privateMemory(KiB(16));
    const halves = ["\ud800", "a\udc00", "long enough to be decoded by the host \ud83d", "😀"];
    const made = frozen(memory, halves);
    const attached = Dictionary.attach(memory, made.byteOffset, made.byteLength);
    assert.deepEqual([...attached], halves);
    halves.forEach((text, at) => {
      assert.equal(attached.lookup(text), at + 1);
    });
    assert.deepEqual([attached.content, attached.checkInvariants()], [1, []]);

    using strings = interner(privateMemory(KiB(16)), { encoding: "bytes" });
    const noText = new Uint8Array([0x61, 0xff, 0xc0, 0x80, 0x62]);
    strings.internBytes(noText, 0, 5);
    const raw = freezeInterner(strings, bump(privateMemory(KiB(4))), { offsetByteSize: 8 });
    const again = Dictionary.attach(raw.memory, raw.byteOffset, raw.byteLength);
    assert.deepEqual([again.content, again.lookupBytes(noText, 0, 5), again.checkInvariants()], [2, 1, []]);
    assert.deepEqual(again.bytesOf(1 as StringId), noText);
    assert.equal(again.resolve(1 as StringId), "a\ufffd\ufffd\ufffdb");
    // Told to be closer to UTF-8 than it is, it is found out.
    const plain = frozen(privateMemory(KiB(4)), ["abcde"]);
    plain.memory.u8[plain.byteOffsetOf(1 as StringId)] = 0xff;
    assert.match(plain.checkInvariants().join(), /not valid text at its byte 0/);
  });

  it("takes nothing when there is no room for it", () => {
    using memory = privateMemory(KiB(64));
    const allocator = new TestAllocator(memory);
    using strings = interner(privateMemory(KiB(8)));
    strings.intern("a");
    allocator.refuseAbove = frozenByteLength(strings) - 1;
    refuses("out-of-memory", () => freezeInterner(strings, allocator));
    assert.equal(allocator.liveBlocks, 0);
    allocator.refuseAbove += 1;
    const made = freezeInterner(strings, allocator);
    allocator.free(made.byteOffset as Parameters<typeof allocator.free>[0], made.byteLength, 64);
    assert.equal(allocator.liveBlocks, 0);
  });

  it("is over with what it lies in", () => {
    const memory = privateMemory(KiB(64));
    using strings = interner(privateMemory(KiB(8)));
    strings.intern("a");
    const scratch = arena({ upstream: bump(memory) });
    const inArena = freezeInterner(strings, scratch);
    scratch.reset();
    for (const use of [() => inArena.resolve(1 as StringId), () => inArena.lookup("a"), () => inArena.checkInvariants()])
      refuses("stale-view", use);
    const again = freezeInterner(strings, scratch);
    const attached = Dictionary.attach(memory, again.byteOffset, again.byteLength);
    memory.close();
    for (const use of [() => attached.resolve(1 as StringId), () => attached.lookup("a"), () => attached.bytesOf(1 as StringId)])
      refuses("closed", use);
    refuses("closed", () => Dictionary.attach(memory, 8, 128));
  });

  it("is opened by its header alone, so that its size does not matter", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(16) });
    const texts = Array.from({ length: 30_000 }, (_, n) => `string number ${n}`);
    const made = frozen(memory, texts);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 200; round++) {
      const start = performance.now();
      Dictionary.attach(memory, made.byteOffset, made.byteLength);
      best = Math.min(best, performance.now() - start);
    }
    assert.ok(best < 1, `${best} ms`);
    assertHolds(Dictionary.attach(memory, made.byteOffset, made.byteLength), texts);
  });
});

describe("a damaged dictionary", () => {
  /** A block at 8 in a memory that ends with it, so that whatever reads further is caught. */
  function block(options: FreezeOptions = {}): { memory: Memory; byteLength: number } {
    using big = privateMemory(KiB(8));
    const made = frozen(big, NAMES, options);
    const memory = privateMemory(8 + made.byteLength);
    memory.u8.set(big.bytes(made.byteOffset, made.byteLength), 8);
    return { memory, byteLength: made.byteLength };
  }

  /** Makes the check of the header right again, so that what it says is looked at. */
  function reseal({ u32 }: Memory): void {
    let check = 0;
    for (let word = 0; word < 7; word++) check = fmix32((check ^ u32[2 + word]) + 0x9e37_79b9);
    u32[2 + 7] = check;
  }

  it("is refused with the numbers when its header contradicts itself", () => {
    const u32 =
      (word: number, value: number) =>
      (memory: Memory): void => {
        memory.u32[2 + word] = value;
      };
    const f64 =
      (place: number, value: number) =>
      (memory: Memory): void => {
        memory.f64[1 + place] = value;
      };
    const damages: [string, (memory: Memory) => void, RegExp][] = [
      ["magic", u32(0, 0x4f48_6463), /magic=0x4f486463, expected=0x6364484f/],
      ["count", u32(5, 10), /length|span/],
      ["count beyond all", u32(5, 0xffff_ffff), /count=4294967295/],
      ["slots that are no power of two", u32(6, 12), /slots=12/],
      ["too few slots", u32(6, 8), /count=9, slots=8/],
      ["more slots", u32(6, 32), /header=/],
      ["text longer than the block", f64(4, 1e9), /textByteLength=1000000000/],
      ["text of NaN bytes", f64(4, Number.NaN), /textByteLength=NaN/],
      ["text of half a byte", f64(4, 10.5), /textByteLength=10.5/],
      ["text of fewer bytes", f64(4, 300), /length|span/],
      ["another length", f64(5, 64), /header=64/],
      ["first offset", u32(16, 1), /first=1/],
      ["last offset", u32(25, 1), /last=1/],
    ];
    for (const [what, damage, message] of damages) {
      const { memory, byteLength } = block();
      damage(memory);
      reseal(memory);
      const error = refuses("corrupt", () => Dictionary.attach(memory, 8, byteLength));
      assert.match(error.message, message, what);
    }
    const { memory, byteLength } = block();
    refuses("corrupt", () => Dictionary.attach(memory, 8, byteLength - 8));
    refuses("out-of-bounds", () => Dictionary.attach(memory, byteLength, 8));
    refuses("invalid-argument", () => Dictionary.attach(memory, 12, byteLength - 4));
    refuses("corrupt", () => Dictionary.attach(privateMemory(1000), 0, 1000));
    memory.u32[2 + 4] ^= 1;
    assert.match(refuses("corrupt", () => Dictionary.attach(memory, 8, byteLength)).message, /damaged header/);
  });

  it("of another version or with other offsets is told apart from a damaged one", () => {
    for (const [word, value, code] of [
      [1, 2, "unsupported-format"],
      [2, 2, "unsupported-format"],
      [2, 0x8000_0000, "unsupported-format"],
      [3, 7, "layout-mismatch"],
    ] as const) {
      const { memory, byteLength } = block();
      memory.u32[2 + word] = value;
      reseal(memory);
      refuses(code, () => Dictionary.attach(memory, 8, byteLength));
    }
  });

  it("shows every flipped bit, when it is opened or when it is verified", () => {
    for (const options of [{}, { offsetByteSize: 8 }] as const) {
      const { memory, byteLength } = block(options);
      for (let bit = 0; bit < byteLength * 8; bit++) {
        memory.u8[8 + (bit >> 3)] ^= 1 << (bit & 7);
        let found = 1;
        try {
          found = Dictionary.attach(memory, 8, byteLength).checkInvariants().length;
        } catch (error) {
          assert.ok(
            error instanceof MemoryError && (error.code === "corrupt" || error.code === "unsupported-format"),
            String(error),
          );
        }
        assert.notEqual(found, 0, `bit ${bit & 7} of byte ${bit >> 3} of the block`);
        memory.u8[8 + (bit >> 3)] ^= 1 << (bit & 7);
      }
    }
  });

  it("never does worse than throw corrupt, whatever its bytes say", () => {
    const damages = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(damages, fc.constantFrom(...OPTIONS), (spots, options) => {
        const { memory, byteLength } = block(options);
        for (const [at, value] of spots) memory.u8[8 + 64 + (at % (byteLength - 64))] = value;
        const attempt = (use: () => unknown): void => {
          try {
            use();
          } catch (error) {
            assert.ok(error instanceof MemoryError && error.code === "corrupt", String(error));
          }
        };
        attempt(() => {
          const dictionary = Dictionary.attach(memory, 8, byteLength);
          for (let id = 1; id <= dictionary.size; id++) {
            attempt(() => dictionary.resolve(id as StringId));
            attempt(() => {
              const bytes = dictionary.bytesOf(id as StringId);
              assert.ok(bytes.byteOffset + bytes.byteLength <= 8 + byteLength);
            });
            attempt(() => dictionary.compare(id as StringId, 1 as StringId));
          }
          if (dictionary.hasIndex) for (const name of [...NAMES, "not there"]) attempt(() => dictionary.lookup(name));
          attempt(() => [...dictionary]);
          for (const finding of dictionary.checkInvariants()) assert.equal(typeof finding, "string");
        });
      }),
      { numRuns: 150 },
    );
  });

  it("tells of an offset that leads out of its text", () => {
    const { memory, byteLength } = block();
    const dictionary = Dictionary.attach(memory, 8, byteLength);
    memory.u32[(8 + 64) / 4 + 1] = 1_000_000;
    for (const use of [
      () => dictionary.byteOffsetOf(2 as StringId),
      () => dictionary.byteLengthOf(1 as StringId),
      () => dictionary.resolve(2 as StringId),
    ]) {
      assert.match(refuses("corrupt", use).message, /1000000/);
    }
  });

  it("with an index in which no slot is free ends every search", () => {
    const { memory, byteLength } = block();
    const dictionary = Dictionary.attach(memory, 8, byteLength);
    const table = (8 + dictionary.layout.indexAt) / 4;
    for (let slot = 0; slot < dictionary.layout.slots; slot++) memory.u32[table + slot * 2 + 1] = 1;
    assert.equal(dictionary.lookup("not there"), undefined);
    assert.equal(dictionary.lookupBytes(encoder.encode("not there"), 0, 9), undefined);
    assert.notDeepEqual(dictionary.checkInvariants(), []);
  });

  it("with the same string twice is found out without an index too", () => {
    const { memory, byteLength } = block({ index: false });
    const dictionary = Dictionary.attach(memory, 8, byteLength);
    // "東京" takes six bytes; the six before and those themselves become the same.
    const start = dictionary.byteOffsetOf(5 as StringId);
    memory.u32[(8 + 64) / 4 + 4] = memory.u32[(8 + 64) / 4 + 5] - 2;
    memory.u32[(8 + 64) / 4 + 3] = memory.u32[(8 + 64) / 4 + 5] - 4;
    memory.u8.set(encoder.encode("éé"), start + 2);
    memory.u32[(8 + 64) / 4 + 2] = memory.u32[(8 + 64) / 4 + 3];
    const found = Dictionary.attach(memory, 8, byteLength).checkInvariants();
    assert.ok(
      found.some((finding) => /the same string/.test(finding)),
      found.join("; "),
    );
  });
});
