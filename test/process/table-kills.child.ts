// Runs in a process of one thread, of which it makes copies, and prints what it has found as JSON. See table-kills.ts.
import { parseArgs } from "node:util";
import { killCompacting } from "./table-steps.ts";
import { killTransacting } from "./table-transactions.ts";
import { killWriters } from "./table-writers.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    every: { type: "string" },
    transacting: { type: "boolean", default: false },
  },
});
const [directory] = positionals;
console.log(JSON.stringify(find()));

function find(): unknown {
  if (values.transacting) return killTransacting(directory);
  if (values.every !== undefined) return killCompacting(directory, Number(values.every));
  return killWriters(directory, Number(values.kills), Number(values.seed));
}
