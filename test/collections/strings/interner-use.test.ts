import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bump } from "../../../src/alloc/bump.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { type IdArray, type Interner, interner, NO_STRING, privateMemory, type StringId } from "../../../src/index.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const encoder = new TextEncoder();

/** The parts that `internDelimited` shall find, by the book. */
function partsOf(text: string, delimiters: string, keepEmpty: boolean): string[] {
  const parts: string[] = [];
  let part = "";
  for (const character of text) {
    if (!delimiters.includes(character)) {
      part += character;
      continue;
    }
    if (part !== "" || keepEmpty) parts.push(part);
    part = "";
  }
  return part === "" ? parts : [...parts, part];
}

for (const home of HOMES) {
  describe(`interning many in ${home.title}`, () => {
    it("finds the parts between delimiters, with the ids that they have one by one", () => {
      const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "水", "😀", "\n", "\n", " "), maxLength: 300 });
      fc.assert(
        fc.property(
          texts,
          fc.constantFrom("\n", " \n", "\0"),
          fc.boolean(),
          fc.integer({ min: 1, max: 50 }),
          (text, delimiters, keepEmpty, room) => {
            using memory = home.create(KiB(64), MiB(1));
            const allocator = bump(memory);
            const bytes = encoder.encode(text);
            const ptr = allocator.alloc(bytes.length + 1, 1);
            memory.u8.set(bytes, ptr);
            using strings = interner(allocator, { seed: 3 });
            using model = interner(privateMemory(KiB(64)), { seed: 3 });
            const expected = partsOf(text, delimiters, keepEmpty).map((part) => model.intern(part));
            const found: number[] = [];
            const ids = new Uint32Array(room);
            // The source is the interner's own memory, which moves when it grows.
            for (let start: number = ptr, runs = 0; start < ptr + bytes.length; runs++) {
              const { count, end, full } = strings.internDelimited(memory.u8, ids, {
                delimiters,
                keepEmpty,
                start,
                end: ptr + bytes.length,
              });
              assert.ok(!full && (count === room || end === ptr + bytes.length) && runs <= bytes.length);
              found.push(...ids.subarray(0, count));
              start = end;
            }
            assert.deepEqual(found, expected);
            assert.deepEqual([...strings], [...model]);
            assert.deepEqual(strings.checkInvariants(), []);
          },
        ),
        { numRuns: 40 },
      );
    });

    it("looks up many at once where there are many, known and new ones", () => {
      using memory = home.create(KiB(64), MiB(8));
      using strings = interner(memory, { seed: 3 });
      // From the middle on half of the tokens of a list are new, and each of them comes twice in it.
      const numbers = Array.from({ length: 120_000 }, (_, at) => (at % 2 === 0 ? at >>> 2 : Math.imul(at, 0x9e37_79b1) >>> 16));
      const bytes = encoder.encode(numbers.map((number) => `token ${number}\n`).join(""));
      const ids = new Uint32Array(numbers.length);
      const idOf = new Map<number, number>();
      for (let round = 0; round < 2; round++) {
        assert.deepEqual(strings.internDelimited(bytes, ids), { count: numbers.length, end: bytes.length, full: false });
        numbers.forEach((number, at) => {
          if (!idOf.has(number)) idOf.set(number, idOf.size + 1);
          if (ids[at] !== idOf.get(number)) assert.fail(`token ${number} has id ${ids[at]}, not ${idOf.get(number)}`);
        });
      }
      assert.ok(strings.size > 50_000);
      assert.deepEqual(strings.checkInvariants(), []);
      strings.maxCount = strings.size;
      assert.deepEqual(strings.internDelimited(encoder.encode("token 1\nnew\ntoken 2\n"), ids), { count: 1, end: 8, full: true });
    });
  });
}

