import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MemoryError } from "../../src/core/errors.ts";
import * as inNode from "../../src/core/utf8.ts";

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), fc.string({ unit: "grapheme" }), fc.string({ maxLength: 40 }));
const encoder = new TextEncoder();

/** The module as a browser sees it: without Node's Buffer and its validator. */
async function loadAsInBrowser(): Promise<typeof import("../../src/core/utf8.ts")> {
  const { Buffer, process } = globalThis;
  const url = new URL("../../src/core/utf8.js?in-browser", import.meta.url).href;
  Reflect.set(globalThis, "Buffer", undefined);
  Reflect.set(globalThis, "process", undefined);
  try {
    return await import(url);
  } finally {
    Object.assign(globalThis, { Buffer, process });
  }
}

const inBrowser = await loadAsInBrowser();

for (const [name, utf8] of [
  ["in Node", inNode],
  ["in a browser", inBrowser],
] as const) {
  describe(`UTF-8 ${name}`, () => {
    it("encodes as TextEncoder does, at any offset, and touches nothing else", () => {
      fc.assert(
        fc.property(text, fc.nat(9), (s, at) => {
          const expected = encoder.encode(s);
          const room = new Uint8Array(at + expected.length + 5).fill(0xaa);
          assert.equal(utf8.encodedByteLength(s), expected.length);
          assert.equal(utf8.encodeUtf8(s, room, at), expected.length);
          assert.deepEqual(room.subarray(at, at + expected.length), expected);
          assert.ok(room.subarray(0, at).every((byte) => byte === 0xaa));
          assert.ok(room.subarray(at + expected.length).every((byte) => byte === 0xaa));
        }),
        { numRuns: 500 },
      );
    });

    it("decodes what was encoded, from private and from shared bytes", () => {
      fc.assert(
        fc.property(text, fc.nat(9), (s, at) => {
          const bytes = encoder.encode(s);
          const end = at + bytes.length;
          for (const buffer of [new ArrayBuffer(end + 3), new SharedArrayBuffer(end + 3)]) {
            const u8 = new Uint8Array(buffer).fill(0x41);
            u8.set(bytes, at);
            assert.equal(utf8.decodeUtf8(u8, at, end), s);
          }
        }),
        { numRuns: 500 },
      );
    });

    it("encodes and decodes long text in shared bytes without the web's own refusing them", () => {
      const long = "Łódź 北京 \u{1f600} plain ".repeat(20);
      const shared = new Uint8Array(new SharedArrayBuffer(4096));
      const { encodeInto } = TextEncoder.prototype;
      const { decode } = TextDecoder.prototype;
      // Node takes shared bytes; browsers throw a TypeError.
      TextEncoder.prototype.encodeInto = function (source, into) {
        if (into.buffer instanceof SharedArrayBuffer) throw new TypeError("shared");
        return encodeInto.call(this, source, into);
      };
      TextDecoder.prototype.decode = function (bytes, options) {
        if (bytes instanceof Uint8Array && bytes.buffer instanceof SharedArrayBuffer) throw new TypeError("shared");
        return decode.call(this, bytes, options);
      };
      try {
        const byteLength = utf8.encodeUtf8(long, shared, 3);
        assert.equal(utf8.decodeUtf8(shared, 3, 3 + byteLength), long);
      } finally {
        Object.assign(TextEncoder.prototype, { encodeInto });
        Object.assign(TextDecoder.prototype, { decode });
      }
    });

    it("keeps a leading U+FEFF", () => {
      for (const s of ["\ufeff", "\ufeffab", `\ufeff${"a".repeat(99)}`]) {
        const bytes = encoder.encode(s);
        assert.equal(utf8.decodeUtf8(bytes, 0, bytes.length), s);
      }
    });

    it("refuses a lone surrogate and tells where it is", () => {
      for (const lone of ["\ud800", "\udc00", "\udfff\ud800", "\ud800\ud800"]) {
        for (const before of ["", "ab", "\u{1f600}", "x".repeat(40), "€".repeat(40)]) {
          for (const after of ["", "z", "x".repeat(40)]) {
            const s = before + lone + after;
            const isTold = (error: unknown) =>
              error instanceof MemoryError && error.code === "bad-value" && error.numbers.index === before.length;
            assert.throws(() => utf8.encodeUtf8(s, new Uint8Array(512), 0), isTold);
            assert.throws(() => utf8.encodedByteLength(s), isTold);
          }
        }
      }
    });
  });
}

describe("encodePoint", () => {
  it("writes every code point as TextEncoder does", () => {
    const u8 = new Uint8Array(5);
    for (let point = 0; point <= 0x10ffff; point += point < 0x1000 ? 1 : 61) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const end = inNode.encodePoint(point, u8, 1);
      assert.deepEqual(u8.subarray(1, end), encoder.encode(String.fromCodePoint(point)));
    }
  });
});

