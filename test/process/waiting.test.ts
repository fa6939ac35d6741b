import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Signal } from "../../src/concurrent/index.ts";
import { KiB } from "../../src/index.ts";
import { isMappingSupported, mapFile } from "../../src/mapped/index.ts";
import { endOf, messageOf, moduleUrl, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const SIGNAL = `import { Signal } from ${JSON.stringify(moduleUrl("concurrent/signal.js"))};
  const memory = mapped.mapFile(args[0], { mode: "readWrite" });
  const [ping, pong] = [new Signal(memory, 0), new Signal(memory, 64)];
  const { i32 } = memory;`;
const ROUNDS = 200;

describe("a signal between processes", { skip: !isMappingSupported() }, () => {
  for (const [title, loop] of [
    [
      "blocks",
      "for (let round = 1; round <= 200; round++) { ping.waitUntil(() => Atomics.load(i32, 1) >= round); Atomics.store(i32, 17, round); pong.raise(); }",
    ],
    [
      "waits in its event loop",
      "for (let round = 1; round <= 200; round++) { await ping.waitUntilAsync(() => Atomics.load(i32, 1) >= round); Atomics.store(i32, 17, round); pong.raise(); }",
    ],
  ]) {
    it(`wakes a process that ${title}, and this one's event loop`, { timeout: 60_000 }, async (context) => {
      const directory = temporaryDirectory(context);
      const path = join(directory, "signals");
      using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: KiB(4) });
      const [ping, pong] = [new Signal(memory, 0), new Signal(memory, 64)];
      const child = startChild(`${SIGNAL} process.send("ready"); ${loop} memory.close(); process.disconnect();`, {
        directory,
        args: [path],
      });
      const ended = endOf(child);
      await messageOf(child);
      for (let round = 1; round <= ROUNDS; round++) {
        Atomics.store(memory.i32, 1, round);
        ping.raise();
        assert.ok(await pong.waitUntilAsync(() => Atomics.load(memory.i32, 17) >= round, { timeoutMs: 30_000 }));
      }
      assert.deepEqual(await ended, [0, null]);
    });
  }

  it("that a process awaits for ever does not keep it from ending when it is told to, nor takes its processor", {
    timeout: 60_000,
  }, async (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "signals");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: KiB(4) });
    assert.equal(memory.byteLength, KiB(4));
    const script = `${SIGNAL}
      ping.waitUntilAsync(() => false);
      pong.waitUntilAsync(() => false);
      setTimeout(() => {
        const before = process.cpuUsage();
        setTimeout(() => {
          const { user, system } = process.cpuUsage(before);
          process.send((user + system) / 1000);
          process.once("message", () => process.exit(7));
        }, 1000);
      }, 200);`;
    const child = startChild(script, { directory, args: [path] });
    const ended = endOf(child);
    const busyMs = await messageOf(child);
    assert.ok(typeof busyMs === "number" && busyMs < 500, `${busyMs} ms of processor time in a second of waiting`);
    child.send("end");
    assert.deepEqual(await ended, [7, null]);
  });
});
