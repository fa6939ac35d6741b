import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeAnyBytes, encodeWtf8, findInvalidWtf8, wtf8ByteLength } from "../../src/core/wtf8.ts";

/** Any UTF-16 units, halves of pairs and pairs among them. */
const UNITS = fc.oneof(
  fc.constantFrom(0xd800, 0xdbff, 0xdc00, 0xdfff, 0x61, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xffff, 0),
  fc.integer({ min: 0xd800, max: 0xdfff }),
  fc.integer({ min: 0, max: 0xffff }),
);
const TEXTS = fc.array(UNITS, { maxLength: 60 }).map((units) => String.fromCharCode(...units));
/** Bytes that come near to text. */
const BYTES = fc.array(
  fc.oneof(
    fc.constantFrom([0x61], [0xed, 0xa0, 0x80], [0xed, 0xb0, 0x80], [0xf0, 0x9f, 0x98, 0x80], [0xed, 0x9f, 0xbf], [0xc3, 0xa9]),
    fc.constantFrom([0xed], [0xa0], [0xbf], [0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf], [0xff]),
  ),
  { maxLength: 20 },
);

function encode(text: string): Uint8Array {
  const room = new Uint8Array(wtf8ByteLength(text) + 2).fill(0xaa);
  assert.equal(encodeWtf8(text, room, 1), room.length - 2);
  assert.deepEqual([room[0], room[room.length - 1]], [0xaa, 0xaa]);
  return room.subarray(1, -1);
}

/** The definition: each code point by itself, a half as if it were one. */
function spelled(text: string): number[] {
  return [...text].flatMap((character) => {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) return [point];
    if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 0x3f)];
    if (point < 0x1_0000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
    return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
  });
}

describe("WTF-8", () => {
  it("brings every string back exactly, and spells it in one way", () => {
    fc.assert(
      fc.property(TEXTS, (text) => {
        const bytes = encode(text);
        assert.deepEqual([...bytes], spelled(text));
        assert.equal(findInvalidWtf8(bytes, 0, bytes.length), -1);
        assert.equal(decodeAnyBytes(bytes, 0, bytes.length), text);
      }),
      { numRuns: 2000 },
    );
  });

  it("finds the first byte that is no part of it, and shows other bytes as TextDecoder does", () => {
    fc.assert(
      fc.property(BYTES, (parts) => {
        const bytes = new Uint8Array([0x61, ...parts.flat(), 0x61]);
        const [start, end] = [1, bytes.length - 1];
        const text = decodeAnyBytes(bytes, start, end);
        const invalid = findInvalidWtf8(bytes, start, end);
        const again = encode(text);
        const same = again.length === end - start && again.every((byte, at) => byte === bytes[start + at]);
        assert.equal(invalid === -1, same, "valid bytes are the spelling of their text");
        if (invalid === -1) return;
        assert.equal(findInvalidWtf8(bytes, start, invalid), -1, "what is before it is sound");
        assert.equal(text, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.slice(start, end)));
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses a pair in two halves, which would be a second spelling", () => {
    const halves = new Uint8Array([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]);
    assert.equal(findInvalidWtf8(halves, 0, 6), 3);
    assert.equal(findInvalidWtf8(halves, 3, 6), -1);
    assert.deepEqual([...encode("\ud83d\ude00")], [0xf0, 0x9f, 0x98, 0x80]);
  });
});
