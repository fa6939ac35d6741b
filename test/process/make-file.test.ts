import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { type FileMaker, openOrMake } from "../../src/mapped/make-file.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/**
 * A file of 9 bytes: "UNFINISHD" while it is made, "whole" and four digits that tell who made it afterwards. `step` is called before each step
 * that making it takes.
 */
const MAKER = `
  const { openOrMake } = await import(${JSON.stringify(moduleUrl("mapped/make-file.js"))});
  const maker = (step, id = "0000") => ({
    look(fd, byteLength) {
      const bytes = Buffer.alloc(9);
      fs.readSync(fd, bytes, 0, 9, 0);
      if (byteLength === 0 || bytes.toString().startsWith("UNF")) return "unfinished";
      if (bytes.toString().startsWith("whole")) return "whole";
      throw new Error("foreign");
    },
    make({ fd }) {
      step("begin");
      fs.writeSync(fd, "UNF", 0);
      step("mark");
      fs.writeSync(fd, "UNFINISHD", 0);
      step("content");
      fs.writeSync(fd, id, 5);
      step("sync");
      fs.fsyncSync(fd);
      step("header");
      fs.writeSync(fd, "whole", 0);
      step("made");
    },
  });
  const path = directory + "/file";
`;

const STEPS = ["begin", "mark", "content", "sync", "header", "made"];

describe("a file that is made once", () => {
  for (const step of STEPS) {
    test(`is made by the next when its maker is killed at "${step}"`, (t) => {
      const directory = temporaryDirectory(t);
      const killed = runChild(
        `${MAKER} openOrMake("file", path, maker((step) => { if (step === args[0]) process.kill(process.pid, "SIGKILL"); }, "1111"));`,
        { directory, args: [step] },
      );
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
      const next = runChild(
        `${MAKER} const { fd, made } = openOrMake("file", path, maker(() => {}, "2222")); fs.closeSync(fd); console.log(made);`,
        { directory },
      );
      assert.equal(next.status, 0, next.stderr);
      assert.equal(next.stdout.trim(), String(step !== "made"));
      assert.equal(readFileSync(join(directory, "file"), "utf8"), step === "made" ? "whole1111" : "whole2222");
    });

    test(`is made by one who waits when its maker is killed at "${step}"`, async (t) => {
      const directory = temporaryDirectory(t);
      const maker = startChild(
        `${MAKER} openOrMake("file", path, maker((step) => { if (step === args[0]) { fs.writeFileSync(directory + "/there", ""); for (;;); } }, "1111"));`,
        { directory, args: [step] },
      );
      const end = endOf(maker);
      while (!existsSync(join(directory, "there"))) await new Promise((resolve) => setTimeout(resolve, 2));
      const waiting = startChild(
        `${MAKER} process.send("waits", () => { const { made } = openOrMake("file", path, maker(() => {}, "2222")); process.send({ made }, () => process.exit(0)); });`,
        { directory },
      );
      assert.equal(await messageOf(waiting), "waits");
      const answer = messageOf(waiting);
      await new Promise((resolve) => setTimeout(resolve, 30));
      maker.kill("SIGKILL");
      assert.deepEqual(await answer, { made: step !== "made" });
      await end;
      assert.equal(readFileSync(join(directory, "file"), "utf8"), step === "made" ? "whole1111" : "whole2222");
    });
  }

  test("is made by one of many who come at once", async (t) => {
    const directory = temporaryDirectory(t);
    const script = `${MAKER}
      const { fd, made } = openOrMake("file", path, maker(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5), String(args[0])));
      assert.equal(fs.readFileSync(path, "utf8").slice(0, 5), "whole");
      process.send({ made, id: args[0] }, () => process.exit(0));`;
    const answers = await Promise.all(
      ["1001", "1002", "1003", "1004", "1005", "1006"].map((id) => messageOf(startChild(script, { directory, args: [id] }))),
    );
    const makers = answers.filter(
      (answer) => typeof answer === "object" && answer !== null && "made" in answer && answer.made === true,
    );
    assert.equal(makers.length, 1, JSON.stringify(answers));
    assert.deepEqual(makers, [{ made: true, id: readFileSync(join(directory, "file"), "utf8").slice(5) }]);
  });

  test("is gone again when making it fails, unless something was there", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "file");
    const failing: FileMaker = {
      look: () => "unfinished",
      make: () => {
        throw new Error("no");
      },
    };
    const before = readdirSync("/proc/self/fd").length;
    assert.throws(() => openOrMake("file", path, failing), /no/);
    assert.equal(existsSync(path), false);
    writeFileSync(path, "there");
    assert.throws(() => openOrMake("file", path, failing), /no/);
    assert.equal(readFileSync(path, "utf8"), "there");
    assert.throws(
      () => openOrMake("file", directory, failing),
      (error) => error instanceof MemoryError && error.code === "io",
    );
    assert.equal(readdirSync("/proc/self/fd").length, before, "no descriptor is left");
  });

  test("of somebody else is refused as `look` says, and stays", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), "something");
    const { status, stderr } = runChild(`${MAKER} assert.throws(() => openOrMake("file", path, maker(() => {})), /foreign/);`, {
      directory,
    });
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(directory, "file"), "utf8"), "something");
  });

  test("is not waited for for ever", async (t) => {
    const directory = temporaryDirectory(t);
    const maker = startChild(
      `${MAKER} openOrMake("file", path, maker((step) => { if (step === "header") { fs.writeFileSync(directory + "/there", ""); for (;;); } }));`,
      { directory },
    );
    const end = endOf(maker);
    while (!existsSync(join(directory, "there"))) await new Promise((resolve) => setTimeout(resolve, 2));
    const { status, stderr } = runChild(
      `${MAKER} assert.throws(() => openOrMake("the file", path, { ...maker(() => {}), timeoutMs: 50 }), { code: "locked", message: /the file is in use/ });`,
      { directory },
    );
    maker.kill("SIGKILL");
    await end;
    assert.equal(status, 0, stderr);
  });
});

