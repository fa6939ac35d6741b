import assert from "node:assert/strict";
import { test } from "node:test";
import { array } from "../../src/layout/array.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { fingerprint } from "../../src/layout/fingerprint.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, u8, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { utf8 } from "../../src/layout/utf8.ts";

test("the hash is FNV-1a of the UTF-8 bytes, as its authors' test vectors have it", () => {
  assert.equal(fingerprint(""), "cbf29ce484222325");
  assert.equal(fingerprint("a"), "af63dc4c8601ec8c");
  assert.equal(fingerprint("foobar"), "85944171f73967e8");
});

test("equal layouts have equal fingerprints, whatever their types are called", () => {
  const a = struct("Point", { x: f32, y: f32 });
  const b = struct("Vector", { x: f32, y: f32 });
  assert.equal(a.fingerprint, b.fingerprint);
  assert.match(a.fingerprint, /^[0-9a-f]{16}$/);
  assert.equal(a.signature, "{x:f32@0,y:f32@4}#8/4");
});

test("whatever changes what bytes mean changes the fingerprint", () => {
  const layouts = [
    struct("S", { x: f32, y: f32 }),
    struct("S", { y: f32, x: f32 }),
    struct("S", { x: f32, y: u32 }),
    struct("S", { x: f32 }),
    struct("S", { x: array(f32, 2) }),
    struct("S", { x: f32, y: optional(f32) }),
    struct("S", { x: struct("T", { x: f32, y: f32 }) }),
    struct("S", { x: utf8(8) }),
    struct("S", { x: array(u8, 8) }),
    struct("S", { x: enumOf("a", "b") }),
    struct("S", { x: enumOf("b", "a") }),
    struct("S", { x: enumOf("a|b") }),
    struct("S", { "x:f32@0,y": f32 }),
  ];
  const signatures = layouts.map(({ signature }) => signature);
  assert.equal(new Set(signatures).size, layouts.length, signatures.join("\n"));
  assert.equal(new Set(layouts.map((type) => type.fingerprint)).size, layouts.length);
});
