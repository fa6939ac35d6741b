import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MiB } from "../../src/core/size.ts";
import { endOf, messageOf, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("a file that another program shortens while it is read", () => {
  for (const reading of ["mapped", "copied"] as const) {
    test(`is an error at the next slide and not the end of the process (${reading})`, async (t) => {
      const directory = temporaryDirectory(t);
      const path = join(directory, "log");
      writeFileSync(path, Buffer.alloc(MiB(8), 7));
      const script = `
        const window = mapped.mapWindow(directory + "/log", { byteLength: 65_536, reading: ${JSON.stringify(reading)} });
        window.slide(0);
        process.once("message", () => {
          assert.throws(() => window.slide(${MiB(4)}), (error) => error.code === "io" && /shortened/.test(error.message));
          assert.throws(() => window.slide(0), { code: "io" });
          assert.ok(window.memory.u8.every((byte) => byte === 0));
          process.send("survived", () => process.exit(0));
        });
        process.send("ready");`;
      const child = startChild(script, { directory });
      const end = endOf(child);
      await messageOf(child);
      truncateSync(path, 100_000);
      child.send("go on");
      assert.equal(await messageOf(child), "survived");
      assert.deepEqual(await end, [0, null]);
    });
  }

  test("never ends the process that copies, at whatever moment it is shortened and written again", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "log");
    writeFileSync(path, Buffer.alloc(MiB(2), 7));
    const script = `
      process.once("message", () => stopped = true);
      let stopped = false, whole = 0, shortened = 0;
      process.send("ready");
      while (!stopped) {
        const window = mapped.mapWindow(directory + "/log", { byteLength: 65_536, reading: "copied" });
        try {
          for (let at = 0; at < window.fileByteLength; ) {
            at += window.slide(at);
            for (let index = window.start; index < window.end; index += 512) window.memory.u8[index] ^= 1;
          }
          whole += 1;
        } catch (error) {
          assert.equal(error.code, "io", error.message);
          shortened += 1;
        } finally {
          window.close();
        }
        await new Promise(setImmediate);
      }
      process.send({ whole, shortened }, () => process.exit(0));`;
    const child = startChild(script, { directory });
    const end = endOf(child);
    await messageOf(child);
    for (let round = 0; round < 100; round += 1) {
      truncateSync(path, 4096 * (round % 50) + 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      truncateSync(path, MiB(2));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const answer = messageOf(child);
    child.send("stop");
    const found = await answer;
    assert.ok(typeof found === "object" && found !== null && "whole" in found && Number(found.whole) > 0);
    assert.deepEqual(await end, [0, null]);
  });
});
