import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openDataset } from "../../src/mapped/index.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "offheap-building-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function rows(count: number, word: string): string {
  return `id,name\n${Array.from({ length: count }, (_, i) => `${i},${word} ${i}`).join("\n")}\n`;
}

describe("a build that is killed", () => {
  it("leaves the old file or the new one, whole, and nothing else", async () => {
    const target = join(folder, "killed.seg");
    const small = join(folder, "old.csv");
    const large = join(folder, "new.csv");
    writeFileSync(small, rows(10, "old"));
    writeFileSync(large, rows(60_000, "new"));
    assert.equal(spawnSync(process.execPath, [main, "build", small, target, "--key", "id"]).status, 0);
    const started = performance.now();
    assert.equal(spawnSync(process.execPath, [main, "build", large, `${target}.whole`, "--key", "id"]).status, 0);
    const whole = performance.now() - started;
    const seen = { old: 0, new: 0 };
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [main, "build", large, target, "--key", "id"], { stdio: "ignore" });
      setTimeout(() => child.kill("SIGKILL"), (whole * 1.1 * (round + Math.random())) / 12);
      await once(child, "exit");
      using dataset = openDataset(target);
      assert.deepEqual(dataset.verify(), []);
      const name = String(dataset.get(3)?.name);
      assert.equal(dataset.size, name === "old 3" ? 10 : 60_000);
      seen[name === "old 3" ? "old" : "new"] += 1;
    }
    assert.ok(seen.old > 0, "no round was killed before its end");
    const left = readdirSync(folder).filter((name) => !["killed.seg", "killed.seg.whole", "old.csv", "new.csv"].includes(name));
    assert.deepEqual(left, []);
  });
});

describe("a build on a full disk", () => {
  const mounted = mkdtempSync(join(tmpdir(), "offheap-full-"));
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", mounted]);
  const skip = mount.status === 0 ? false : "mounting a small tmpfs needs root";
  after(() => {
    if (mount.status === 0) spawnSync("umount", [mounted]);
    rmSync(mounted, { recursive: true, force: true });
  });

  it("says so, keeps what was there, and takes its bytes back", { skip }, () => {
    const input = join(folder, "wide.csv");
    writeFileSync(input, rows(400_000, "a name that takes some room"));
    const target = join(mounted, "full.seg");
    writeFileSync(target, "what was there");
    const { status, signal, stderr } = spawnSync(process.execPath, [main, "build", input, target], { encoding: "utf8" });
    assert.deepEqual([status, signal], [1, null]);
    assert.match(stderr, /error: .*(no room|ENOSPC|disk)/i);
    assert.equal(readFileSync(target, "utf8"), "what was there");
    assert.deepEqual(readdirSync(mounted), ["full.seg"]);
    const fits = spawnSync(process.execPath, [
      "-e",
      `require("node:fs").writeFileSync(${JSON.stringify(join(mounted, "x"))}, Buffer.alloc(2_500_000))`,
    ]);
    assert.equal(fits.status, 0, "the room is there again");
  });
});
