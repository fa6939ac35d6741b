import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { attach } from "../../src/mapped/attach.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import type { MappedMemory } from "../../src/mapped/mapped-memory.ts";
import { system } from "../../src/native/system.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const HUGE = 2 ** 21;
const BYTES = 3 * HUGE + 5000;
const content = Buffer.from(Uint32Array.from({ length: BYTES / 4 }, (_, n) => Math.imul(n, 2_654_435_761)).buffer);

function file(directory: string): string {
  const path = join(directory, "file");
  writeFileSync(path, content);
  return path;
}

/** The place in the file less the address, modulo 2 MiB: 0 where large pages can be used. */
function disagreement(memory: MappedMemory, byteOffset: number): number {
  const address = system().addressOf(memory.buffer) + BigInt(memory.bufferByteOffset);
  return Number((BigInt(byteOffset - memory.start) - address) % BigInt(HUGE));
}

describe("a file of some megabytes", () => {
  for (const byteOffset of [0, 8, 5001, 3 * 4096, HUGE + 4096]) {
    test(`lies where the processor can see large pages, from byte ${byteOffset} on`, (t) => {
      const path = file(temporaryDirectory(t));
      for (const mode of ["read", "readWrite", "copyOnWrite"] as const) {
        const memory = mapFile(path, { mode, byteOffset });
        assert.equal(disagreement(memory, byteOffset), 0);
        assert.equal(memory.byteLength - memory.start, BYTES - byteOffset);
        const { start, byteLength, u8 } = memory;
        assert.ok(content.subarray(byteOffset).equals(memory.bytes(start, byteLength - start)));
        assert.equal(u8[start], content[byteOffset]);
        assert.ok(memory.resident() > 0);
        memory.check();
        assert.ok(content.subarray(BYTES - 100).equals(memory.copyOut(byteLength - 100, 100)));
        memory.close();
        assert.equal(u8[start], 0);
      }
    });
  }

  test("grows, moves, and is seen through a ticket", (t) => {
    const path = file(temporaryDirectory(t));
    using memory = mapFile(path, { mode: "readWrite", maxByteLength: 4 * HUGE });
    memory.grow(BYTES + 100_000);
    memory.u8[BYTES + 99_999] = 7;
    using same = attach(memory.ticket());
    using other = attach(JSON.parse(JSON.stringify(memory.ticket())));
    for (const seen of [same, other]) {
      assert.equal(seen.u8[BYTES + 99_999], 7);
      assert.equal(seen.u8[BYTES - 1], content[BYTES - 1]);
      seen.grow(BYTES + 200_000 + 100_000 * Number(seen === other));
      seen.u8[BYTES + 199_999] = 8;
    }
    memory.grow(BYTES + 300_000);
    assert.equal(memory.u8[BYTES + 199_999], 8);
    memory.reserve(5 * HUGE);
    memory.grow(4 * HUGE + 100);
    memory.u8[4 * HUGE + 99] = 9;
    memory.flush(4 * HUGE, 100);
    const now = readFileSync(path);
    assert.deepEqual([now.length, now[4 * HUGE + 99], now[BYTES + 199_999], now[5]], [4 * HUGE + 100, 9, 8, content[5]]);
  });

  test("that is shortened is told of with its lengths, and what is left stays", (t) => {
    const path = file(temporaryDirectory(t));
    using memory = mapFile(path, { byteOffset: 8 });
    truncateSync(path, HUGE + 100);
    const told = { code: "io", numbers: { fileByteLength: BYTES, found: HUGE + 100 } };
    assert.throws(() => memory.copyOut(0, 2 * HUGE), { code: "io" });
    assert.throws(() => memory.check(), told);
    assert.throws(() => memory.check(), told);
    assert.equal(memory.u8[2 * HUGE], 0);
    assert.equal(memory.u8[HUGE + 50], content[HUGE + 58]);
  });
});
