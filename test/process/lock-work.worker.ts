import { workerData } from "node:worker_threads";
import { workAsThread } from "./lock-work.ts";

workAsThread(workerData);