describe("interning many", () => {
  it("leaves the part that the end of a piece may have cut off", () => {
    using strings = interner(privateMemory(KiB(64)));
    const bytes = encoder.encode("alpha\nbeta\nga");
    const ids = new Uint32Array(8);
    assert.deepEqual(strings.internDelimited(bytes, ids, { partial: true }), { count: 2, end: 11, full: false });
    assert.deepEqual(strings.internDelimited(bytes, ids), { count: 3, end: 13, full: false });
    assert.deepEqual([...ids.subarray(0, 3)], [1, 2, 3]);
    assert.deepEqual(strings.internDelimited(bytes, ids, { start: 6, end: 6 }), { count: 0, end: 6, full: false });
    assert.deepEqual(strings.internDelimited(encoder.encode("\n\na\n"), ids, { keepEmpty: true }).count, 3);
    assert.deepEqual(strings.internDelimited(bytes, new Uint32Array(1), { delimiters: "\n" }), { count: 1, end: 6, full: false });
  });

  it("ends where there is no room, and says so", () => {
    using strings = interner(privateMemory(KiB(64)), { maxCount: 2 });
    const bytes = encoder.encode("a\nb\na\nc\na\nd");
    const ids = new Uint32Array(8);
    assert.deepEqual(strings.internDelimited(bytes, ids), { count: 3, end: 6, full: true });
    strings.maxCount = 3;
    assert.deepEqual(strings.internDelimited(bytes, ids, { start: 6 }), { count: 2, end: 10, full: true });
    assert.deepEqual([...ids.subarray(0, 2)], [3, 1]);
    strings.maxCount = 4;
    assert.deepEqual(strings.internDelimited(bytes, ids, { start: 10 }), { count: 1, end: 11, full: false });
    assert.deepEqual([...strings], ["a", "b", "c", "d"]);
  });

  it("hashes on its way what hashBytes would: every length is found again", () => {
    using strings = interner(privateMemory(0, { maxByteLength: MiB(1) }));
    const texts = Array.from({ length: 70 }, (_, length) => "水éabcdefgh".repeat(9).slice(0, length));
    const ids = new Uint32Array(200);
    const { count } = strings.internDelimited(encoder.encode(`${texts.join("\n")}\n`), ids, { keepEmpty: true });
    assert.equal(count, texts.length);
    texts.forEach((text, at) => {
      assert.equal(strings.lookup(text), ids[at]);
    });
    assert.deepEqual(strings.checkInvariants(), []);
  });

  it("takes arrays of texts, into arrays as wide as its ids", () => {
    for (const [ids, width] of [
      ["u8", 1],
      ["u16", 2],
      ["u32", 4],
    ] as const) {
      using strings = interner(privateMemory(KiB(64)), { ids });
      const made = strings.internAll(["b", "a", "b", ""]);
      assert.deepEqual([...made], [1, 2, 1, 3]);
      assert.equal(made.BYTES_PER_ELEMENT, width);
      const own = new Uint32Array(5);
      assert.equal(strings.internAll(["a"], own), own);
      assert.deepEqual([...own], [2, 0, 0, 0, 0]);
      refuses("invalid-argument", () => strings.internAll(["a", "b"], new Uint32Array(1)));
    }
    using strings = interner(privateMemory(KiB(64)));
    const narrow: IdArray = new Uint16Array(8);
    assert.match(
      refuses("invalid-argument", () => strings.internAll(["a"], narrow)).message,
      /elementByteLength=2, idByteLength=4/,
    );
    refuses("invalid-argument", () => strings.internDelimited(encoder.encode("a"), narrow));
  });

  it("refuses ranges, delimiters and bytes that are none", () => {
    using strings = interner(privateMemory(KiB(64)));
    const bytes = encoder.encode("abc\ndef");
    const ids = new Uint32Array(8);
    for (const [start, end] of [
      [-1, 3],
      [4, 3],
      [0, 8],
      [0.5, 3],
      [0, 2.5],
      [Number.NaN, 2],
    ]) {
      refuses("out-of-bounds", () => strings.internDelimited(bytes, ids, { start, end }));
    }
    refuses("invalid-argument", () => strings.internDelimited(bytes, ids, { delimiters: "é" }));
    const error = refuses("bad-value", () => strings.internDelimited(new Uint8Array([0x61, 0x0a, 0x62, 0xff, 0x0a]), ids));
    assert.deepEqual([error.numbers.byteOffset, error.numbers.start], [3, 2]);
    assert.deepEqual([...strings], ["a"]);
    // So long that it is looked at in WebAssembly, where its strings are remembered.
    const long = encoder.encode("abc\n".repeat(200));
    const many = new Uint32Array(200);
    for (let again = 0; again < 2; again++) assert.equal(strings.internDelimited(long, many).count, 200);
    strings.close();
    for (const text of [bytes, long]) refuses("closed", () => strings.internDelimited(text, many));
  });
});

