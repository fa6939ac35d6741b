import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { f64, i16, optional, text, u8, u16 } from "../../../src/index.ts";
import { openDataset } from "../../../src/mapped/index.ts";
import { build, fresh, plainRows } from "./place.ts";

const CSV = "id,name,lat,height\n300,Bern,46.5,540\n7,Oslo,59.9,\n12,Bern,1.25,-3\n";
const City = { id: u16, name: text, lat: f64, height: optional(i16) };

describe("opening a data set", () => {
  it("finds rows by number, reads columns, iterates and scans", async () => {
    using cities = openDataset(await build("c.csv", CSV, { key: "id" }), { row: City });
    assert.equal(cities.size, 3);
    assert.equal(cities.key, "id");
    assert.equal(cities.get(7)?.name, "Oslo");
    assert.equal(cities.get(7)?.height, null);
    assert.equal(cities.get(12)?.height, -3);
    assert.equal(cities.get(8), undefined);
    assert.equal(cities.get(7.5), undefined);
    assert.equal(cities.get(-1), undefined);
    assert.equal(cities.get(Number.NaN), undefined);
    assert.equal(cities.get(2 ** 32 + 7), undefined);
    assert.equal(cities.has(300), true);
    assert.equal(cities.rowIndexOf(12), 2);
    assert.equal(cities.rowIndexOf(13), -1);
    assert.deepEqual([...cities.column("id")], [300, 7, 12]);
    assert.deepEqual([...cities.column("lat")], [46.5, 59.9, 1.25]);
    assert.deepEqual([...(cities.validity("height") ?? [])], [0b101]);
    assert.equal(cities.validity("id"), undefined);
    assert.deepEqual([...cities.column("name")], [1, 2, 1]);
    assert.equal(cities.dictionary("name").size, 2);
    assert.deepEqual(
      [...cities].map(({ name }) => name),
      ["Bern", "Oslo", "Bern"],
    );
    const seen: string[] = [];
    cities.rows.scan((row, index) => {
      seen.push(`${index} ${row.name}`);
      return index < 1;
    });
    assert.deepEqual(seen, ["0 Bern", "1 Oslo"]);
    assert.equal(cities.rows.at(2).lat, 1.25);
    assert.equal(cities.at(0).id, 300);
    assert.throws(() => cities.at(3), { code: "out-of-bounds" });
    assert.throws(() => cities.rows.at(-1), { code: "out-of-bounds" });
    assert.throws(() => cities.rows.at(0.5), { code: "out-of-bounds" });
  });

  it("shows rows as plain data in JSON and in the console", async () => {
    using cities = openDataset(await build("c.csv", CSV, { key: "id" }));
    const row = { id: 7, name: "Oslo", lat: 59.9, height: null };
    assert.equal(JSON.stringify(cities.get(7)), JSON.stringify(row));
    assert.equal(inspect(cities.get(7)), inspect(row));
  });

  it("finds rows by text, by bigint and by row number", async () => {
    using named = openDataset(await build("n.csv", "code,v\nCH,1\nNO,2\n東,3\n", { key: "code" }));
    assert.equal(named.get("東")?.v, 3);
    assert.equal(named.get("XX"), undefined);
    assert.equal(named.get("\ud800"), undefined);
    using big = openDataset(await build("b.csv", "k,v\n-9007199254740993,1\n5,2\n", { key: "k", types: "k:i64" }));
    assert.equal(big.get(-9007199254740993n)?.v, 1);
    assert.equal(big.get(6n), undefined);
    using plain = openDataset(await build("p.csv", "v\n10\n20\n"));
    assert.equal(plain.key, null);
    assert.equal(plain.get(1)?.v, 20);
    assert.equal(plain.get(2), undefined);
    assert.throws(() => named.get(5), { code: "invalid-argument", message: /a string/ });
    assert.throws(() => big.get(5), { code: "invalid-argument", message: /a bigint/ });
    assert.throws(() => plain.get("5"), { code: "invalid-argument", message: /a number/ });
  });

  it("is shown by the console as one line, open or closed", async () => {
    const cities = openDataset(await build("shown.csv", CSV, { key: "id" }));
    assert.match(inspect(cities), /^<data set in <mapped file .*shown\.csv\.seg, \d+ of at most \d+ bytes, read-only>, size \d+>$/);
    cities.close();
    assert.equal(inspect(cities), "<data set, closed>");
  });

  it("refuses a schema that the file does not have, and tells every difference", async () => {
    const path = await build("c.csv", CSV, { key: "id" });
    assert.throws(
      () => openDataset(path, { row: { id: u8, nome: text, height: i16 } }),
      (error: Error) => {
        assert.equal(Reflect.get(error, "code"), "layout-mismatch");
        assert.match(error.message, /"id" is u16 in the file and u8/);
        assert.match(error.message, /no column "nome"/);
        assert.match(error.message, /"height" is i16\? in the file and i16/);
        return true;
      },
    );
  });

  it("throws at every use after close, also of rows that were kept", async () => {
    const cities = openDataset(await build("c.csv", CSV, { key: "id" }), { row: City });
    const kept = cities.get(7);
    const column = cities.column("lat");
    cities.close();
    cities.close();
    const uses = {
      text: () => kept?.name,
      number: () => kept?.lat,
      optional: () => kept?.height,
      get: () => cities.get(7),
      column: () => cities.column("id"),
      cursor: () => cities.rows.at(0).id,
      iteration: () => [...cities],
      verify: () => cities.verify(),
      ticket: () => cities.ticket(),
    };
    for (const [what, use] of Object.entries(uses)) assert.throws(use, { code: "closed" }, what);
    assert.equal(column[0], 0, "a typed array that was taken out reads a tombstone");
  });

  it("is shared with a worker thread by ticket, over the same pages", async () => {
    using cities = openDataset(await build("c.csv", CSV, { key: "id" }));
    const worker = new Worker(new URL("open.worker.js", import.meta.url), { workerData: cities.ticket() });
    const [rows] = await once(worker, "message");
    assert.deepEqual(rows, plainRows(cities));
    await worker.terminate();
    assert.equal(cities.get(7)?.name, "Oslo");
  });

  it("goes on in a worker when the thread that opened it closes", async () => {
    const cities = openDataset(await build("c.csv", CSV, { key: "id" }));
    const worker = new Worker(new URL("open.worker.js", import.meta.url), { workerData: cities.ticket() });
    await once(worker, "message");
    cities.close();
    worker.postMessage("again");
    const [rows] = await once(worker, "message");
    assert.deepEqual(
      rows.map(({ name }: { name: string }) => name),
      ["Bern", "Oslo", "Bern"],
    );
    assert.throws(() => cities.get(7), { code: "closed" });
    await worker.terminate();
  });

  it("opens a file of no rows, and one of many columns", async () => {
    using none = openDataset(await build("none.csv", "id,name\n", { key: "id" }));
    assert.equal(none.size, 0);
    assert.deepEqual([...none], []);
    assert.deepEqual(none.verify(), []);
    const names = Array.from({ length: 1500 }, (_, i) => `column ${i}`);
    using many = openDataset(await build("many.csv", `${names.join(",")}\n${names.map((_, i) => i).join(",")}\n`));
    assert.equal(many.at(0)["column 1499"], 1499);
  });

  it("writes TypeScript that describes it", async () => {
    using cities = openDataset(await build("c.csv", CSV, { key: "id" }));
    const source = cities.typesSource("City");
    assert.match(source, /import \{ f64, i16, optional, text, u16 \} from "offheap";/);
    assert.match(source, /height: optional\(i16\),/);
    assert.match(source, /export type City = RowOf<typeof City>;/);
  });

  it("refuses what is not a data set, in one sentence each", () => {
    for (const [name, content] of [
      ["empty", ""],
      ["byte", "x"],
      ["text", "id,name\n1,x\n".repeat(50)],
      ["zeros", "\0".repeat(4096)],
    ]) {
      const path = fresh(name);
      writeFileSync(path, content);
      assert.throws(() => openDataset(path), { name: "MemoryError", code: "not-an-offheap-file", message: /offheap has made/ });
    }
    assert.throws(() => openDataset(fresh("missing.seg")), { code: "io", message: /ENOENT/ });
    assert.throws(() => openDataset("/"), { code: "io", message: /directory/ });
  });
});
