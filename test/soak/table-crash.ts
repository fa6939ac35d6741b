// Power failures between any two stores of a table: npm run soak -- table-crash [--failures=100000] [--seed=1]
import { runCrashProgram } from "../mapped/table/crash-program.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const wanted = option("failures", 100_000);
const started = performance.now();
let failures = 0;
for (let seed = option("seed", 1); failures < wanted; seed++) failures += runCrashProgram(seed);
console.log(
  `${failures} power failures: everything up to the last flush was there each time (${((performance.now() - started) / 1000).toFixed(0)} s)`,
);
