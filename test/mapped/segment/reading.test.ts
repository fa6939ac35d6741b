import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { MemoryError } from "../../../src/core/errors.ts";
import { sharedMemory } from "../../../src/core/homes.ts";
import { f64, u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { openSegment } from "../../../src/mapped/segment/open-segment.ts";
import { moduleUrl, runChild } from "../../process/child.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";
import { Particle, Root } from "./stage.ts";

const RESERVE = 1 << 22;

describe("a segment that is open for reading", () => {
  it("shows what others make and change, and nothing can be changed through it", (t) => {
    const path = join(temporaryDirectory(t), "file");
    using written = openSegment(path, { reserve: RESERVE });
    using read = openSegment(path, { mode: "read" });
    assert.deepEqual([read.list(), read.verify(), read.has("rows"), read.path], [[], [], false, path]);
    const rows = written.columns("rows", Particle, { capacity: 10 });
    const table = written.table("table", { key: text, value: f64 });
    const names = written.interner("names");
    const news = written.broadcast("news", { byteCapacity: 4096 }).transmitter();
    written.pool("pool", Particle, { capacity: 10 });
    assert.deepEqual(
      read.list().map(({ name }) => name),
      ["rows", "table", "names", "news", "pool"],
    );
    const seen = {
      rows: read.columns("rows", Particle),
      table: read.table("table", { key: text, value: f64 }),
      names: read.interner("names"),
      news: read.broadcast("news").receiver(),
    };
    rows.append({ x: 1, y: 2 });
    for (let x = 0; x < 1000; x++) table.set(`key ${x}`, x);
    for (let x = 0; x < 1000; x++) names.intern(`name ${x}`);
    news.sendText("hello");
    assert.equal(seen.rows.get(0).y, 2);
    assert.deepEqual([seen.table.get("key 7"), seen.table.size, seen.table.get("key 1000")], [7, 1000, undefined]);
    assert.deepEqual([seen.names.lookup("name 999"), seen.names.lookup("name 1000")], [names.lookup("name 999"), undefined]);
    const heard: string[] = [];
    assert.equal(seen.news.waitReady({ timeoutMs: 5000 }), true);
    seen.news.read((message) => heard.push(message.text()));
    // A wait in vain leaves the page as it is in the file.
    assert.equal(seen.news.waitReady({ timeoutMs: 5 }), false);
    news.sendText("again");
    assert.equal(seen.news.waitReady({ timeoutMs: 5000 }), true);
    seen.news.read((message) => heard.push(message.text()));
    assert.deepEqual(heard, ["hello", "again"]);
    written.root(Root).n = 5;
    const root = read.root(Root);
    assert.equal(root.n, 5);
    const writes: readonly (() => unknown)[] = [
      () => {
        root.n = 6;
      },
      () => seen.rows.append({ x: 1 }),
      () => seen.table.set("key", 1),
      () => seen.names.intern("new"),
      () => read.pool("pool", Particle),
      () => read.mutex("pool"),
      () => read.broadcast("news").transmitter(),
    ];
    for (const write of writes) {
      assert.throws(write, (error) => error instanceof MemoryError && /read-only|layout-mismatch/.test(error.code), String(write));
    }
    assert.throws(() => read.columns("missing", Particle), { code: "invalid-argument" });
    assert.throws(() => read.root(Particle), { code: "layout-mismatch" });
    assert.match(read.draw(), /rows +columns of Particle/);
    assert.deepEqual(written.verify(), []);
    read.close();
    read.close();
    assert.throws(() => root.n, { code: "stale-view" });
    assert.throws(() => read.list(), { code: "closed" });
    assert.throws(() => seen.table.get("key 7"), { code: "closed" });
  });

  it("keeps what it shows from being deleted or moved, in its process and in others, until it is closed or killed", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "segment");
    {
      using maker = openSegment(path, { reserve: RESERVE });
      maker.arena("arena", { byteLength: 5000 });
    }
    using segment = openSegment(path);
    const read = openSegment(path, { mode: "read" });
    assert.throws(() => segment.delete("arena"), { code: "locked" });
    assert.throws(() => segment.compact(), { code: "locked" });
    segment.rename("arena", "other");
    assert.equal(read.has("other"), true);
    read.close();
    const script = `
      const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
      const segment = openSegment(directory + "/segment", args[0] === "read" ? { mode: "read" } : {});
      if (args[0] === "read") process.kill(process.pid, "SIGKILL");
      try { segment.delete("other"); console.log("deleted"); } catch (error) { console.log(error.code); }`;
    const again = openSegment(path, { mode: "read" });
    assert.equal(runChild(script, { directory, args: ["delete"] }).stdout.trim(), "locked");
    again.close();
    assert.equal(runChild(script, { directory, args: ["read"] }).signal, "SIGKILL");
    assert.equal(runChild(script, { directory, args: ["delete"] }).stdout.trim(), "deleted");
    assert.deepEqual(segment.verify(), []);
  });

  it("may be a file that the process cannot write to, one that its maker has open, or anonymous memory", (t) => {
    const directory = temporaryDirectory(t);
    chmodSync(directory, 0o755);
    const path = join(directory, "segment");
    {
      using segment = openSegment(path, { reserve: RESERVE });
      segment.table("table", { key: u32, value: f64 }).set(1, 2);
      using same = openSegment(segment.memory, { mode: "read" });
      using posted = openSegment(segment.ticket(), { mode: "read" });
      for (const read of [same, posted]) assert.equal(read.table("table", { key: u32, value: f64 }).get(1), 2);
      assert.throws(() => same.root(Root), { code: "invalid-argument" });
    }
    chmodSync(path, 0o444);
    const script = `
      const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
      const { f64, u32 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
      assert.throws(() => fs.openSync(args[0], "r+"), { code: "EACCES" });
      using read = openSegment(args[0], { mode: "read" });
      console.log(read.table("table", { key: u32, value: f64 }).get(1));`;
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { stdout, stderr } = runChild(script.replace("using read", "const read"), { directory, args: [path], ...uid });
    assert.equal(stdout.trim(), "2", stderr);
  });

  it("is refused where there is none, where it is something else, and where nobody could know of it", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "file");
    assert.throws(() => openSegment(path, { mode: "read" }), { code: "io" });
    writeFileSync(path, "id\n1\n");
    assert.throws(() => openSegment(path, { mode: "read" }), { code: "not-an-offheap-file" });
    using memory = sharedMemory(1 << 20);
    using segment = openSegment(memory);
    assert.throws(() => openSegment(memory, { mode: "read" }), { code: "unsupported" });
    assert.throws(() => openSegment(segment.ticket(), { mode: "read" }), { code: "unsupported" });
  });

  it("is refused after a power failure, until somebody has opened it for writing", (t) => {
    const path = join(temporaryDirectory(t), "file");
    const lost = openSegment(path, { reserve: RESERVE });
    lost.root(Root).n = 1;
    lost.memory.i64[8] = 12345n;
    assert.throws(() => openSegment(path, { mode: "read" }), { code: "corrupt", message: /power failed/ });
    lost.close();
    using read = openSegment(path, { mode: "read" });
    assert.equal(read.root(Root).n, 1);
  });
});
