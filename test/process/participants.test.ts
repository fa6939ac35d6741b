import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { attachSharedPool, sharedPool } from "../../src/concurrent/pools/make-shared-pool.ts";
import { f64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import type { MappedMemory } from "../../src/mapped/mapped-memory.ts";
import { participantIn } from "../../src/mapped/participants.ts";
import { endOf, messageOf, moduleUrl, startChild } from "./child.ts";
import { notOnWindows } from "./platform.ts";
import { type Ending, temporaryDirectory } from "./temporary-directory.ts";

const HOMES: readonly (readonly [string, (directory: string) => MappedMemory])[] = [
  ["a mapped file", (directory) => mapFile(join(directory, "file"), { mode: "readWrite", create: true, byteLength: 9000 })],
  ["anonymous memory", () => mapAnonymous(9000)],
];

/** What a participant elsewhere tells of itself. */
interface Told {
  readonly identity: number;
  readonly stamp: number;
}

function told(message: unknown): Told {
  assert.ok(typeof message === "object" && message !== null && "identity" in message && "stamp" in message);
  return { identity: Number(message.identity), stamp: Number(message.stamp) };
}

async function startParticipant(t: Ending, memory: MappedMemory): Promise<{ child: ChildProcess; there: Told }> {
  const script = `
    const memory = mapped.attach(JSON.parse(args[0]));
    const participant = mapped.participantIn(memory);
    process.once("message", (word) => {
      if (word === "close") participant.close();
      if (word === "close memory") memory.close();
      process.send("done");
      process.once("message", () => process.exit(0));
    });
    process.send({ identity: participant.identity, stamp: participant.stamp });`;
  const child = startChild(script, { directory: temporaryDirectory(t), args: [JSON.stringify(memory.ticket())] });
  return { child, there: told(await messageOf(child)) };
}

function startThread(memory: MappedMemory, script: string): Worker {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    import { attach } from ${JSON.stringify(moduleUrl("mapped/attach.js"))};
    import { participantIn } from ${JSON.stringify(moduleUrl("mapped/participants.js"))};
    const participant = participantIn(attach(workerData));
    parentPort.postMessage({ identity: participant.identity, stamp: participant.stamp });
    ${script}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: memory.ticket() });
}

for (const [title, make] of HOMES) {
  describe(`participants in ${title}`, () => {
    test("see each other within a thread, and who has left is gone", (t) => {
      using memory = make(temporaryDirectory(t));
      const [one, other] = [participantIn(memory), participantIn(memory)];
      assert.notEqual(one.identity, other.identity);
      for (const { identity, stamp } of [one, other]) {
        assert.ok(one.isAlive(identity, stamp) && other.isAlive(identity, stamp));
      }
      other.close();
      other.close();
      assert.equal(one.isAlive(other.identity, other.stamp), false);
      assert.equal(other.isAlive(one.identity, one.stamp), true);
      assert.equal(one.isAlive(one.identity, one.stamp), true);
    });

    test("cannot tell of identities that come from elsewhere, and so take them for alive", (t) => {
      using memory = make(temporaryDirectory(t));
      const participant = participantIn(memory);
      for (const identity of [1, process.pid, 2 ** 31 - 1, -1]) assert.equal(participant.isAlive(identity, 0), true);
      const never = participant.identity === -2 ? -3 : -2;
      assert.equal(participant.isAlive(never, 5), false);
    });

    for (const word of ["close", "close memory"]) {
      test(`see another process come, and leave by "${word}"`, async (t) => {
        using memory = make(temporaryDirectory(t));
        const participant = participantIn(memory);
        const { child, there } = await startParticipant(t, memory);
        const end = endOf(child);
        assert.equal(participant.isAlive(there.identity, there.stamp), true);
        const answer = messageOf(child);
        child.send(word);
        await answer;
        assert.equal(participant.isAlive(there.identity, there.stamp), false);
        child.send("end");
        assert.deepEqual(await end, [0, null]);
      });
    }

    for (const signal of ["SIGKILL", "SIGTERM", "SIGSEGV"] as const) {
      const skip = signal === "SIGSEGV" && notOnWindows("it has no such signal");
      test(`see another process end by ${signal}`, { skip }, async (t) => {
        using memory = make(temporaryDirectory(t));
        const participant = participantIn(memory);
        const { child, there } = await startParticipant(t, memory);
        const end = endOf(child);
        assert.equal(participant.isAlive(there.identity, there.stamp), true);
        child.kill(signal);
        assert.deepEqual(await end, [null, signal]);
        assert.equal(participant.isAlive(there.identity, there.stamp), false);
      });
    }

    test("see a process that is stopped as alive", { skip: notOnWindows("it has no such signal") }, async (t) => {
      using memory = make(temporaryDirectory(t));
      const participant = participantIn(memory);
      const { child, there } = await startParticipant(t, memory);
      const end = endOf(child);
      child.kill("SIGSTOP");
      assert.equal(participant.isAlive(there.identity, there.stamp), true);
      child.kill("SIGKILL");
      await end;
      assert.equal(participant.isAlive(there.identity, there.stamp), false);
    });

    for (const [ending, script] of [
      ["returns", ""],
      ["is terminated in a loop", "for (;;);"],
      ["calls process.exit", "process.exit(3);"],
      ["throws", "throw new Error('meant to');"],
    ] as const) {
      test(`see a thread end that ${ending}`, async (t) => {
        using memory = make(temporaryDirectory(t));
        const participant = participantIn(memory);
        const thread = startThread(memory, `${script}`);
        const ended = new Promise((resolve) => thread.once("exit", resolve));
        thread.on("error", () => {});
        const there = told(await new Promise((resolve) => thread.once("message", resolve)));
        if (ending === "is terminated in a loop") {
          assert.equal(participant.isAlive(there.identity, there.stamp), true);
          await thread.terminate();
        }
        await ended;
        assert.equal(participant.isAlive(there.identity, there.stamp), false);
      });
    }
  });
}

