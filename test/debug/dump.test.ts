import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { dump } from "../../src/debug/dump.ts";
import { array } from "../../src/layout/array.ts";
import { bool } from "../../src/layout/bool.ts";
import { f32, u8, u16, u64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { utf8 } from "../../src/layout/utf8.ts";

test("bytes are shown sixteen a line, with their offsets and their ASCII", () => {
  using memory = privateMemory(64);
  memory.u8.set(
    Array.from("offheap!\n\u007f", (char) => char.charCodeAt(0)),
    16,
  );
  assert.equal(
    dump(memory, 16, 19),
    [
      "000010  6f 66 66 68 65 61 70 21  0a 7f 00 00 00 00 00 00  offheap!........",
      "000020  00 00 00                                          ...",
    ].join("\n"),
  );
  assert.equal(dump(memory, 16, 0), "");
});

test("with a type every field has a line: where, what, its bytes and its value", () => {
  const Inner = struct("Inner", { on: bool, level: u16 });
  const Row = struct("Row", { x: f32, name: utf8(4), inner: Inner, pair: array(u8, 2), parts: array(Inner, 2), id: u64 });
  using memory = privateMemory(256);
  const value = {
    x: 1.5,
    name: "abc",
    inner: { on: true, level: 513 },
    pair: [7, 9],
    parts: [{ level: 1 }, { on: true }],
    id: 5n,
  };
  Row.write(memory, 64, value);
  assert.equal(
    dump(memory, 64, Row.byteSize + 3, Row),
    [
      "000040  x               f32      00 00 c0 3f  1.5",
      '000044  name            utf8(4)  61 62 63 00  "abc"',
      "000048  inner.on        bool     01  true",
      "00004a  inner.level     u16      01 02  513",
      "00004c  pair            u8[2]    07 09  [7, 9]",
      "00004e  parts[0].on     bool     00  false",
      "000050  parts[0].level  u16      01 00  1",
      "000052  parts[1].on     bool     01  true",
      "000054  parts[1].level  u16      00 00  0",
      "000058  id              u64      05 00 00 00 00 00 00 00  5n",
    ].join("\n"),
  );
});

test("several values are shown one behind another, and bytes that are no value say so", () => {
  const Name = struct("Name", { text: utf8(2) });
  using memory = privateMemory(64);
  memory.u8.set([0x61, 0x62, 0xff, 0xfe], 8);
  const [first, second] = dump(memory, 8, 4, Name).split("\n");
  assert.match(first, /^000008 {2}text {2}utf8\(2\) {2}61 62 {2}"ab"$/);
  assert.match(second, /^00000a {2}text {2}utf8\(2\) {2}ff fe {2}\S/);
});

test("what is not there is refused", () => {
  using memory = privateMemory(64);
  assert.throws(() => dump(memory, 60, 8), { code: "out-of-bounds" });
  assert.throws(() => dump(memory, 0, -1), { code: "invalid-argument" });
});
