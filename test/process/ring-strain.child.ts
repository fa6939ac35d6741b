// Runs in a process of one thread, of which it makes copies and kills them: how many at a file. Prints what has come through as JSON. See ring-strain.ts.
import assert from "node:assert/strict";
import { mapFile } from "../../src/mapped/map-file.ts";
import { endOfFork, fork, killFork } from "./forks.ts";
import { live, STAGE_BYTES } from "./ring-life.ts";
import { type Life, strain } from "./ring-strain.ts";

const [path, kills] = process.argv.slice(2);
using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: STAGE_BYTES });

function start(part: number): Life {
  const identity = fork(() => live(mapFile(path, { mode: "readWrite" }), part, process.pid));
  const kill = (): void => {
    killFork(identity);
    assert.deepEqual(endOfFork(identity), { status: 0, signal: 9 });
  };
  return { identity, kill };
}

console.log(JSON.stringify(await strain(memory, Number(kills), start)));
