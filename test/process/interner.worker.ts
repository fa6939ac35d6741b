import { parentPort, workerData } from "node:worker_threads";
import { attach, attachSharedInterner, type Ticket } from "../../src/index.ts";

/** Interns 20 000 strings, from its own first one on, and tells their ids; or goes on with new ones until it is terminated. */
const { ticket, first, terminates }: { ticket: Ticket; first: number; terminates: boolean } = workerData;
const COUNT = 20_000;
const strings = attachSharedInterner(attach(ticket));
if (terminates) {
  parentPort?.postMessage("ready");
  for (let n = first; n < first + 100_000; n++) strings.tryIntern(`round ${n % 12_000}`);
  // Nothing more to do but to wait for the end.
  setInterval(() => {}, 1000);
} else {
  const ids = new Uint32Array(COUNT);
  for (let n = 0; n < COUNT; n++) {
    const number = (first + n) % COUNT;
    ids[number] = strings.intern(`string ${number}`);
  }
  parentPort?.postMessage(ids);
}
