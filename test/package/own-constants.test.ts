import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

test("compiled modules get constants of their own, but for those that import each other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "offheap-own-constants-"));
  try {
    const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
    const get = (name: string) => readFileSync(join(folder, name), "utf8");
    mkdirSync(join(folder, "low"));
    put("package.json", '{ "type": "module" }');
    put("low/words.js", "export const FIRST = 3;\nexport const twice = (n) => n * 2;\n");
    put(
      "top.js",
      'import { join } from "node:path";\nimport { FIRST as WORD, twice, } from "./low/words.js";\nimport { even } from "./even.js";\nexport const told = [join("a", "b"), twice(WORD), even(4)];\n',
    );
    put("even.js", 'import { odd } from "./odd.js";\nexport const even = (n) => n === 0 || odd(n - 1);\n');
    put("odd.js", 'import { even } from "./even.js";\nexport const odd = (n) => n !== 0 && even(n - 1);\n');
    const circle = get("even.js");
    for (let time = 0; time < 2; time++) {
      assert.equal(spawnSync(process.execPath, ["scripts/own-constants.mjs", folder]).status, 0);
      assert.equal(
        get("top.js").split("\n")[1],
        'import { FIRST as WORD$, twice as twice$ } from "./low/words.js"; const WORD = WORD$, twice = twice$;',
      );
      assert.equal(get("top.js").split("\n").length, 5);
      assert.equal(get("even.js"), circle);
    }
    const { told } = await import(pathToFileURL(join(folder, "top.js")).href);
    assert.deepEqual(told, [join("a", "b"), 6, true]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
