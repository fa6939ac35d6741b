import { parentPort, workerData } from "node:worker_threads";
import { attach } from "../../src/core/homes.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { Ledger } from "../../src/ownership/ledger.ts";
import { receiveOwner } from "../../src/ownership/own.ts";
import { receiveShared } from "../../src/ownership/shared.ts";

/** What the tests in shared-threads.test.ts have other threads do. */
const { task, memory: ticket, message, book } = workerData;
const memory = attach(ticket);
if (task === "churn") {
  // Clones, weak references and upgrades, as fast as it can, against the other threads.
  const mine = receiveShared(message, u32, { memory });
  const weak = mine.weak();
  for (let round = 0; round < 20_000; round++) {
    const clone = mine.clone();
    const up = weak.upgrade();
    clone.dispose();
    up?.dispose();
  }
  mine.dispose();
  weak.dispose();
  parentPort?.postMessage("done");
} else if (task === "owner") {
  const owner = receiveOwner(message, u32, { memory });
  owner.borrowMut("worker").value.value += 1;
  let again = "";
  try {
    receiveOwner(message, u32, { memory });
  } catch (error) {
    again = String(Reflect.get(Object(error), "code"));
  }
  parentPort?.on("message", (what) => {
    if (what === "dispose") owner.dispose();
    parentPort?.close();
  });
  parentPort?.postMessage(again);
} else {
  // Takes counts and never gives them back.
  const ledger = Ledger.attach(memory, book);
  const mine = receiveShared(message, u32, { memory, ledger });
  const kept = [mine.clone(), mine.clone(), mine.weak()];
  parentPort?.postMessage(kept.length);
  setInterval(() => kept.length, 1000);
}
