import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import { loadStored, type StoredFile, saveStored } from "../../src/core/stored-file.ts";

/** A handle as browsers have them: what is written shows when the writer is closed, and not if it is aborted. */
function handleOf(
  bytes: Uint8Array<ArrayBuffer>,
  failing?: { readonly at: number; readonly name: string },
): StoredFile & { bytes: Uint8Array<ArrayBuffer> } {
  return {
    name: "stored",
    bytes,
    async getFile() {
      const now = this.bytes;
      return {
        size: now.length,
        slice: (start, end) => ({
          arrayBuffer: async () => {
            if (failing !== undefined && start >= failing.at) throw Object.assign(new Error("refused"), { name: failing.name });
            return now.slice(start, end).buffer;
          },
        }),
      };
    },
    async createWritable() {
      const parts: number[] = [];
      return {
        write: async (part) => {
          assert.ok(part.buffer instanceof ArrayBuffer, "browsers refuse views of shared memory");
          if (failing !== undefined && parts.length >= failing.at)
            throw Object.assign(new Error("refused"), { name: failing.name });
          for (const byte of part) parts.push(byte);
        },
        close: async () => {
          this.bytes = Uint8Array.from(parts);
        },
        abort: async () => {},
      };
    },
  };
}

describe("a browser's file", () => {
  for (const make of [privateMemory, sharedMemory]) {
    test(`is saved from ${make.name} and loaded again`, async () => {
      const handle = handleOf(new Uint8Array(0));
      using memory = make(5000);
      memory.u8.set([1, 2, 3], 4997);
      await saveStored(memory, handle);
      assert.equal(handle.bytes.length, 5000);
      using loaded = await loadStored(handle, { maxByteLength: 10_000 });
      assert.equal(loaded.byteLength, 5000);
      assert.deepEqual([...loaded.bytes(4996, 4)], [0, 1, 2, 3]);
      loaded.grow(10_000);
    });
  }

  test("of more than one part comes whole", async () => {
    const handle = handleOf(Uint8Array.from({ length: 5_000_000 }, (_, at) => at * 13));
    using loaded = await loadStored(handle);
    assert.deepEqual(
      [loaded.byteLength, loaded.u8[4_999_999], loaded.u8[4_194_304]],
      [5_000_000, (4_999_999 * 13) & 255, (4_194_304 * 13) & 255],
    );
  });

  test("may be empty", async () => {
    const handle = handleOf(new Uint8Array(0));
    using loaded = await loadStored(handle);
    assert.equal(loaded.byteLength, 0);
    await saveStored(loaded, handle);
    assert.equal(handle.bytes.length, 0);
  });

  test("that the browser refuses is an error with its name, and what was there stays", async () => {
    const before = Uint8Array.of(1, 2, 3);
    using memory = privateMemory(10);
    const unreadable = handleOf(before, { at: 0, name: "NotReadableError" });
    await assert.rejects(loadStored(unreadable), { code: "io", message: /NotReadableError/ });
    const full = handleOf(before, { at: 0, name: "QuotaExceededError" });
    await assert.rejects(saveStored(memory, full), { code: "disk-full", message: /QuotaExceededError/ });
    assert.equal(full.bytes, before);
    memory.close();
    await assert.rejects(saveStored(memory, handleOf(before)), { code: "closed" });
  });
});