/** How a file of each kind is made at `directory + "/new"`. */
const KINDS = {
  "hash table": `
    const { openTable } = await import(${JSON.stringify(moduleUrl("mapped/table/open-table.js"))});
    const { u32 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
    const open = () => openTable(directory + "/new", { key: u32, value: u32 });`,
  segment: `
    const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
    const open = () => openSegment(directory + "/new", { reserve: 65_536 });`,
  interner: `
    const { openInterner } = await import(${JSON.stringify(moduleUrl("mapped/interner/open-interner.js"))});
    const open = () => openInterner(directory + "/new");`,
};
const REPLACED = `const { syncBuiltinESMExports } = await import("node:module");`;

for (const [name, opening] of Object.entries(KINDS)) {
  describe(`a new ${name} file`, () => {
    test("has its bytes and then its name on the disk when it is open", (t) => {
      const { status, stderr } = runChild(
        `${REPLACED} ${opening}
         const { fsyncSync } = fs, saved = [];
         fs.fsyncSync = (fd) => { fsyncSync(fd); saved.push(fs.fstatSync(fd).ino); };
         syncBuiltinESMExports();
         open().close();
         const inode = (path) => fs.statSync(path).ino;
         assert.deepEqual(saved.slice(0, 3), [inode(directory + "/new"), inode(directory + "/new"), inode(directory)]);`,
        { directory: temporaryDirectory(t) },
      );
      assert.equal(status, 0, stderr);
    });

    test("is not made on a file system that other machines share", (t) => {
      const directory = temporaryDirectory(t);
      // There is none here, so statfs is made to tell of one.
      const { status, stderr } = runChild(
        `${REPLACED} ${opening}
         const { statfsSync } = fs;
         fs.statfsSync = (...given) => ({ ...statfsSync(...given), type: 0x6969 });
         syncBuiltinESMExports();
         assert.throws(open, { code: "unsupported", message: /fileSystem=NFS/ });`,
        { directory },
      );
      assert.equal(status, 0, stderr);
      assert.equal(existsSync(join(directory, "new")), false);
    });
  });
}