describe("an interner's options", () => {
  it("give it a name, which errors call it by", () => {
    using strings = interner(privateMemory(KiB(8)), { name: "countries" });
    assert.equal(strings.subject, "interner countries");
    assert.match(refuses("out-of-bounds", () => strings.resolve(5 as StringId<"countries">)).message, /^interner countries has no/);
  });

  it("end its ids where their width ends", () => {
    using strings = interner(privateMemory(0, { maxByteLength: MiB(1) }), { ids: "u8" });
    for (let n = 1; n <= 255; n++) assert.equal(strings.intern(`${n}`), n);
    assert.equal(strings.tryIntern("256"), NO_STRING);
    assert.match(refuses("out-of-memory", () => strings.intern("256")).message, /size=255, maxCount=255/);
    assert.equal(strings.intern("255"), 255);
    assert.throws(() => {
      strings.maxCount = 256;
    }, /least=0, most=255/);
    assert.deepEqual(strings.checkInvariants(), []);
    using wider = interner(privateMemory(0, { maxByteLength: MiB(8) }), { ids: "u16" });
    for (let n = 1; n <= 65_535; n++) wider.intern(`${n}`);
    assert.equal(wider.tryIntern("one more"), NO_STRING);
  });

  it("limit its bytes and strings, and can be changed in flight", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    using strings = interner(allocator, { maxByteLength: 4000 });
    let count = 0;
    while (strings.tryIntern(`string ${count}`) !== NO_STRING) count += 1;
    assert.ok(count > 20 && strings.byteLength <= 4000);
    assert.match(refuses("out-of-memory", () => strings.intern("another")).message, /maxByteLength=4000/);
    strings.maxByteLength = 20_000;
    for (let n = 0; n < 50; n++) strings.intern(`more ${n}`);
    strings.maxByteLength = 0;
    assert.equal(strings.tryIntern("x".repeat(1000)), NO_STRING);
    assert.equal(strings.intern("string 0"), 1);
    strings.maxByteLength = MiB(1);
    strings.maxCount = 10;
    assert.equal(strings.tryIntern("one too many"), NO_STRING);
    assert.equal(strings.intern("string 5"), 6);
    assert.deepEqual(strings.checkInvariants(), []);
    for (const bad of [-1, 0.5, Number.NaN]) {
      assert.throws(() => {
        strings.maxByteLength = bad;
      }, /whole number of bytes/);
    }
    // @ts-expect-error no such width
    assert.throws(() => interner(allocator, { ids: "u64" }), /width of ids that does not exist/);
    // @ts-expect-error no such encoding
    assert.throws(() => interner(allocator, { encoding: "latin1" }), /encoding that does not exist/);
  });

  it("let it keep any bytes exactly", () => {
    using strings = interner(privateMemory(KiB(64)), { encoding: "bytes" });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const id = strings.internBytes(bytes, 0, bytes.length);
        assert.equal(strings.lookupBytes(bytes, 0, bytes.length), id);
        assert.deepEqual(strings.bytesOf(id), Uint8Array.from(bytes));
        assert.equal(strings.resolve(id), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: 200 },
    );
    assert.equal(strings.resolve(strings.intern("half \ud800")), "half \ud800");
    assert.deepEqual(strings.checkInvariants(), []);
    refuses("bad-value", () => interner(privateMemory(KiB(8))).internBytes(new Uint8Array([0xff]), 0, 1));
  });
});

describe("an interner", () => {
  it("copies bytes out, tells what it has, and goes through ids with their strings", () => {
    using strings = interner(privateMemory(KiB(64)));
    const ids = ["b", "", "水".repeat(50)].map((text) => strings.intern(text));
    const target = new Uint8Array(200).fill(0xaa);
    assert.equal(strings.resolveInto(ids[0], target, 3), 1);
    assert.deepEqual([...target.subarray(2, 5)], [0xaa, 0x62, 0xaa]);
    assert.equal(strings.resolveInto(ids[1], target, 200), 0);
    assert.equal(strings.resolveInto(ids[2], target), 150);
    assert.equal(new TextDecoder().decode(target.subarray(0, 150)), "水".repeat(50));
    for (const at of [-1, 51, 0.5, Number.NaN]) refuses("out-of-bounds", () => strings.resolveInto(ids[2], target, at));
    assert.deepEqual([strings.has("b"), strings.has("c"), strings.has("")], [true, false, true]);
    assert.deepEqual(
      [0, 1, 3, 4, 1.5, Number.NaN].map((id) => strings.isId(id)),
      [false, true, true, false, false, false],
    );
    assert.deepEqual([strings.tryResolve(1), strings.tryResolve(4)], ["b", undefined]);
    assert.deepEqual(
      [...strings.entries()],
      [
        [1, "b"],
        [2, ""],
        [3, "水".repeat(50)],
      ],
    );
  });

  it("freezes into a reader or into a resolver, and is closed then", () => {
    const texts = ["alpha", "", "beta", "\ud800"];
    for (const index of [true, false]) {
      using memory = privateMemory(KiB(64));
      const allocator = new TestAllocator(memory);
      const strings: Interner<"words"> = interner(allocator, { name: "words" });
      const ids = texts.map((text) => strings.intern(text));
      const frozen = strings.freeze({ index });
      assert.equal(allocator.liveBlocks, 0);
      refuses("closed", () => strings.resolve(ids[0]));
      assert.deepEqual(
        ids.map((id) => frozen.resolve(id)),
        texts,
      );
      if (index) assert.equal(frozen.lookup("beta"), 3);
      else refuses("unsupported", () => frozen.lookup("beta"));
      assert.deepEqual(frozen.checkInvariants(), []);
    }
    const kept = interner(privateMemory(KiB(8)));
    kept.intern("a");
    refuses("out-of-memory", () => kept.freeze({ allocator: bump(privateMemory(64)) }));
    assert.equal(kept.intern("a"), 1);
  });

  it("takes strings of one byte and of 100 MB, and knows them again", () => {
    using strings = interner(privateMemory(0, { maxByteLength: MiB(130) }));
    const long = "0123456789".repeat(10_000_000);
    assert.deepEqual([strings.intern("x"), strings.intern(long), strings.intern("y"), strings.intern(long)], [1, 2, 3, 2]);
    assert.equal(strings.byteLengthOf(2 as StringId), 100_000_000);
    assert.equal(strings.resolve(2 as StringId), long);
  });
});
