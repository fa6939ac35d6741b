import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { WindowsRanges } from "../../src/native/windows-ranges.ts";
import { FakeWindows, PAGE } from "./fake-windows.ts";

function start(): { readonly windows: FakeWindows; readonly ranges: WindowsRanges } {
  const windows = new FakeWindows();
  const foreign = windows.foreign();
  const lastError = foreign.bind("GetLastError", "u32", []);
  return { windows, ranges: new WindowsRanges(foreign, PAGE, lastError) };
}

describe("ranges of Windows", () => {
  test("a file takes the place of zeros in the middle, and zeros the place of its middle", () => {
    const { windows, ranges } = start();
    const file = windows.open("a");
    const address = ranges.take(6 * PAGE);
    const at = Number(address);
    const content = (): string[] => Array.from({ length: 6 }, (_, page) => windows.contentAt(at + page * PAGE));
    const shown = { handle: file, sharing: "shared", fileByteOffset: 8 * PAGE, byteLength: 3 * PAGE + 5 } as const;
    assert.equal(ranges.showFile(address + BigInt(PAGE), shown), 0);
    assert.deepEqual(content(), ["zeros", "a shared 32768", "a shared 36864", "a shared 40960", "a shared 45056", "zeros"]);
    assert.equal(ranges.showZeros(address + BigInt(2 * PAGE), 2 * PAGE), 0);
    assert.deepEqual(content(), ["zeros", "a shared 32768", "zeros", "zeros", "a shared 45056", "zeros"]);
    assert.deepEqual(
      ranges.piecesIn(address + BigInt(PAGE), 4 * PAGE).map(({ shows }) => (typeof shows === "string" ? shows : shows.byteLength)),
      [PAGE, "zeros", 5],
    );
    ranges.giveBack(address, 6 * PAGE);
    assert.deepEqual([windows.reservedPages, windows.handles], [0, 1]);
  });

  test("all files can be let go of at once", () => {
    const { windows, ranges } = start();
    const file = windows.open("a");
    const addresses = [ranges.take(3 * PAGE), ranges.take(3 * PAGE)];
    for (const address of addresses) {
      const shown = { handle: file, sharing: "shared", fileByteOffset: 0, byteLength: 2 * PAGE } as const;
      assert.equal(ranges.showFile(address + BigInt(PAGE), shown), 0);
    }
    ranges.letGoOfFiles();
    for (const address of addresses) assert.equal(windows.contentAt(Number(address) + PAGE), "zeros");
    assert.deepEqual([windows.reservedPages, windows.handles], [6, 1]);
  });

  test("what cannot be shown leaves zeros, and no handle", () => {
    const { windows, ranges } = start();
    const file = windows.open("a");
    const address = ranges.take(2 * PAGE);
    windows.refusals = 1;
    const shown = { handle: file, sharing: "private", fileByteOffset: 0, byteLength: 2 * PAGE } as const;
    assert.equal(ranges.showFile(address, shown), 1455);
    assert.deepEqual([windows.contentAt(Number(address)), windows.handles], ["zeros", 1]);
    windows.refusals = 2;
    assert.equal(ranges.showFile(address, shown), 1455);
    assert.equal(windows.contentAt(Number(address)), "placeholder");
    assert.equal(ranges.showFile(address, shown), 0, "what shows nothing can be filled later");
    assert.equal(windows.contentAt(Number(address)), "a copied 0");
    assert.equal(ranges.showFile(address, { ...shown, handle: 4n }), 6, "a handle that is none");
    windows.refusals = 1;
    assert.throws(() => ranges.take(PAGE), /1455/);
    ranges.giveBack(address, 2 * PAGE);
    assert.deepEqual([windows.reservedPages, windows.handles], [0, 1]);
  });

  test("any program of placing and taking away shows what it should, and leaves nothing behind", () => {
    const step = fc.record({
      range: fc.nat(3),
      from: fc.nat(11),
      pages: fc.integer({ min: 1, max: 12 }),
      lastBytes: fc.constantFrom(1, 100, PAGE),
      kind: fc.constantFrom("zeros", "shared", "private", "give back"),
      fileByteOffset: fc.nat(2 ** 21).map((page) => page * PAGE),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { windows, ranges } = start();
        const file = windows.open("f");
        const length = 12;
        const models = Array.from({ length: 4 }, () => ({
          address: ranges.take(length * PAGE),
          pages: Array.from({ length }, () => "zeros"),
        }));
        for (const { range, from, pages, lastBytes, kind, fileByteOffset } of steps) {
          const model = models[range];
          const count = Math.min(pages, length - from);
          const address = model.address + BigInt(from * PAGE);
          const byteLength = (count - 1) * PAGE + lastBytes;
          if (kind === "give back") {
            ranges.giveBack(model.address, length * PAGE - 5);
            model.address = ranges.take(length * PAGE - 5);
            model.pages.fill("zeros");
          } else if (kind === "zeros") {
            assert.equal(ranges.showZeros(address, byteLength), 0);
            model.pages.fill("zeros", from, from + count);
          } else {
            assert.equal(ranges.showFile(address, { handle: file, sharing: kind, fileByteOffset, byteLength }), 0);
            for (let page = 0; page < count; page++)
              model.pages[from + page] = `f ${kind === "shared" ? "shared" : "copied"} ${fileByteOffset + page * PAGE}`;
          }
          for (const { address: start, pages: expected } of models) {
            assert.deepEqual(
              expected.map((_, page) => windows.contentAt(Number(start) + page * PAGE)),
              expected,
            );
            const pieces = ranges.piecesIn(start, length * PAGE);
            assert.equal(
              pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0),
              length * PAGE,
            );
          }
        }
        for (const { address } of models) ranges.giveBack(address, length * PAGE);
        assert.deepEqual([windows.reservedPages, windows.handles], [0, 1]);
      }),
      { numRuns: 300 },
    );
  });
});
