// Runs in a process of one thread, of which it makes copies, and prints what it has found as JSON. See segment-kills.ts.
import { parseArgs } from "node:util";
import { killRandomly } from "./segment-life.ts";
import { killAtSteps } from "./segment-steps.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    act: { type: "string" },
    from: { type: "string", default: "0" },
    every: { type: "string", default: "1" },
    kills: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    milliseconds: { type: "string", default: "1e9" },
  },
});
const [directory] = positionals;
const until = Date.now() + Number(values.milliseconds);
const found =
  values.act === undefined
    ? killRandomly(directory, Number(values.kills), Number(values.seed), until)
    : killAtSteps(directory, values.act, { from: Number(values.from), every: Number(values.every), until });
console.log(JSON.stringify(found));
