import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const NOBODY = 65_534;

describe("without permission", () => {
  test("every opener throws one `io` with EACCES, and nothing is left or changed", (t) => {
    const directory = temporaryDirectory(t);
    const closed = join(directory, "closed");
    mkdirSync(closed);
    writeFileSync(join(closed, "unreadable"), "secret", { mode: 0o600 });
    writeFileSync(join(closed, "readable"), "public", { mode: 0o644 });
    // Root may do everything, so there the child is somebody else; the owner of a file without permissions is refused like anybody.
    const root = process.getuid?.() === 0;
    if (!root) chmodSync(join(closed, "unreadable"), 0);
    if (!root) chmodSync(join(closed, "readable"), 0o444);
    chmodSync(directory, 0o755);
    chmodSync(closed, 0o555);
    const script = `
      const refused = (error) => error.name === "MemoryError" && error.code === "io" && error.numbers.errno === "EACCES" && /permissions/.test(error.cure);
      const path = directory + "/closed/";
      for (const open of [
        () => mapped.mapFile(path + "unreadable"),
        () => mapped.mapFile(path + "readable", { mode: "readWrite" }),
        () => mapped.mapFile(path + "new", { mode: "readWrite", create: true, byteLength: 10 }),
        () => mapped.mapWindow(path + "unreadable"),
        () => mapped.mapScratch(path, { maxByteLength: 10 }),
        () => mapped.publishFile(path + "new"),
        () => mapped.publishFile(path + "readable"),
      ]) assert.throws(open, refused, String(open));
      assert.equal(mapped.mapFile(path + "readable").byteLength, 6);
      assert.equal(mapped.mapFile(path + "readable", { mode: "copyOnWrite" }).byteLength, 6);`;
    const { status, stderr } = runChild(script, { directory, ...(root ? { uid: NOBODY } : {}) });
    chmodSync(closed, 0o755);
    if (root && /EACCES.*open.*\.js|ERR_MODULE_NOT_FOUND/.test(stderr)) return t.skip("this checkout is closed to other users");
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(closed).sort(), ["readable", "unreadable"]);
    assert.equal(readFileSync(join(closed, "readable"), "utf8"), "public");
  });
});
