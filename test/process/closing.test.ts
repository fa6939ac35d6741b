import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const BYTES = 50_000;

/** What a program may still hold when a memory is closed. Each case runs in a process of its own, where a wrong address would be a signal. */
const CASES: readonly (readonly [title: string, script: string])[] = [
  [
    "every typed array of a memory",
    `const views = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64", "i64", "u64"].map((name) => memory[name]);
     close();
     for (const view of views) { touch(view); view.fill(zeroOf(view)); }`,
  ],
  [
    "bytes() and slice()",
    `const views = [memory.bytes(9, 20_000), memory.slice("u16", 20_010, 5000)]; close(); for (const view of views) touch(view);`,
  ],
  [
    "a DataView, a Buffer and a subarray",
    `const views = [Buffer.from(memory.buffer, 0, 100), memory.u8.subarray(100, 40_000)];
     const data = new DataView(memory.buffer);
     close();
     for (let at = 0; at < 40_000; at += 999) { assert.equal(data.getFloat64(at), 0); data.setFloat64(at, 1); data.setFloat64(at, 0); }
     for (const view of views) touch(view);`,
  ],
  [
    "atomics",
    `const { i32 } = memory; close();
     for (let at = 0; at < 10_000; at += 1) { Atomics.add(i32, at, 1); Atomics.compareExchange(i32, at, 1, 2); assert.equal(Atomics.load(i32, at), 2); }
     assert.equal(Atomics.wait(i32, 0, 2, 1), "timed-out"); Atomics.notify(i32, 0);`,
  ],
  [
    "what reads bytes on its own",
    `const { u8 } = memory; close();
     assert.equal(new TextDecoder().decode(u8.subarray(0, 10)), "\\0".repeat(10));
     fs.writeFileSync(directory + "/copy", u8); assert.ok(fs.readFileSync(directory + "/copy").every((byte) => byte === 0));
     structuredClone({ u8 }); Buffer.from(u8).toString("base64"); u8.slice(); u8.toString(); u8.sort(); u8.set(u8, 0);`,
  ],
  ["a view after garbage collection", "const view = memory.f64; close(); gc(); new ArrayBuffer(1e7); gc(); touch(view);"],
  ["a view beyond what is committed", "const view = memory.u8; view.fill(1, 60_000); close(); touch(view);"],
  [
    "a view after growth",
    "memory.readOnly || memory.grow(Math.min(400_000, memory.maxByteLength)); const view = memory.u32; close(); touch(view);",
  ],
  [
    "a view in a worker, which goes on reading and writing while it is closed",
    `const worker = new Worker(\`
       const { parentPort, workerData } = require("node:worker_threads");
       const u8 = new Uint8Array(workerData);
       parentPort.postMessage("started");
       for (let round = 0; round < 300; round += 1) for (let at = 0; at < ${BYTES}; at += 64) if (u8[at] < 8) u8[at] = 7;
     \`, { eval: true, workerData: memory.buffer });
     await new Promise((resolve) => worker.once("message", resolve));
     close();
     assert.equal(await new Promise((resolve) => worker.once("exit", resolve)), 0);`,
  ],
];

const OPENERS: Readonly<Record<string, string>> = {
  "a file to read": `const memory = mapped.mapFile(directory + "/file", { maxByteLength: 500_000 }); const close = () => memory.close();`,
  "a file to write": `const memory = mapped.mapFile(directory + "/file", { mode: "readWrite", maxByteLength: 500_000 }); const close = () => memory.close();`,
  "scratch memory": `const memory = mapped.mapScratch(directory, { byteLength: ${BYTES}, maxByteLength: 500_000 }); memory.u8.fill(7, 0, ${BYTES}); const close = () => memory.close();`,
  "a window": `const window = mapped.mapWindow(directory + "/file", { byteLength: 16_384 }); window.slide(5000); const { memory } = window; const close = () => window.close();`,
};

describe("after close, in a process of its own, nothing crashes and nothing reaches the file:", () => {
  for (const [title, script] of CASES) {
    test(title, (t) => {
      const directory = temporaryDirectory(t);
      const path = join(directory, "file");
      writeFileSync(path, Buffer.alloc(BYTES, 7));
      // The cases run in all homes; a signal in any of them ends the process, and tells the home by what was printed before.
      const source = Object.entries(OPENERS)
        .map(
          ([home, opener]) => `console.log(${JSON.stringify(home)}); await (async () => { ${opener}\n${script} })(); unchanged();`,
        )
        .join("\n");
      const prelude = `
        function zeroOf(view) {
          return typeof view[0] === "bigint" ? 0n : 0;
        }
        function touch(view) {
          const one = typeof view[0] === "bigint" ? 1n : 1;
          for (let at = 0; at < view.length; at += 1) {
            if (view[at] !== (one === 1 ? 0 : 0n)) assert.fail(\`\${view[at]} at \${at} of \${view.constructor.name}\`);
            view[at] = one;
          }
          assert.equal(view.at(-1), one);
          view.fill(one);
        }
        // What was written before the close is the file's; what is written after it is nobody's.
        function unchanged() {
          const bytes = fs.readFileSync(directory + "/file");
          assert.ok(bytes.subarray(0, ${BYTES}).every((byte) => byte === 7) && bytes.subarray(${BYTES}).every((byte) => byte === 0));
        }`;
      const { status, signal, stdout, stderr } = runChild(prelude + source, { directory, nodeOptions: ["--expose-gc"] });
      assert.equal(signal, null, `${stdout}${stderr}`);
      assert.equal(status, 0, `${stdout}${stderr}`);
      assert.ok(readFileSync(path).length >= BYTES);
    });
  }
});
