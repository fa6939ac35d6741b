import { parentPort, workerData } from "node:worker_threads";
import { attach, type Ticket } from "../../src/index.ts";
import { live } from "./ring-life.ts";

const { ticket, part, identity }: { ticket: Ticket; part: number; identity: number } = workerData;
live(attach(ticket), part, identity, () => parentPort?.postMessage("alive"));
