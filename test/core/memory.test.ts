import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryError } from "../../src/core/errors.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { ELEMENT_BYTES, Memory, type ViewName } from "../../src/core/memory.ts";
import { HOMES } from "../conformance/homes.ts";

const NAMES: readonly ViewName[] = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64", "i64", "u64"];

for (const { title, home, create } of HOMES) {
  test(`${title}: all views look at the same bytes, little-endian`, () => {
    using memory = create(64);
    assert.equal(memory.home, home);
    memory.u32[0] = 0x0403_0201;
    assert.deepEqual([...memory.bytes(0, 4)], [1, 2, 3, 4]);
    memory.f64[1] = -0.5;
    assert.equal(memory.u64[1], 0xbfe0_0000_0000_0000n);
    memory.i64[2] = -2n;
    assert.deepEqual([memory.i8[16], memory.i16[8], memory.i32[4], memory.u16[9]], [-2, -2, -2, 0xffff]);
    memory.f32[7] = 1.5;
    assert.equal(memory.slice("f32", 28, 1)[0], 1.5);
  });

  test(`${title}: starts zeroed, and grows to its reservation without losing a byte`, () => {
    using memory = create(65_536, 4 * 65_536);
    assert.equal(memory.byteLength, 65_536);
    assert.ok(memory.bytes(0, 65_536).every((byte) => byte === 0));
    memory.u8.fill(7, 0, 65_536);
    memory.grow(65_537);
    assert.ok(memory.byteLength >= 65_537);
    memory.grow(4 * 65_536);
    assert.equal(memory.byteLength, 4 * 65_536);
    assert.ok(memory.bytes(0, 65_536).every((byte) => byte === 7));
    assert.ok(memory.bytes(65_536, 3 * 65_536).every((byte) => byte === 0));
    memory.u8[4 * 65_536 - 1] = 1;
    assert.equal(memory.bytes(4 * 65_536 - 1, 1)[0], 1);
  });

  test(`${title}: growing past the reservation is refused, and nothing has changed; growing to less changes nothing`, () => {
    using memory = create(65_536, 2 * 65_536);
    assert.equal(memory.tryGrow(2 * 65_536 + 1), false);
    assert.throws(() => memory.grow(2 * 65_536 + 1), {
      name: "MemoryError",
      code: "out-of-memory",
      message: /cannot grow past its reservation \(byteLength=131073, committed=65536, maxByteLength=131072\)\. Reserve more/,
    });
    assert.equal(memory.tryGrow(10), true);
    assert.equal(memory.byteLength, 65_536);
    for (const bad of [-1, 1.5, Number.NaN]) {
      assert.throws(() => memory.tryGrow(bad), { name: "MemoryError", code: "invalid-argument" });
    }
  });

  test(`${title}: ranges outside the committed bytes are refused, with the numbers`, () => {
    using memory = create(65_536, 2 * 65_536);
    memory.checkRange(0, 65_536);
    memory.checkRange(65_536, 0);
    const bad: [number, number][] = [
      [0, 65_537],
      [65_536, 1],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, 0.5],
      [Number.NaN, 1],
      [0, Number.NaN],
      [2 ** 53, 1],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [Number.POSITIVE_INFINITY, 0],
    ];
    for (const [byteOffset, byteLength] of bad) {
      for (const use of ["checkRange", "bytes"] as const) {
        assert.throws(
          () => memory[use](byteOffset, byteLength),
          { name: "MemoryError", code: "out-of-bounds" },
          `${byteOffset} ${byteLength}`,
        );
      }
    }
    assert.throws(() => memory.bytes(65_530, 8), {
      message: /has no such range of bytes \(byteOffset=65530, byteLength=8, committed=65536\)\. Stay within/,
    });
  });

  test(`${title}: slices of each view are checked for range and alignment`, () => {
    using memory = create(64);
    for (const name of NAMES) {
      const elementBytes = ELEMENT_BYTES[name];
      const slice = memory.slice(name, elementBytes, 2);
      assert.equal(slice.length, 2);
      assert.equal(slice.byteOffset, elementBytes);
      assert.throws(() => memory.slice(name, 0, memory.byteLength / elementBytes + 1), {
        name: "MemoryError",
        code: "out-of-bounds",
      });
      for (const length of [-1, 0.5, Number.NaN]) {
        assert.throws(() => memory.slice(name, 0, length), { name: "MemoryError", code: "out-of-bounds" }, `${name} ${length}`);
      }
      if (elementBytes > 1) {
        assert.throws(() => memory.slice(name, 1, 1), { name: "MemoryError", code: "invalid-argument", message: /misaligned/ });
      }
    }
  });

  test(`${title}: after close every use throws, and a typed array taken out before does no harm`, () => {
    const memory = create(64, 65_536);
    const { subject, byteLength } = memory;
    const taken = memory.f64;
    memory.close();
    memory.close();
    assert.equal(memory.closed, true);
    assert.equal(memory.subject, subject);
    assert.equal(memory.byteLength, byteLength, "the length can still be told");
    const uses: Record<string, () => unknown> = {
      bytes: () => memory.bytes(0, 1),
      slice: () => memory.slice("u8", 0, 1),
      checkRange: () => memory.checkRange(0, 0),
      grow: () => memory.grow(1),
      tryGrow: () => memory.tryGrow(1),
      ticket: () => memory.ticket(),
      buffer: () => memory.buffer,
      openLease: () => memory.openLease("late"),
      addDependent: () => memory.addDependent({ memoryMoved() {}, memoryClosed() {} }),
    };
    for (const name of NAMES) uses[name] = () => memory[name];
    for (const [name, use] of Object.entries(uses)) {
      assert.throws(use, { name: "MemoryError", code: "closed", message: `${subject} was used after close(). ${CURE}` }, name);
    }
    assert.ok(taken[0] === 0 || taken[0] === undefined);
    taken[0] = 1;
  });

  test(`${title}: random growth and writes agree with an array`, () => {
    const step = fc.oneof(
      fc.record({ grow: fc.integer({ min: 0, max: 200_000 }) }),
      fc.record({ at: fc.integer({ min: 0, max: 200_000 }), byte: fc.integer({ min: 0, max: 255 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        using memory = create(65_536, 3 * 65_536);
        const lease = memory.openLease("lease");
        const model = new Map<number, number>();
        let committed = 65_536;
        for (const given of steps) {
          if ("grow" in given) {
            assert.equal(memory.tryGrow(given.grow), given.grow <= 3 * 65_536);
            if (given.grow <= 3 * 65_536) committed = Math.max(committed, given.grow);
            assert.ok(memory.byteLength >= committed && memory.byteLength <= memory.maxByteLength);
          } else if (given.at < memory.byteLength) {
            memory.u8[given.at] = given.byte;
            model.set(given.at, given.byte);
          } else {
            assert.throws(() => memory.checkRange(given.at, 1), { code: "out-of-bounds" });
          }
          for (const [at, byte] of model) {
            assert.equal(memory.u8[at], byte);
            assert.equal(lease.u8[at], byte);
            assert.equal(memory.bytes(at, 1)[0], byte);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
}

const CURE = "Keep it open for as long as its views, cursors and structures are used.";

test("dependents hear of close once, before the bytes are let go, and not after they were removed", () => {
  const told: string[] = [];
  const memory = backed({ release: () => told.push("released") });
  memory.addDependent({ memoryMoved() {}, memoryClosed: () => told.push("first") });
  const removed = { memoryMoved() {}, memoryClosed: () => told.push("removed") };
  memory.addDependent(removed);
  memory.removeDependent(removed);
  memory.close();
  memory.close();
  assert.deepEqual(told, ["first", "released"]);
});

test("the bytes are let go even when a dependent throws", () => {
  const told: string[] = [];
  const memory = backed({ release: () => told.push("released") });
  memory.addDependent({
    memoryMoved() {},
    memoryClosed() {
      throw new Error("dependent");
    },
  });
  assert.throws(() => memory.close(), { message: "dependent" });
  assert.deepEqual(told, ["released"]);
  assert.equal(memory.closed, true);
});

test("what the operating system refuses is thrown by tryGrow too, a reservation shorter than promised is not", () => {
  const refuse = (code: "disk-full" | "out-of-memory") =>
    backed({
      commit: () => {
        throw new MemoryError(code, { subject: "file", event: "refused", cure: "Wait." });
      },
    });
  using full = refuse("disk-full");
  assert.throws(() => full.tryGrow(100), { code: "disk-full" });
  assert.throws(() => full.grow(100), { code: "disk-full" });
  assert.equal(full.byteLength, 64);
  using short = refuse("out-of-memory");
  assert.equal(short.tryGrow(100), false);
  assert.throws(() => short.grow(100), { code: "out-of-memory", message: /refused/ });
});

test("a memory may begin inside its buffer: nothing before it can be reached", () => {
  using memory = backed({ bufferByteOffset: 32, maxByteLength: 96 });
  memory.u8[0] = 1;
  memory.slice("f64", 8, 1)[0] = 2.5;
  assert.equal(memory.bufferByteOffset, 32);
  assert.equal(new Uint8Array(memory.buffer)[32], 1);
  assert.equal(new Float64Array(memory.buffer)[5], 2.5);
  assert.equal(memory.bytes(0, 1).byteOffset, 32);
  assert.equal(memory.u8.length, 96);
});

test("`using` closes the memory", () => {
  let escaped: Memory | undefined;
  {
    using memory = privateMemory(8);
    escaped = memory;
  }
  assert.equal(escaped.closed, true);
});

/** A memory of 64 bytes in a buffer of 128, whose home behaves as told. */
function backed(behaviour: {
  readonly release?: () => void;
  readonly commit?: (byteLength: number) => void;
  readonly bufferByteOffset?: number;
  readonly maxByteLength?: number;
}): Memory {
  const buffer = new ArrayBuffer(128);
  return new Memory({
    home: "private",
    subject: "file",
    readOnly: false,
    maxByteLength: 128,
    buffer: () => buffer,
    byteLength: () => 64,
    commit: () => {},
    release: () => {},
    ticket: () => {
      throw new Error("no ticket");
    },
    ...behaviour,
  });
}
