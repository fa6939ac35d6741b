/**
 * A shared table with one thread and with two, and a table in a file with one process and with two: how much more two read, and read and write nine to one, in the
 * same time. Needs two processors that are free; on a busy machine the figures say more of the machine. Every value that is read is checked.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  attach,
  attachSharedHashTable,
  MiB,
  type SharedHashTable,
  sharedHashTable,
  sharedMemory,
  type Ticket,
  text,
  u32,
} from "../src/index.ts";
import { isMappingSupported, openTable } from "../src/mapped/index.ts";
import { option, report } from "./harness.ts";

const ENTRIES = 200_000;
const SECONDS = option("seconds", 1);
/** One and two in turn, so that both see the same machine; the best of each counts. */
const ROUNDS = option("rounds", 3);
const CHILD = "--child-of-shared-table";
const TYPES = { key: text, value: u32 };
const MIXES = [
  ["read", 0],
  ["read 90, write 10", 10],
] as const;

type Table = SharedHashTable<string, number>;

interface Order {
  readonly writes: number;
  readonly seed: number;
}

/** Every key's value is its own number plus a multiple of ENTRIES. */
function prepare(table: Table, { writes, seed }: Order): () => number {
  const indexes = Uint32Array.from({ length: 50_000 }, (_, index) => (index * 7 + seed) % ENTRIES);
  const names = Array.from(indexes, (index) => `key ${index}`);
  const work = (turns: number, from: number): void => {
    for (let turn = from; turn < from + turns; turn++) {
      const at = turn % names.length;
      if (turn % 100 < writes) table.set(names[at], indexes[at] + ENTRIES * (turn % 1000));
      else if ((table.get(names[at]) ?? -1) % ENTRIES !== indexes[at]) throw new Error(`${names[at]} has another's value`);
    }
  };
  work(50_000, 0);
  return () => {
    const until = performance.now() + SECONDS * 1000;
    let operations = 0;
    for (; performance.now() < until; operations += 500) work(500, operations);
    return operations;
  };
}

/** What is there of a participant: it says when it is ready, and counts from when it is told to. */
interface Party {
  start(): void;
  answer(): Promise<number>;
  end(): Promise<unknown>;
}

async function threadParty(ticket: Ticket, order: Order): Promise<Party> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { ticket, order } });
  await once(worker, "message");
  return {
    start: () => worker.postMessage("go"),
    answer: async () => Number((await once(worker, "message"))[0]),
    end: () => worker.terminate(),
  };
}

async function processParty(path: string, order: Order): Promise<Party> {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), ...process.argv.slice(2), CHILD, path, JSON.stringify(order)],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  await once(child, "message");
  return {
    start: () => child.send("go"),
    answer: async () => Number((await once(child, "message"))[0]),
    end: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** Operations in all of so many at once. */
async function operationsOf(count: number, make: (order: Order) => Promise<Party>, writes: number): Promise<number> {
  const parties = await Promise.all(Array.from({ length: count }, (_, at) => make({ writes, seed: at * 31_337 })));
  const answers = parties.map((party) => party.answer());
  for (const party of parties) party.start();
  const sum = (await Promise.all(answers)).reduce((all, operations) => all + operations, 0);
  for (const party of parties) await party.end();
  return sum;
}

async function compare(who: string, one: string, make: (order: Order) => Promise<Party>, afterwards: () => void): Promise<void> {
  for (const [title, writes] of MIXES) {
    let [alone, together] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      alone = Math.max(alone, await operationsOf(1, make, writes));
      together = Math.max(together, await operationsOf(2, make, writes));
      afterwards();
    }
    report({
      bench: "hash-table-shared",
      case: `${title}, ${who}`,
      unit: "Mop/s",
      ours: together / SECONDS / 1e6,
      peer: alone / SECONDS / 1e6,
      peerName: one,
      note: `${(together / alone).toFixed(2)} times as much; the bar is ${writes === 0 ? 1.8 : 1.5}`,
    });
  }
}

const childAt = process.argv.indexOf(CHILD);
if (!isMainThread) {
  const { ticket, order }: { readonly ticket: Ticket; readonly order: Order } = workerData;
  const run = prepare(attachSharedHashTable(attach(ticket), TYPES), order);
  parentPort?.once("message", () => parentPort?.postMessage(run()));
  parentPort?.postMessage("ready");
} else if (childAt >= 0) {
  const run = prepare(openTable(process.argv[childAt + 1], TYPES), JSON.parse(process.argv[childAt + 2]));
  process.once("message", () => process.send?.(run()));
  process.send?.("ready");
} else {
  const memory = sharedMemory(0, { maxByteLength: MiB(256) });
  const table = sharedHashTable(memory, { ...TYPES, capacity: ENTRIES, shards: 256 });
  for (let index = 0; index < ENTRIES; index++) table.set(`key ${index}`, index);
  await compare(
    "two threads",
    "one thread",
    (order) => threadParty(memory.ticket(), order),
    () => table.recover([2, 3]),
  );
  if (isMappingSupported()) {
    const folder = mkdtempSync(join(tmpdir(), "offheap-shared-table-"));
    const path = join(folder, "table");
    const file = openTable(path, { ...TYPES, shards: 256, reserve: MiB(256) });
    for (let index = 0; index < ENTRIES; index++) file.set(`key ${index}`, index);
    await compare(
      "two processes on one file",
      "one process",
      (order) => processParty(path, order),
      () => {},
    );
    file.close();
    rmSync(folder, { recursive: true });
  }
}