describe("findInvalidUtf8", () => {
  const fatal = new TextDecoder("utf-8", { fatal: true });
  const isValid = (bytes: Uint8Array): boolean => {
    try {
      fatal.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };

  /** The first offset at which no whole sequence can be taken off the front: slow and obvious. */
  const slowly = (bytes: Uint8Array): number => {
    let at = 0;
    while (at < bytes.length) {
      const byteLength = [1, 2, 3, 4].find((n) => at + n <= bytes.length && isValid(bytes.subarray(at, at + n)));
      if (byteLength === undefined) return at;
      at += byteLength;
    }
    return -1;
  };

  it("accepts exactly what a fatal TextDecoder accepts: every sequence of two bytes", () => {
    const u8 = new Uint8Array(2);
    for (let pair = 0; pair < 0x1_0000; pair++) {
      u8[0] = pair >> 8;
      u8[1] = pair & 0xff;
      assert.equal(inNode.findInvalidUtf8(u8, 0, 2) === -1, isValid(u8), `${u8}`);
    }
  });

  it("accepts exactly what a fatal TextDecoder accepts: the edges of every longer sequence", () => {
    const edges = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff,
    ];
    const leads = [0xc1, 0xc2, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5];
    for (const lead of leads) {
      for (const b of edges) {
        for (const c of edges) {
          for (const d of edges) {
            const u8 = Uint8Array.of(lead, b, c, d);
            assert.equal(inNode.findInvalidUtf8(u8, 0, 4) === -1, isValid(u8), `${u8}`);
          }
        }
      }
    }
  });

  it("tells the offset of the first bad byte of damaged text", () => {
    const damage = fc.record({ at: fc.nat(400), byte: fc.nat(255) });
    fc.assert(
      fc.property(text, text, fc.array(damage, { maxLength: 3 }), fc.nat(12), (a, b, damages, start) => {
        const u8 = encoder.encode(`${"pad".repeat(5).slice(0, start)}${a}plain ascii text in between${b}`);
        for (const { at, byte } of damages) if (at >= start && at < u8.length) u8[at] = byte;
        const expected = slowly(u8.subarray(start));
        for (const { findInvalidUtf8 } of [inNode, inBrowser]) {
          assert.equal(findInvalidUtf8(u8, start, u8.length), expected === -1 ? -1 : start + expected);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("finds a sequence that the end cuts off, although the next byte would complete it", () => {
    for (const s of ["é", "€", "\u{1f600}"]) {
      const u8 = encoder.encode(`12345678901${s}`);
      for (let end = 12; end < u8.length; end++) assert.equal(inNode.findInvalidUtf8(u8, 0, end), 11);
      assert.equal(inNode.findInvalidUtf8(u8, 0, u8.length), -1);
    }
  });

  it("finds the one bad byte of a long text", () => {
    const u8 = encoder.encode("München 北京 plain ".repeat(100));
    for (const { findInvalidUtf8 } of [inNode, inBrowser]) {
      assert.equal(findInvalidUtf8(u8, 0, u8.length), -1);
      for (const at of [0, 777, u8.length - 1]) {
        const damaged = u8.slice();
        damaged[at] = 0xff;
        assert.equal(findInvalidUtf8(damaged, 0, u8.length), slowly(damaged));
      }
    }
  });
});

describe("wholeUtf8End", () => {
  it("tells where the sequence begins that the end cuts off", () => {
    for (const s of ["a", "é", "€", "\u{1f600}"]) {
      const u8 = encoder.encode(`ab${s}`);
      for (let end = 2; end < u8.length; end++) assert.equal(inNode.wholeUtf8End(u8, 0, end), 2);
      assert.equal(inNode.wholeUtf8End(u8, 0, u8.length), u8.length);
    }
    assert.equal(inNode.wholeUtf8End(new Uint8Array(0), 0, 0), 0);
  });

  it("does not wait for what follows a byte that begins nothing", () => {
    for (const byte of [0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xff]) assert.equal(inNode.wholeUtf8End(Uint8Array.of(0x61, byte), 0, 2), 2);
    assert.equal(inNode.wholeUtf8End(Uint8Array.of(0x61, 0x80, 0x80, 0x80), 0, 4), 4);
  });
});

it("decodes short texts of three-byte characters, also where surrogate pairs fill the short form", () => {
  const char = fc.constantFrom("北", "京", "a", "é", "\u{1f600}");
  fc.assert(
    fc.property(fc.string({ unit: char, maxLength: 24 }), (s) => {
      const u8 = encoder.encode(`東${s}`);
      assert.equal(inNode.decodeUtf8(u8, 0, u8.length), `東${s}`);
    }),
    { numRuns: 2000 },
  );
});
