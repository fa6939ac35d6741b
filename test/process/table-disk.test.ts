import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMappingSupported } from "../../src/mapped/index.ts";
import { moduleUrl, runChild } from "./child.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

for (const kind of ["tmpfs", "ext4"] as const) {
  describe(`a hash table on a full disk (${kind})`, { skip: !isMappingSupported() }, () => {
    test("refuses the entry that does not fit, loses nothing, and goes on when there is room", (context) => {
      const directory = temporaryDirectory(context);
      const disk = mountSmallDisk(context, kind);
      if ("refused" in disk) return context.skip(disk.refused);
      // A store that finds the disk full is a signal and not an exception, so there is a process to lose.
      const script = `
        import { openTable } from ${JSON.stringify(moduleUrl("mapped/table/open-table.js"))};
        import { text } from ${JSON.stringify(moduleUrl("layout/text.js"))};
        const options = { key: text, value: text, shards: 4 };
        const isFull = (error) => error.name === "MemoryError" && (error.code === "disk-full" || error.code === "out-of-memory");
        const valueOf = (key) => ("value of " + key + " ").repeat(40);
        let count = 0;
        const table = openTable(args[0] + "/table", options);
        assert.throws(() => { for (;; count++) table.set("key " + count, valueOf(count)); }, isFull);
        assert.ok(count > 200, String(count));
        const check = (from) => {
          for (let key = from; key < count; key++) assert.equal(table.get("key " + key), valueOf(key));
          assert.deepEqual(table.verify(), []);
        };
        check(0);
        assert.equal(table.size, count);
        // What is longer is refused too, whatever was there; and what was there stays.
        assert.throws(() => table.set("key 0", valueOf(0).repeat(3000)), isFull);
        assert.throws(() => table.update("key 1", (value) => value.repeat(3000)), isFull);
        check(0);
        const inOne = () => table.transaction((t) => {
          for (let key = 0; key < 40; key++) t.set("key " + key, "short").set("more " + key, valueOf(key).repeat(100));
        });
        assert.throws(inOne, isFull);
        check(0);
        assert.equal(table.size, count);
        for (let key = 0; key < count / 2; key++) assert.ok(table.delete("key " + key));
        table.flush();
        table.flush();
        for (let key = 0; key < count / 8; key++) table.set("new " + key, valueOf(key));
        check(Math.ceil(count / 2));
        table.close();
        const again = openTable(args[0] + "/table", options);
        assert.equal(again.recovery.after, "clean");
        assert.equal(again.get("key " + (count - 1)), valueOf(count - 1));
        assert.equal(again.get("new 0"), valueOf(0));
        assert.throws(() => openTable(args[0] + "/other", { ...options, shards: 4096, capacity: 1e6 }), isFull);
        assert.ok(!fs.existsSync(args[0] + "/other") || fs.statSync(args[0] + "/other").size === 0);
        again.close();`;
      const { status, signal, stderr } = runChild(script, { directory, args: [disk.path] });
      assert.equal(signal, null, stderr);
      assert.equal(status, 0, stderr);
    });
  });
}
