import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { attach } from "../../src/mapped/attach.ts";
import { mapMirrored, mirroredByteLength } from "../../src/mapped/map-mirrored.ts";
import { system } from "../../src/native/system.ts";
import { runChild } from "../process/child.ts";
import { type Ending, temporaryDirectory } from "../process/temporary-directory.ts";

const PAGE = system().pageByteLength;

const KINDS: readonly (readonly [string, (t: Ending, byteLength: number) => ReturnType<typeof mapMirrored>])[] = [
  ["anonymous memory", (_, byteLength) => mapMirrored(byteLength)],
  ["a file", (t, byteLength) => mapMirrored(byteLength, { path: join(temporaryDirectory(t), "file"), create: true })],
  [
    "a part of a file",
    (t, byteLength) => mapMirrored(byteLength, { path: join(temporaryDirectory(t), "file"), create: true, byteOffset: 3 * PAGE }),
  ],
];

for (const [title, make] of KINDS) {
  describe(`mirrored memory over ${title}`, () => {
    for (const pages of [1, 3, 16]) {
      test(`shows its ${pages} pages twice in a row`, (t) => {
        const period = pages * PAGE;
        using memory = make(t, period);
        assert.equal(memory.byteLength, 2 * period);
        assert.equal(memory.home, "mapped");
        for (let at = 0; at < period; at += 511) memory.u8[at] = at;
        for (let at = 0; at < period; at += 511) assert.equal(memory.u8[period + at], at & 255);
        memory.u8[2 * period - 1] = 77;
        assert.equal(memory.u8[period - 1], 77);
        memory.f64[period / 8 - 1] = Math.PI;
        assert.equal(memory.f64[(2 * period) / 8 - 1], Math.PI);
        memory.check();
        memory.flush();
        assert.equal(memory.tryGrow(2 * period + 1), false);
      });
    }

    test("holds what goes over its end in one piece, as a model does that wraps", (t) => {
      const period = 2 * PAGE;
      using memory = make(t, period);
      const model = new Uint8Array(period);
      fc.assert(
        fc.property(fc.nat(period - 1), fc.uint8Array({ minLength: 1, maxLength: 3000 }), (at, bytes) => {
          memory.u8.set(bytes, at);
          bytes.forEach((byte, index) => {
            model[(at + index) % period] = byte;
          });
          const start = (at * 7) % period;
          const expected = Uint8Array.from({ length: 500 }, (_, index) => model[(start + index) % period]);
          assert.deepEqual(Uint8Array.from(memory.bytes(start, 500)), expected);
        }),
        { numRuns: 200 },
      );
    });

    test("has one word behind both places: atomics meet", (t) => {
      using memory = make(t, PAGE);
      const { i32 } = memory;
      Atomics.add(i32, 5, 3);
      Atomics.add(i32, PAGE / 4 + 5, 4);
      assert.equal(Atomics.load(i32, 5), 7);
      assert.equal(Atomics.compareExchange(i32, PAGE / 4 + 5, 7, 1), 7);
      assert.equal(i32[5], 1);
    });

    test("is the same for another process, and through a ticket in this one", (t) => {
      using memory = make(t, 2 * PAGE);
      using here = attach(memory.ticket());
      memory.u8[3] = 9;
      assert.equal(here.u8[2 * PAGE + 3], 9);
      const script = `
        const memory = mapped.attach(JSON.parse(args[0]));
        assert.equal(memory.byteLength, ${4 * PAGE});
        assert.equal(memory.u8[${2 * PAGE} + 3], 9);
        memory.u8[${4 * PAGE} - 1] = 5;
        assert.equal(memory.u8[${2 * PAGE} - 1], 5);`;
      const { status, stderr } = runChild(script, { directory: temporaryDirectory(t), args: [JSON.stringify(memory.ticket())] });
      assert.equal(status, 0, stderr);
      assert.equal(memory.u8[2 * PAGE - 1], 5);
    });

    test("can be touched after close and reads zeros", (t) => {
      const memory = make(t, PAGE);
      const { u8 } = memory;
      u8.fill(3);
      memory.close();
      memory.close();
      assert.deepEqual([u8[0], u8[PAGE], u8[2 * PAGE - 1]], [0, 0, 0]);
      u8.fill(4);
    });
  });
}

describe("mirroring", () => {
  test("is of whole pages, and the error tells how many bytes those are", () => {
    assert.equal(mirroredByteLength(1), PAGE);
    assert.equal(mirroredByteLength(PAGE + 1), 2 * PAGE);
    for (const byteLength of [1, 100, PAGE - 1, PAGE + 8]) {
      assert.throws(() => mapMirrored(byteLength), {
        code: "invalid-argument",
        message: new RegExp(`whole pages.*pageByteLength=${PAGE}`),
      });
    }
    for (const byteLength of [0, -PAGE, 1.5, Number.NaN]) {
      assert.throws(() => mapMirrored(byteLength), { code: "invalid-argument" });
      assert.throws(() => mirroredByteLength(byteLength), { code: "invalid-argument" });
    }
  });

  test("changes the part of the file that it is of, and nothing else", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(4 * PAGE, 7));
    using memory = mapMirrored(PAGE, { path, byteOffset: 2 * PAGE });
    memory.u8.fill(1, PAGE - 10, PAGE + 10);
    const bytes = readFileSync(path);
    const changed = [...bytes.keys()].filter((at) => bytes[at] !== 7);
    assert.deepEqual(
      changed,
      [...Array(10).keys()].flatMap((at) => [2 * PAGE + at]).concat([...Array(10).keys()].map((at) => 3 * PAGE - 10 + at)),
    );
    assert.throws(() => mapMirrored(PAGE, { path, byteOffset: 100 }), { code: "invalid-argument" });
    assert.throws(() => mapMirrored(2 * PAGE, { path, byteOffset: 3 * PAGE }), { code: "out-of-bounds" });
    assert.throws(() => mapMirrored(PAGE, { path: `${path}.gone` }), { code: "io" });
    assert.equal(statSync(path).size, 4 * PAGE);
  });
});