describe("taking part", () => {
  test("costs one descriptor a file and thread, and leaves none", { skip: notOnWindows("there is no /proc") }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    writeFileSync(path, "bytes");
    const before = descriptors();
    const memories = [mapFile(path), mapFile(path)];
    const participants = memories.flatMap((memory) => [participantIn(memory), participantIn(memory)]);
    assert.equal(descriptors(), before + 1);
    participants[0].close();
    for (const memory of memories) memory.close();
    assert.equal(descriptors(), before);
    for (const { identity, stamp } of participants)
      assert.equal(participants[3].isAlive(identity, stamp), true, "cannot tell any more");
  });

  test("may who may only read", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "bytes", { mode: 0o444 });
    using reading = mapFile(path);
    const [one, other] = [participantIn(reading), participantIn(reading)];
    assert.equal(one.isAlive(other.identity, other.stamp), true);
    other.close();
    assert.equal(one.isAlive(other.identity, other.stamp), false);
  });

  test("needs the file that is mapped, not another of its name", {
    skip: notOnWindows("a file that is mapped keeps its name"),
  }, (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "file");
    writeFileSync(path, "bytes");
    writeFileSync(join(directory, "other"), "others");
    using memory = mapFile(path);
    renameSync(join(directory, "other"), path);
    assert.throws(() => participantIn(memory), { code: "io", message: /another file under its name/ });
    unlinkSync(path);
    assert.throws(() => participantIn(memory), { code: "io", message: /ENOENT/ });
  });

  test("finds a file without its name where it is kept open to grow", {
    skip: notOnWindows("a file that is mapped keeps its name"),
  }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 100, maxByteLength: 1000 });
    unlinkSync(path);
    const [one, other] = [participantIn(memory), participantIn(memory)];
    other.close();
    assert.equal(one.isAlive(one.identity, one.stamp), true);
    assert.equal(one.isAlive(other.identity, other.stamp), false);
  });

  test("in copies on write makes no sense, and the error says so", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "bytes");
    using memory = mapFile(path, { mode: "copyOnWrite" });
    assert.throws(() => participantIn(memory), { code: "unsupported", message: /seen by nobody else/ });
    memory.close();
    assert.throws(() => participantIn(memory), { code: "closed" });
  });

  test("lets a structure bring back what a killed process held", async (t) => {
    const Point = struct("Point", { x: f64, y: f64 });
    using memory = mapAnonymous(100_000);
    const here = participantIn(memory);
    const options = { capacity: 100, seats: 4 };
    const pool = sharedPool(memory, Point, { ...options, ...here });
    const script = `
      const { attachSharedPool } = await import(${JSON.stringify(moduleUrl("concurrent/pools/make-shared-pool.js"))});
      const { struct } = await import(${JSON.stringify(moduleUrl("layout/struct.js"))});
      const { f64 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
      const memory = mapped.attach(JSON.parse(args[0]));
      const pool = attachSharedPool(memory, struct("Point", { x: f64, y: f64 }), mapped.participantIn(memory));
      pool.add({ x: 1, y: 2 });
      process.send("in");
      process.on("message", () => {});`;
    const child = startChild(script, { directory: temporaryDirectory(t), args: [JSON.stringify(memory.ticket())] });
    const end = endOf(child);
    await messageOf(child);
    assert.equal(pool.recover().seats, 0);
    child.kill("SIGKILL");
    await end;
    assert.equal(pool.recover().seats, 1);
    assert.deepEqual(pool.checkInvariants(), []);
    assert.ok(attachSharedPool(memory, Point, participantIn(memory)));
  });
});
