import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { attach as attachInThread, sharedMemory } from "../../src/core/homes.ts";
import type { Ticket } from "../../src/core/ticket.ts";
import { attach } from "../../src/mapped/attach.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { mapScratch } from "../../src/mapped/map-scratch.ts";
import { MappedMemory } from "../../src/mapped/mapped-memory.ts";
import { notOnWindows } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

/** What is left of a ticket that went to another process as JSON. */
const throughJson = (ticket: Ticket): Ticket => JSON.parse(JSON.stringify(ticket));
const coded = (code: string) => (error: unknown) => error instanceof MemoryError && error.code === code;

describe("attach", () => {
  test("takes the ticket of a mapped file, with its buffer or through JSON", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(9000, 7));
    using memory = mapFile(path, { mode: "readWrite", byteOffset: 4101, byteLength: 4000 });
    memory.u8[memory.start] = 1;
    for (const ticket of [structuredClone(memory.ticket()), throughJson(memory.ticket())]) {
      using other = attach(ticket);
      assert.ok(other instanceof MappedMemory);
      assert.equal(other.byteLength, memory.byteLength);
      assert.equal(other.start, memory.start);
      assert.equal(other.u8[other.start], 1);
      other.u8[other.start + 3999] = 2;
      assert.equal(memory.u8[memory.start + 3999], 2);
      memory.u8[memory.start + 3999] = 0;
      other.flush();
      other.advise("willneed");
      using third = attach(throughJson(other.ticket()));
      assert.equal(third.byteLength, memory.byteLength);
    }
  });

  test("sees the growth of the mapping thread, which sees its own", {
    skip: notOnWindows("threads map the file by its path"),
  }, (t) => {
    using memory = mapScratch(temporaryDirectory(t), { byteLength: 10, maxByteLength: 100_000 });
    using other = attach(structuredClone(memory.ticket()));
    memory.grow(50_000);
    memory.u8[49_999] = 3;
    assert.equal(other.byteLength, 50_000);
    assert.equal(other.bytes(49_999, 1)[0], 3);
    other.grow(60_000);
    other.u8[59_999] = 4;
    assert.equal(memory.byteLength, 60_000);
    assert.equal(memory.u8[59_999], 4);
    memory.grow(70_000);
    other.grow(100_000);
    memory.u8[99_999] = 5;
    assert.equal(other.u8[99_999], 5);
  });

  test("through JSON, `grow` takes up what the mapping process has added", () => {
    using memory = mapAnonymous(10, { maxByteLength: 100_000 });
    using other = attach(throughJson(memory.ticket()));
    memory.grow(50_000);
    memory.u8[49_999] = 3;
    assert.equal(other.byteLength, 10);
    other.grow(50_000);
    assert.equal(other.u8[49_999], 3);
    other.grow(90_000);
    other.u8[89_999] = 4;
    memory.grow(90_000);
    assert.equal(memory.u8[89_999], 4);
  });

  test("takes every other ticket as well", () => {
    using memory = sharedMemory(100);
    using other = attach(memory.ticket());
    other.u8[99] = 5;
    assert.equal(memory.u8[99], 5);
  });

  test("from the core takes a mapped ticket with its buffer, and sends one without it here", {
    skip: notOnWindows("tickets carry no buffer"),
  }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(9000, 7));
    using memory = mapFile(path, { byteOffset: 4104 });
    using other = attachInThread(memory.ticket());
    assert.deepEqual([other.byteLength, other.home, other.readOnly], [9000 - 4104, "mapped", true]);
    assert.deepEqual(other.bytes(0, 100), memory.bytes(0, 100));
    assert.throws(
      () => attachInThread(throughJson(memory.ticket())),
      (error) => error instanceof MemoryError && error.code === "unsupported" && /offheap\/mapped/.test(error.cure),
    );
  });

  test("refuses a path that names another file by now", { skip: notOnWindows("a file that is mapped cannot be replaced") }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "old");
    using memory = mapFile(path);
    const ticket = throughJson(memory.ticket());
    writeFileSync(`${path}.new`, "new");
    renameSync(`${path}.new`, path);
    assert.throws(() => attach(ticket), coded("io"));
    using here = attach(memory.ticket());
    assert.equal(Buffer.from(here.bytes(0, 3)).toString(), "old");
  });

  test("shares copies on write with threads, not with processes", {
    skip: notOnWindows("copies on write are the thread's"),
  }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "bytes");
    using memory = mapFile(path, { mode: "copyOnWrite" });
    memory.u8[0] = 66;
    using other = attach(structuredClone(memory.ticket()));
    assert.equal(other.u8[0], 66);
    assert.ok(other instanceof MappedMemory);
    assert.throws(() => other.advise("drop"), coded("invalid-argument"));
    assert.throws(() => attach(throughJson(memory.ticket())), coded("unsupported"));
  });

  test("refuses what is not a ticket", () => {
    assert.throws(() => attach(JSON.parse("{}")), coded("invalid-argument"));
  });
});
