import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "offheap-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command as a user would, in a folder of its own. */
function offheap(...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8" });
  return { status, signal, stdout, stderr };
}

const TSV = "id\tname\tpopulation\tcode\n2643743\tLondon\t8961989\t007\n1850147\t東京\t\t1\n";
writeFileSync(join(folder, "cities.tsv"), TSV);

describe("the offheap command", () => {
  it("builds, gets, heads, inspects, verifies, exports and prints types", () => {
    const built = offheap("build", "cities.tsv", "cities.seg", "--key", "id");
    assert.equal(built.status, 0, built.stderr);
    assert.match(built.stdout, /cities\.seg: 2 rows × 4 columns/);
    assert.equal(
      offheap("get", "cities.seg", "2643743").stdout,
      '{"id":2643743,"name":"London","population":8961989,"code":"007"}\n',
    );
    assert.equal(
      offheap("head", "cities.seg", "-n", "1", "--format", "csv").stdout,
      "id,name,population,code\n2643743,London,8961989,007\n",
    );
    assert.match(offheap("inspect", "cities.seg").stdout, /population\s+u32\?/);
    assert.match(offheap("verify", "cities.seg").stdout, /sound: 2 rows/);
    assert.equal(offheap("export", "cities.seg", "--format", "tsv").stdout, TSV);
    const types = offheap("types", "cities.seg").stdout;
    assert.match(types, /export const Cities = \{/);
    assert.match(types, /population: optional\(u32\),/);
  });

  it("answers a missing key and a damaged file with status 1 and one line", () => {
    offheap("build", "cities.tsv", "answers.seg", "--key", "id", "--quiet");
    const missing = offheap("get", "answers.seg", "5");
    assert.deepEqual([missing.status, missing.stdout, missing.stderr], [1, "", "answers.seg has no row with the id 5\n"]);
    const bytes = readFileSync(join(folder, "answers.seg"));
    bytes[64] ^= 1;
    writeFileSync(join(folder, "damaged.seg"), bytes);
    const damaged = offheap("verify", "damaged.seg");
    assert.equal(damaged.status, 1);
    assert.match(damaged.stderr, /damaged\.seg is damaged:\n {2}.*checksum/);
  });

  const mistakes: [string, string[], RegExp][] = [
    ["no command", [], /Usage/],
    ["an unknown command", ["bild"], /unknown command 'bild'/],
    ["an unknown option", ["build", "cities.tsv", "x.seg", "--kee", "id"], /unknown option '--kee'/],
    ["a missing argument", ["build", "cities.tsv"], /missing required argument 'output'/],
    ["an unknown format", ["export", "cities.seg", "--format", "xml"], /csv/],
    ["a count that is none", ["head", "cities.seg", "-n", "ten"], /whole number/],
    ["a missing input", ["build", "none.tsv", "x.seg"], /none\.tsv.*ENOENT/],
    ["a directory", ["build", ".", "x.seg", "--format", "csv"], /directory/],
    ["a file that is not ours", ["get", "cities.tsv", "1"], /does not begin as an offheap file/],
    ["a key that is no number", ["get", "cities.seg", "London"], /not a number/],
    ["malformed input", ["build", "bad.csv", "x.seg"], /bad\.csv line 2/],
  ];
  writeFileSync(join(folder, "bad.csv"), 'a,b\n"x,1\n');
  for (const [what, args, message] of mistakes) {
    it(`tells of ${what}, with a status that is not 0 and no stack`, () => {
      offheap("build", "cities.tsv", "cities.seg", "--key", "id", "--quiet");
      const { status, signal, stderr, stdout } = offheap(...args);
      assert.equal(signal, null);
      assert.notEqual(status, 0);
      assert.match(stderr + stdout, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  it("ends quietly when its reader has seen enough", () => {
    const { status, stderr } = spawnSync("sh", ["-c", `"${process.execPath}" "${main}" export cities.seg | head -c 5`], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.deepEqual([status, stderr], [0, ""]);
  });
});
