import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { attach, privateMemory, sharedMemory, wasmMemory } from "../../src/core/homes.ts";
import { GiB } from "../../src/core/size.ts";

interface RawMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The part of the WebAssembly API that these tests use; the compiler's library here has no host types. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared?: boolean }) => RawMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly load: (byteOffset: number) => number } };
};

const PAGE = 65_536;

for (const [name, make] of [
  ["privateMemory", privateMemory],
  ["sharedMemory", sharedMemory],
] as const) {
  test(`${name}: zero bytes, odd lengths, and a reservation far larger than what is used`, () => {
    using none = make(0);
    assert.deepEqual([none.byteLength, none.maxByteLength, none.u8.length], [0, 0, 0]);
    using odd = make(5);
    assert.deepEqual([odd.byteLength, odd.u8.length, odd.u16.length, odd.f64.length], [5, 5, 2, 0]);
    using large = make(16, { maxByteLength: GiB(1) });
    assert.deepEqual([large.byteLength, large.maxByteLength], [16, GiB(1)]);
    large.grow(GiB(1));
    large.u8[GiB(1) - 1] = 3;
    assert.equal(large.bytes(GiB(1) - 1, 1)[0], 3);
  });

  test(`${name}: lengths that are no lengths are refused before anything is reserved`, () => {
    for (const byteLength of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      assert.throws(() => make(byteLength), { name: "MemoryError", code: "invalid-argument", subject: name }, String(byteLength));
      assert.throws(
        () => make(0, { maxByteLength: byteLength }),
        { name: "MemoryError", code: "invalid-argument" },
        String(byteLength),
      );
    }
    assert.throws(() => make(10, { maxByteLength: 9 }), {
      message: /maxByteLength \(maxByteLength=9, least=10, most=9007199254740991\)/,
    });
  });

  test(`${name}: what the engine cannot reserve is one clear error, and 8 GiB either work or are one`, () => {
    assert.throws(() => make(2 ** 52), {
      name: "MemoryError",
      code: "out-of-memory",
      message: /was refused by the engine \(byteLength=4503599627370496\)/,
    });
    let refused: unknown;
    try {
      using large = make(8, { maxByteLength: GiB(8) });
      large.grow(GiB(8));
      large.u8[GiB(8) - 1] = 3;
      assert.equal(large.u8[GiB(8) - 1], 3);
    } catch (error) {
      refused = error;
    }
    if (refused !== undefined) {
      assert.ok(refused instanceof MemoryError, String(refused));
      assert.match(refused.message, /Node 20 ends at 4 GiB/);
    }
  });
}

test("a private memory has no ticket, and says what has one", () => {
  using memory = privateMemory(8);
  assert.throws(() => memory.ticket(), { name: "MemoryError", code: "unsupported", message: /Make it with sharedMemory/ });
  using unshared = wasmMemory(new WebAssembly.Memory({ initial: 1, maximum: 1 }));
  assert.throws(() => unshared.ticket(), { name: "MemoryError", code: "unsupported", subject: "unshared WebAssembly memory" });
});

for (const shared of [false, true]) {
  const title = shared ? "shared WebAssembly memory" : "unshared WebAssembly memory";
  const raw = (initial: number, maximum: number) => new WebAssembly.Memory({ initial, maximum, shared });

  test(`${title}: the module reads what offheap writes`, () => {
    const instanceMemory = raw(1, 2);
    // (module (import "m" "mem" (memory 1)) (func (export "load") (param i32) (result i32) local.get 0 i32.load)), with the
    // limits that a shared memory must declare.
    const limits = shared ? [0x03, 1, 2] : [0x00, 1];
    const module = new WebAssembly.Module(
      new Uint8Array([
        ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...[0x01, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
        ...[0x02, 8 + limits.length, 1, 1, 0x6d, 3, 0x6d, 0x65, 0x6d, 0x02, ...limits],
        ...[0x03, 2, 1, 0],
        ...[0x07, 8, 1, 4, 0x6c, 0x6f, 0x61, 0x64, 0, 0],
        ...[0x0a, 9, 1, 7, 0, 0x20, 0, 0x28, 2, 0, 0x0b],
      ]),
    );
    const { load } = new WebAssembly.Instance(module, { m: { mem: instanceMemory } }).exports;
    using memory = wasmMemory(instanceMemory);
    memory.i32[3] = -123;
    assert.equal(load(12), -123);
    memory.grow(2 * PAGE);
    memory.i32[PAGE / 4] = 456;
    assert.equal(load(PAGE), 456);
  });

  test(`${title}: growth by the module is followed`, () => {
    const instanceMemory = raw(1, 4);
    using memory = wasmMemory(instanceMemory);
    const lease = memory.openLease("arena");
    let moved = 0;
    memory.addDependent({ memoryMoved: () => moved++, memoryClosed() {} });
    memory.u8[9] = 5;
    instanceMemory.grow(1);
    assert.equal(memory.bytes(9, 1)[0], 5);
    assert.equal(memory.byteLength, 2 * PAGE);
    assert.equal(memory.u8[9], 5);
    assert.equal(lease.u8[9], 5);
    assert.equal(memory.u8.length, 2 * PAGE);
    assert.equal(moved, 1);
    memory.checkRange(PAGE, PAGE);
    memory.grow(3 * PAGE);
    assert.deepEqual([memory.u8.length, lease.u8.length, moved], [3 * PAGE, 3 * PAGE, 2]);
  });

  test(`${title}: the maximum that it was made with ends growth, by false or by an error, and the memory works on`, () => {
    using memory = wasmMemory(raw(1, 2));
    assert.equal(memory.maxByteLength, GiB(4));
    assert.equal(memory.tryGrow(2 * PAGE + 1), false);
    assert.throws(() => memory.grow(2 * PAGE + 1), {
      name: "MemoryError",
      code: "out-of-memory",
      message: /was refused more pages by the engine \(byteLength=131073, pages=2\)\. Raise the `maximum`/,
    });
    assert.equal(memory.byteLength, PAGE);
    assert.equal(memory.tryGrow(2 * PAGE), true);
  });

  test(`${title}: byteLength never passes maxByteLength, though pages are whole`, () => {
    using memory = wasmMemory(raw(1, 4), { maxByteLength: PAGE + 100 });
    memory.grow(PAGE + 1);
    assert.equal(memory.byteLength, PAGE + 100);
    memory.checkRange(PAGE, 100);
    assert.throws(() => memory.checkRange(PAGE, 101), { code: "out-of-bounds" });
    assert.throws(() => wasmMemory(raw(2, 4), { maxByteLength: PAGE }), { code: "invalid-argument" });
  });

  test(`${title}: close leaves it to its owner`, () => {
    const instanceMemory = raw(1, 1);
    const memory = wasmMemory(instanceMemory);
    memory.u8[0] = 1;
    memory.close();
    assert.equal(new Uint8Array(instanceMemory.buffer)[0], 1);
  });
}

test("wasmMemory and attach refuse what is not what they need", () => {
  for (const value of [undefined, null, {}, { buffer: 5 }, { buffer: new ArrayBuffer(8) }, new ArrayBuffer(8)]) {
    // @ts-expect-error: a program without types can pass anything
    assert.throws(() => wasmMemory(value), { name: "MemoryError", code: "invalid-argument", subject: "wasmMemory" });
    // @ts-expect-error: a program without types can pass anything
    assert.throws(() => attach(value), { name: "MemoryError", code: "invalid-argument", subject: "attach" });
  }
});
