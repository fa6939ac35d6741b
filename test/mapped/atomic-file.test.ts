import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { publishFile } from "../../src/mapped/atomic-file.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { hiddenName } from "../../src/mapped/temporary-name.ts";
import { notOnWindows, ON_WINDOWS } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const coded = (code: string, errno?: string) => (error: unknown) =>
  error instanceof MemoryError && error.code === code && (errno === undefined || error.numbers.errno === errno);

describe("publishFile", () => {
  test("makes nothing visible before commit, and everything with it", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "data");
    using file = publishFile(path);
    file.write(Buffer.from("tail"), 10_000);
    file.write(Buffer.from("head"), 0);
    file.write(new Uint8Array(0), 0);
    assert.equal(file.byteLength, 10_004);
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.startsWith(".")),
      [],
    );
    if (!ON_WINDOWS) assert.deepEqual(readdirSync(directory), [], "nor under a hidden name");
    file.commit();
    assert.deepEqual(readdirSync(directory), ["data"]);
    const expected = Buffer.alloc(10_004);
    expected.write("head", 0);
    expected.write("tail", 10_000);
    assert.deepEqual(readFileSync(path), expected);
  });

  test("publishes an empty file too", (t) => {
    const path = join(temporaryDirectory(t), "empty");
    using file = publishFile(path);
    file.commit();
    assert.equal(readFileSync(path, "utf8"), "");
  });

  test("replaces a file, which those who have it mapped keep seeing", {
    skip: notOnWindows("a file that is mapped cannot be replaced"),
  }, (t) => {
    const path = join(temporaryDirectory(t), "data");
    writeFileSync(path, "old bytes");
    using old = mapFile(path);
    using file = publishFile(path);
    file.write(Buffer.from("new"), 0);
    assert.equal(readFileSync(path, "utf8"), "old bytes");
    file.commit();
    assert.equal(readFileSync(path, "utf8"), "new");
    assert.equal(Buffer.from(old.bytes(0, 9)).toString(), "old bytes");
  });

  test("takes over the permissions of the file it replaces; a new one has those of any new file", {
    skip: notOnWindows("files have no permission bits"),
  }, (t) => {
    const directory = temporaryDirectory(t);
    for (const mode of [0o600, 0o644, 0o755]) {
      const path = join(directory, `file-${mode}`);
      writeFileSync(path, "old");
      chmodSync(path, mode);
      using file = publishFile(path);
      file.write(Buffer.from("new"), 0);
      file.commit();
      assert.equal(statSync(path).mode & 0o7777, mode);
    }
    using file = publishFile(join(directory, "new"));
    file.commit();
    writeFileSync(join(directory, "usual"), "");
    assert.equal(statSync(join(directory, "new")).mode, statSync(join(directory, "usual")).mode);
  });

  test("keeps the owner when root replaces another user's file", { skip: process.getuid?.() !== 0 && "needs root" }, (t) => {
    const path = join(temporaryDirectory(t), "data");
    writeFileSync(path, "old");
    execFileSync("chown", ["1234:2345", path]);
    using file = publishFile(path);
    file.commit();
    assert.deepEqual([statSync(path).uid, statSync(path).gid], [1234, 2345]);
  });

  test("leaves nothing and touches nothing when it is given up", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "data");
    writeFileSync(path, "old");
    {
      using file = publishFile(path);
      file.write(Buffer.from("new"), 0);
    }
    const file = publishFile(path);
    file.abort();
    file.abort();
    assert.throws(() => file.write(Buffer.from("x"), 0), coded("closed"));
    assert.throws(() => file.commit(), coded("closed"));
    assert.deepEqual(readdirSync(directory), ["data"]);
    assert.equal(readFileSync(path, "utf8"), "old");
  });

  test("is over after commit", (t) => {
    const path = join(temporaryDirectory(t), "data");
    const file = publishFile(path);
    file.write(Buffer.from("once"), 0);
    file.commit();
    file.abort();
    assert.throws(() => file.commit(), coded("closed"));
    assert.equal(readFileSync(path, "utf8"), "once");
  });

  test("of two writers of one path the one who commits last wins, and each file is whole", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "data");
    using first = publishFile(path);
    using second = publishFile(path);
    second.write(Buffer.from("second"), 0);
    first.write(Buffer.from("first"), 0);
    second.commit();
    assert.equal(readFileSync(path, "utf8"), "second");
    first.commit();
    assert.equal(readFileSync(path, "utf8"), "first");
    assert.deepEqual(readdirSync(directory), ["data"]);
  });

  test("replaces what a symbolic link leads to, and leaves the link", { skip: notOnWindows("links need privileges") }, (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, "real"));
    writeFileSync(join(directory, "real", "data"), "old");
    symlinkSync(join("real", "data"), join(directory, "link"));
    using file = publishFile(join(directory, "link"));
    file.write(Buffer.from("new"), 0);
    file.commit();
    assert.ok(lstatSync(join(directory, "link")).isSymbolicLink());
    assert.equal(readFileSync(join(directory, "real", "data"), "utf8"), "new");
    assert.deepEqual(readdirSync(directory).sort(), ["link", "real"]);
  });

  test("takes bytes of a mapped memory", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "from"), "mapped bytes");
    using memory = mapFile(join(directory, "from"));
    using file = publishFile(join(directory, "to"));
    file.write(memory.bytes(0, memory.byteLength), 0);
    file.commit();
    assert.equal(readFileSync(join(directory, "to"), "utf8"), "mapped bytes");
  });

  test("removes what killed processes left, and nothing else", { skip: notOnWindows("there is no shell") }, (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "data");
    const dead = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
    const mine = hiddenName("data");
    const abandoned = mine.replace(`.${process.pid}.`, `.${dead}.`);
    const others = [
      mine,
      hiddenName("other").replace(`.${process.pid}.`, `.${dead}.`),
      ".data.zzz.1.abc.tmp",
      ".data",
      `${abandoned}.bak`,
    ];
    for (const name of [abandoned, ...others]) writeFileSync(join(directory, name), "");
    using file = publishFile(path);
    assert.equal(existsSync(join(directory, abandoned)), false);
    assert.deepEqual(readdirSync(directory).sort(), [...others].sort());
    file.abort();
  });

  test("refuses a target that is not a file, and a directory that is not there", (t) => {
    const directory = temporaryDirectory(t);
    assert.throws(() => publishFile(directory), coded("io", "EISDIR"));
    if (!ON_WINDOWS) assert.throws(() => publishFile("/dev/null"), coded("io", "EINVAL"));
    assert.throws(() => publishFile(join(directory, "no", "file")), coded("io", "ENOENT"));
    writeFileSync(join(directory, "file"), "");
    assert.throws(() => publishFile(join(directory, "file", "below")), coded("io", ON_WINDOWS ? "ENOENT" : "ENOTDIR"));
    assert.deepEqual(readdirSync(directory), ["file"]);
  });

  test("refuses a position that is none, and goes on", (t) => {
    const path = join(temporaryDirectory(t), "data");
    using file = publishFile(path);
    assert.throws(() => file.write(Buffer.from("x"), -1), coded("invalid-argument"));
    assert.throws(() => file.write(Buffer.from("x"), 0.5), coded("invalid-argument"));
    file.write(Buffer.from("y"), 0);
    file.commit();
    assert.equal(readFileSync(path, "utf8"), "y");
    assert.equal(basename(file.path), "data");
  });
});
