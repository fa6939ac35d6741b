// Runs in a process of one thread, of which it makes copies, and prints what it has found as JSON. See table-kills.ts.
import { parseArgs } from "node:util";
import { killWriters } from "./table-writers.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
console.log(JSON.stringify(killWriters(positionals[0], Number(values.kills), Number(values.seed))));
