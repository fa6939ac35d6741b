// Runs in a process of one thread, of which it makes copies and kills them: how many at a file, from a seed. Prints the counts as JSON. See lock-deaths.ts.
import assert from "node:assert/strict";
import { roster } from "../../src/concurrent/locks/roster.ts";
import type { MappedMemory } from "../../src/mapped/index.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { participantIn } from "../../src/mapped/participants.ts";
import { endOfFork, fork, killFork } from "./forks.ts";
import { randomOf, settled } from "./lock-deaths.ts";
import { countsOf, LOCKS_BYTES, lockWork, PARTICIPANTS } from "./lock-work.ts";

const PATIENCE_MS = 60_000;
const [path, deaths, seed] = process.argv.slice(2);
const random = randomOf(Number(seed));
using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: LOCKS_BYTES });
const sleeping = new Int32Array(new SharedArrayBuffer(4));
const launcher = process.pid;

/** The kernel tells the others who is there by a lock on a descriptor, which copies would share: so none takes part before it is one. */
function takePart(shown: MappedMemory) {
  const here = roster(shown, { seats: PARTICIPANTS, ...participantIn(shown) });
  return { here, work: lockWork(shown, here) };
}

function live(): void {
  const { work } = takePart(mapFile(path, { mode: "readWrite" }));
  while (process.ppid === launcher) work();
}

function kill(pid: number): void {
  killFork(pid);
  assert.deepEqual(endOfFork(pid), { status: 0, signal: 9 });
}

function goesOn(): void {
  const { turns } = countsOf(memory);
  for (const until = Date.now() + PATIENCE_MS; countsOf(memory).turns === turns; Atomics.wait(sleeping, 0, 0, 1))
    assert.ok(Date.now() < until, "nobody gets a lock any more");
}

const running = [fork(live), fork(live), fork(live)];
for (let death = 0; death < Number(deaths); death++) {
  goesOn();
  Atomics.wait(sleeping, 0, 0, random() * 10);
  kill(running[0]);
  running.splice(0, 1);
  running.push(fork(live));
}
goesOn();
for (const pid of running) kill(pid);
const { here, work } = takePart(memory);
console.log(JSON.stringify(settled(memory, here, work)));
