import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import { array } from "../../src/layout/array.ts";
import { blob } from "../../src/layout/blob.ts";
import { bytes } from "../../src/layout/bytes.ts";
import { optional } from "../../src/layout/optional.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";
import type { Type } from "../../src/layout/type.ts";
import { utf8 } from "../../src/layout/utf8.ts";
import { bothWays, mistake } from "./both-ways.ts";

bothWays("text and bytes", (way) => {
  const { Named } = way(() => ({ Named: struct("Named", { name: utf8(8), digest: bytes(3) }) }));

  test("a string that fits comes back, in every script, up to the last byte", () => {
    using memory = privateMemory(64);
    const named = Named.at(memory, 0);
    for (const name of ["", "a", "12345678", "äöüß", "日本", "🙂🙂", "a\0b", "\0a"]) {
      named.name = name;
      assert.equal(named.name, name);
      assert.equal(Named.read(memory, 0).name, name);
    }
  });

  test("a shorter string leaves nothing of a longer one, and the rest of the struct alone", () => {
    using memory = privateMemory(64);
    memory.u8.fill(0xee);
    const named = Named.view(memory.lease, 16);
    named.name = "12345678";
    named.name = "ab";
    assert.deepEqual([...memory.u8.subarray(16, 24)], [97, 98, 0, 0, 0, 0, 0, 0]);
    assert.equal(memory.u8[15], 0xee);
    assert.equal(memory.u8[24], 0xee);
  });

  test("a string that does not fit is refused whole", () => {
    using memory = privateMemory(64);
    const named = Named.at(memory, 0);
    named.name = "before";
    for (const [name, message] of [
      ["123456789", /byteLength=9, most=8/],
      ["日本日", /byteLength=9, most=8/],
      ["ab\0", /ends with U\+0000/],
      ["a\ud800", /surrogate/],
      ["\udc00a", /surrogate/],
    ] as const) {
      assert.throws(
        () => {
          named.name = name;
        },
        mistake("bad-value", message),
      );
    }
    assert.throws(() => Object.assign(named, { name: 5 }), mistake("bad-value", /^Named\.name cannot hold 5\. Pass a string/));
    assert.equal(named.name, "before");
  });

  test("bytes are copied in and out, exactly as many as there are", () => {
    for (const memory of [privateMemory(64), sharedMemory(64)]) {
      const named = Named.at(memory, 0);
      const given = new Uint8Array([1, 2, 3]);
      named.digest = given;
      given[0] = 9;
      const copy = named.digest;
      assert.deepEqual([...copy], [1, 2, 3]);
      copy[1] = 9;
      assert.deepEqual([...Named.read(memory, 0).digest], [1, 2, 3]);
      assert.ok(copy.buffer instanceof ArrayBuffer, "the copy is the reader's own");
      for (const wrong of [new Uint8Array(2), new Uint8Array(4), [1, 2, 3], new Uint16Array(3)]) {
        assert.throws(() => Object.assign(named, { digest: wrong }), mistake("bad-value", /^Named\.digest/));
      }
      memory.close();
    }
  });
});

test("bytes that are not UTF-8 are told, not shown as other text", () => {
  using memory = privateMemory(64);
  memory.u8.set([0x61, 0xff, 0xe2, 0x82], 0);
  assert.throws(() => utf8(4).read(memory, 0), mistake("corrupt", /not UTF-8 \(byteOffset=1, byte=255\)/));
  memory.u8[1] = 0x62;
  assert.throws(() => utf8(4).read(memory, 0), mistake("corrupt", /byteOffset=2/));
  assert.deepEqual([...bytes(4).read(memory, 0)], [0x61, 0x62, 0xe2, 0x82]);
});

test("both need a length", () => {
  const loose: (length: unknown) => Type = (length) => utf8(length as number);
  for (const length of [0, -1, 1.5, "8", undefined]) assert.throws(() => loose(length), mistake("invalid-argument", /byteLength/));
  assert.throws(() => bytes(0), mistake("invalid-argument", /byteLength/));
  assert.deepEqual([utf8(5).byteSize, utf8(5).align, bytes(7).byteSize, bytes(7).align], [5, 1, 7, 1]);
});

test("what has no size of its own is refused where a struct or an array is defined, not where it is used", () => {
  const inStruct: (type: unknown) => unknown = (type) => struct("City", { id: bytes(2), name: type as Type<string> });
  const inArray: (type: unknown) => unknown = (type) => array(type as Type<string>, 3);
  assert.throws(
    () => inStruct(text),
    mistake(
      "invalid-argument",
      /^struct City has a field "name" of the type text, which has no size of its own\. Take utf8\(n\).*interned/,
    ),
  );
  assert.throws(() => inStruct(optional(text)), mistake("invalid-argument", /"name" of the type text/));
  assert.throws(() => inStruct(blob), mistake("invalid-argument", /"name" of the type blob.*bytes\(n\)/));
  assert.throws(() => inArray(text), mistake("invalid-argument", /^array was given elements of the type text/));
  assert.throws(() => inArray(optional(blob)), mistake("invalid-argument", /elements of the type blob/));
  using memory = privateMemory(64);
  assert.throws(() => text.write(memory, 0, "a"), mistake("unsupported", /^the type text has no size of its own/));
  assert.throws(() => blob.read(memory, 0), mistake("unsupported", /^the type blob has no size of its own/));
});
