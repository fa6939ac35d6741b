import { parentPort, workerData } from "node:worker_threads";
import { roster } from "../../src/concurrent/index.ts";
import { attach, type Ticket } from "../../src/index.ts";
import { lockWork, OWN_WORDS, PARTICIPANTS } from "./lock-work.ts";

/** Works until it is terminated, or for so many turns. Who it is it was told; who is dead stands in the memory. */
const { ticket, identity, turns }: { ticket: Ticket; identity: number; turns: number } = workerData;
const memory = attach(ticket);
const isAlive = (asked: number): boolean => Atomics.load(memory.i32, OWN_WORDS + (asked % 512)) !== asked;
const here = roster(memory, { participants: PARTICIPANTS, identity, isAlive });
const work = lockWork(memory, here);
parentPort?.postMessage("ready");
for (let turn = 0; turn < turns; turn++) work();
here.close();
