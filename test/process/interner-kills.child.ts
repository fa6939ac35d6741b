// Runs in a process of one thread, of which it makes copies, and prints what it has found as JSON. See interner-kills.ts.
import { parseArgs } from "node:util";
import { killWhileInterning } from "./interner-life.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: "string", default: "0" }, milliseconds: { type: "string", default: "1e9" } },
});
console.log(JSON.stringify(killWhileInterning(positionals[0], Number(values.kills), Date.now() + Number(values.milliseconds))));
