// Runs in a process of one thread, of which it makes copies, and prints what it has found as JSON. See table-kills.ts.
import { parseArgs } from "node:util";
import { killCompacting } from "./table-steps.ts";
import { killWriters } from "./table-writers.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" }, every: { type: "string" } },
});
const [directory] = positionals;
const found =
  values.every === undefined
    ? killWriters(directory, Number(values.kills), Number(values.seed))
    : killCompacting(directory, Number(values.every));
console.log(JSON.stringify(found));
