import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { publishFile } from "../../src/mapped/atomic-file.ts";
import { endOf, messageOf, runChild, startChild, withoutKoffi } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Publishes for ever: each version is one byte value over its whole length, and the length tells which. */
const PUBLISH_FOR_EVER = `
  for (let version = 0; ; version += 1) {
    const file = mapped.publishFile(directory + "/out/data");
    const bytes = Buffer.alloc(50_000 + (version % 100), version % 100);
    for (let at = 0; at < bytes.length; at += 10_000) file.write(bytes.subarray(at, at + 10_000), at);
    file.commit();
    if (version === 0) process.send("ready");
  }
`;
const isWhole = (bytes: Buffer): boolean => bytes.every((byte) => byte === bytes.length - 50_000);
const hidden = (directory: string): string[] => readdirSync(directory).filter((name) => name !== "data");

describe("a process that is killed while it publishes", () => {
  for (const { title, named } of [
    { title: "unnamed", named: false },
    { title: "named, as without koffi", named: true },
  ]) {
    test(`leaves the old file or the new one, whole (${title})`, async (t) => {
      const directory = temporaryDirectory(t);
      const out = join(directory, "out");
      mkdirSync(out);
      for (let round = 0; round < 6; round += 1) {
        const child = startChild(PUBLISH_FOR_EVER, { directory, nodeOptions: named ? withoutKoffi(directory) : [] });
        const end = endOf(child);
        await messageOf(child);
        await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 25));
        child.kill("SIGKILL");
        await end;

        assert.ok(isWhole(readFileSync(join(out, "data"))), `round ${round}`);
        // A file without a name has a hidden one from its completion to its renaming, some microseconds; whatever is there then is whole.
        if (!named) for (const name of hidden(out)) assert.ok(isWhole(readFileSync(join(out, name))), name);
        publishFile(join(out, "data")).abort();
        assert.deepEqual(hidden(out), [], `round ${round}`);
      }
    });
  }

  for (const { title, ending, expected } of [
    { title: "ends by itself", ending: "process.exit(3);", expected: { status: 3, signal: null } },
    { title: "ends by an error", ending: 'throw new Error("on purpose");', expected: { status: 1, signal: null } },
    {
      title: "is asked to end",
      ending: 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);',
      expected: { status: null, signal: "SIGTERM" },
    },
    {
      title: "is interrupted",
      ending: 'process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000);',
      expected: { status: null, signal: "SIGINT" },
    },
    {
      title: "is asked to end and has its own way of doing so",
      ending: 'process.on("SIGTERM", () => process.exit(9)); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);',
      expected: { status: 9, signal: null },
    },
  ]) {
    // A file without a name is the kernel's to remove, whatever ends the process: one ending shows it.
    for (const named of title === "ends by an error" ? [false, true] : [true]) {
      test(`leaves no stray file when it ${title} (${named ? "named" : "unnamed"})`, (t) => {
        const directory = temporaryDirectory(t);
        const target = join(directory, "data");
        writeFileSync(target, "old");
        const script = `
          const file = mapped.publishFile(directory + "/data");
          file.write(Buffer.from("new"), 0);
          if (fs.readdirSync(directory).some((name) => name.endsWith(".tmp")) !== ${named}) process.exit(55);
          ${ending}`;
        const { status, signal } = runChild(script, { directory, nodeOptions: named ? withoutKoffi(directory) : [] });
        assert.deepEqual({ status, signal }, expected);
        assert.equal(readFileSync(target, "utf8"), "old");
        assert.deepEqual(
          readdirSync(directory).filter((name) => name.endsWith(".tmp")),
          [],
        );
      });
    }
  }

  test("a hidden name is removed by abort, and its listeners with it", (t) => {
    const directory = temporaryDirectory(t);
    const script = `
      const before = process.listenerCount("SIGTERM") + process.listenerCount("exit");
      const files = [1, 2, 3].map((index) => mapped.publishFile(directory + "/data" + index));
      assert.equal(process.listenerCount("SIGTERM") + process.listenerCount("exit"), before + 2);
      files[0].abort();
      files[1].write(Buffer.from("kept"), 0);
      files[1].commit();
      files[2].abort();
      assert.equal(process.listenerCount("SIGTERM") + process.listenerCount("exit"), before);
      assert.deepEqual(fs.readdirSync(directory).filter((name) => /data|tmp/.test(name)), ["data2"]);`;
    const { status, stderr } = runChild(script, { directory, nodeOptions: withoutKoffi(directory) });
    assert.equal(status, 0, stderr);
  });
});
