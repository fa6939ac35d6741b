import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { mapFile } from "../../src/mapped/map-file.ts";
import { participantIn } from "../../src/mapped/participants.ts";
import { runChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** From `go()` on, each call that changes something outside of the process is a step with the call's name, and the process kills itself before the step whose number it was given. */
const STEPS = `
  const path = directory + "/file";
  let left = Number.POSITIVE_INFINITY;
  const go = () => { left = Number(args[0]); };
  const stepping = (object, name) => {
    const original = object[name];
    object[name] = (...given) => {
      if (left-- === 0) {
        fs.writeSync(1, name);
        process.kill(process.pid, "SIGKILL");
      }
      return original(...given);
    };
  };
  for (const name of ["openSync", "closeSync", "ftruncateSync", "unlinkSync", "fsyncSync", "renameSync"]) stepping(fs, name);
  // The modules of the library take what they need of node:fs when they are loaded: from here on.
  const mapped = load("mapped/index");
  const { system } = load("native/system");
  for (const name of ["mapFile", "mapZeros", "allocate", "lockByte", "sync", "seal", "createMemoryFile", "linkUnnamed", "close"]) stepping(system(), name);
`;

const BEFORE = Buffer.alloc(5000, 7);

interface Scenario {
  readonly title: string;
  readonly script: string;
  /** Steps that must be among those where it was killed: the scenario does what it says. */
  readonly steps: readonly string[];
  readonly prepare?: (path: string) => void;
  /** What must hold after each kill. */
  readonly check: (path: string, directory: string) => void;
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: "the making of a file",
    script: `go(); mapped.mapFile(path, { mode: "readWrite", create: true, byteLength: 50_000 });`,
    steps: ["openSync", "lockByte", "allocate", "mapFile"],
    check: (path) => {
      using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 50_000 });
      assert.equal(memory.byteLength, 50_000);
      assert.ok(memory.bytes(0, 50_000).every((byte) => byte === 0));
    },
  },
  {
    title: "growth",
    script: `
      const memory = mapped.mapFile(path, { mode: "readWrite", lock: "exclusive", maxByteLength: 1_000_000 });
      go();
      memory.grow(90_000); memory.u8.fill(8, 5000, 90_000); memory.reserve(5_000_000); memory.grow(2_000_000);`,
    steps: ["lockByte", "allocate", "mapFile"],
    prepare: (path) => writeFileSync(path, BEFORE),
    check: (path) => {
      using memory = mapFile(path, { mode: "readWrite", lock: "exclusive", maxByteLength: 4_000_000 });
      assert.ok([5000, 90_000, 2_000_000].includes(memory.byteLength), String(memory.byteLength));
      assert.deepEqual(Buffer.from(memory.bytes(0, 5000)), BEFORE);
      if (memory.byteLength > 90_000) assert.ok(memory.bytes(5000, 85_000).every((byte) => byte === 8));
      memory.grow(3_000_000);
      memory.u8[2_999_999] = 1;
    },
  },
  {
    title: "saving and closing",
    script: `
      const memory = mapped.mapFile(path, { mode: "readWrite", lock: "exclusive" });
      const participant = mapped.participantIn(memory);
      memory.u8.fill(9);
      go();
      memory.flush(); participant.close(); memory.close();`,
    steps: ["sync", "lockByte", "closeSync", "mapZeros"],
    prepare: (path) => writeFileSync(path, BEFORE),
    check: (path) => {
      using memory = mapFile(path, { mode: "readWrite", lock: "exclusive" });
      assert.ok(memory.bytes(0, 5000).every((byte) => byte === 9));
      assert.ok(participantIn(memory));
    },
  },
  {
    title: "mirroring a file",
    script: `go(); const memory = mapped.mapMirrored(8192, { path, create: true }); memory.u8[0] = 1; memory.close();`,
    steps: ["openSync", "allocate", "mapFile", "mapZeros"],
    check: (path) => {
      if (!existsSync(path)) return;
      using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 8192 });
      assert.equal(memory.byteLength, 8192);
    },
  },
  {
    title: "the making of anonymous memory",
    script: `go(); mapped.mapAnonymous(8192, { receivers: "read" }).close();`,
    steps: ["createMemoryFile", "seal", "mapFile"],
    check: (path) => assert.equal(existsSync(path), false),
  },
  {
    title: "the making of scratch memory",
    script: `go(); const memory = mapped.mapScratch(directory, { byteLength: 50_000, maxByteLength: 500_000 }); memory.grow(400_000); memory.u8.fill(1); memory.close();`,
    steps: ["openSync", "allocate", "mapFile", "mapZeros"],
    // But for the script and what prepares it.
    check: (_path, directory) =>
      assert.deepEqual(
        readdirSync(directory).filter((name) => !name.startsWith("child-")),
        [],
      ),
  },
  {
    title: "saving a copy",
    script: `const memory = mapped.mapAnonymous(5000); memory.u8.fill(3); go(); mapped.saveFile(memory, path);`,
    steps: ["openSync", "fsyncSync", "linkUnnamed"],
    prepare: (path) => writeFileSync(path, BEFORE),
    check: (path) => {
      const bytes = readFileSync(path);
      assert.equal(bytes.length, 5000);
      assert.ok(bytes.equals(BEFORE) || bytes.equals(Buffer.alloc(5000, 3)));
    },
  },
];

describe("a process that is killed at each step", () => {
  for (const { title, script, steps, prepare, check } of SCENARIOS) {
    test(`of ${title} leaves nothing half done`, (t) => {
      const met = new Set<string>();
      for (let step = 0; ; step++) {
        assert.ok(step < 100, "it never comes to its end");
        const folder = temporaryDirectory(t);
        const path = join(folder, "file");
        prepare?.(path);
        const { status, signal, stdout, stderr } = runChild(STEPS + script, {
          directory: folder,
          args: [String(step)],
          bundled: true,
        });
        if (signal === null) {
          assert.equal(status, 0, stderr);
          check(path, folder);
          break;
        }
        assert.equal(signal, "SIGKILL", stderr);
        met.add(stdout);
        check(path, folder);
      }
      for (const step of steps) assert.ok(met.has(step), `${step} is no step; there are: ${[...met].join(", ")}`);
    });
  }
});
