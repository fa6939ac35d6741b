import { MemoryError } from "../core/errors.ts";

/** Why there is no mapping here. */
export type Refusal =
  | "platform"
  | "architecture"
  | "old-windows"
  | "koffi-missing"
  | "koffi-blocked"
  | "no-proc"
  | "engine"
  | "no-views";

const STORIES: { readonly [Name in Refusal]: readonly [event: string, cure: string] } = {
  platform: ["needs Linux, macOS or Windows", "Use loadFile and saveFile, or sharedMemory(bytes) between threads."],
  architecture: ["needs x64 or arm64", "Use loadFile and saveFile, or sharedMemory(bytes) between threads."],
  "old-windows": [
    "needs Windows 10, version 1803, or later: before, a file could not take the place of pages",
    "Use loadFile and saveFile, or a later Windows.",
  ],
  "koffi-missing": [
    "needs the package koffi, which is not installed",
    "Run `npm install koffi`; it is an optional dependency that `--omit=optional` leaves out. Node 26.9 and later map without it.",
  ],
  "koffi-blocked": [
    "found the package koffi, but it could not be loaded",
    "Under `node --permission` add --allow-addons; otherwise reinstall koffi for this platform and Node version.",
  ],
  "no-proc": ["needs /proc, which is not mounted here", "Mount it: `mount -t proc proc /proc`."],
  engine: [
    "is refused: this JavaScript engine keeps shared buffers in an arena of its own, where a mapped file would be overwritten after a garbage collection, and takes no views of other memory",
    "Run it with Node.js 20.19 or later.",
  ],
  "no-views": [
    "is refused: this host takes no buffers over memory that is not its own, as Electron does not",
    "Use loadFile and saveFile, or run it in a process of Node.js 20.19 or later.",
  ],
};

/** The one error of every mapped thing where there is no mapping. */
export function refuseSystem(why: Refusal, cause?: unknown): never {
  const [event, cure] = STORIES[why];
  const { node, bun } = process.versions;
  throw new MemoryError("unsupported", {
    subject: "memory mapping",
    event,
    numbers: { platform: `${process.platform}-${process.arch}`, node, bun },
    cure,
    cause,
  });
}
