// Writes the fixtures of table files that are not there yet, with the code as it is compiled now: node scripts/make-table-fixture.mjs
// Those that are there stay: they are what an earlier version has written.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FIXTURES } from "../.build/test/mapped/table/fixtures.js";

const folder = join("test", "mapped", "table", "fixtures");
mkdirSync(folder, { recursive: true });
for (const [name, { make }] of Object.entries(FIXTURES)) {
  const target = join(folder, `${name}.tbl.gz`);
  if (existsSync(target)) continue;
  const directory = mkdtempSync(join(tmpdir(), "offheap-fixture-"));
  make(join(directory, "table"));
  writeFileSync(target, gzipSync(readFileSync(join(directory, "table")), { level: 9 }));
  rmSync(directory, { recursive: true });
  console.log(target);
}
