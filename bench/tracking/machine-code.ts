import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The instructions that V8 makes of methods of a slab in a process that has loaded `offheap/debug` or has not, without the addresses in them. */
export function machineCode(way: "bare" | "loaded", method: string): readonly string[] {
  const script = fileURLToPath(new URL("./unwrapped.js", import.meta.url));
  const flags = ["--no-concurrent-recompilation", "--print-opt-code", `--print-opt-code-filter=${method}`];
  const { stdout } = spawnSync(process.execPath, [...flags, script, way], { encoding: "utf8", maxBuffer: 2 ** 28 });
  return stdout.split("\n").flatMap((line) => {
    const instruction = /^0x[0-9a-f]+\s+[0-9a-f]+\s+[0-9a-f]+\s+(\S.*)$/.exec(line)?.[1];
    return instruction === undefined
      ? []
      : [
          instruction
            .replace(/0x[0-9a-f]{6,}/g, "…")
            .replace(/<[^>]*>/g, "")
            .trim(),
        ];
  });
}
