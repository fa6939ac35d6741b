import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ending } from "./temporary-directory.ts";

export type SmallDisk = "tmpfs" | "ext4" | "ramfs";

/** A file system of about 1 MiB (8 MiB for ext4; ramfs has no end) that is mounted for the test, or the reason why there is none. */
export function mountSmallDisk(test: Ending, kind: SmallDisk): { readonly path: string } | { readonly refused: string } {
  if (process.platform !== "linux") return { refused: "needs Linux" };
  if (process.getuid?.() !== 0) return { refused: "needs root to mount a file system" };
  const directory = mkdtempSync(join(tmpdir(), "offheap-disk-"));
  test.after(() => {
    spawnSync("umount", ["--lazy", path]);
    rmSync(directory, { recursive: true });
  });
  const path = join(directory, "disk");
  mkdirSync(path);
  for (const command of commandsFor(kind, join(directory, "image"), path)) {
    const { status, stderr, error } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
    if (status !== 0) return { refused: `cannot mount a ${kind}: ${error?.message ?? stderr.trim()}` };
  }
  return { path };
}

function commandsFor(kind: SmallDisk, image: string, path: string): readonly (readonly [string, ...string[]])[] {
  if (kind === "tmpfs") return [["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path]];
  if (kind === "ramfs") return [["mount", "-t", "ramfs", "ramfs", path]];
  return [
    ["truncate", "--size=8M", image],
    ["mkfs.ext4", "-q", image],
    ["mount", "-o", "loop", image, path],
  ];
}
