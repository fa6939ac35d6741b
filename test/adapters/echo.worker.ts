import { workerData } from "node:worker_threads";
import { attachPort, type RingPortTicket } from "../../src/adapters/streams.ts";

/** Sends back what it hears, until the other end closes. */
const data: { port: RingPortTicket } = workerData;
const port = attachPort(data.port);
port.on("message", (message) => port.postMessage({ echo: message }));
