// Random programs of millions of operations on tables of every kind beside a Map, in every home: npm run soak -- table-differential [--operations=1000000] [--seed=1]
import { runDifferential, TABLE_KINDS } from "../collections/tables/table-differential.ts";
import { HOMES } from "../conformance/homes.ts";

const option = (name: string, otherwise: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
};
const operations = option("operations", 1_000_000);
const seed = option("seed", 1);
for (const home of HOMES) {
  for (const kind of TABLE_KINDS) {
    const started = performance.now();
    const { size, sum } = runDifferential(home, kind, operations, seed);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${home.title}, ${kind.name}: ${operations} operations of seed ${seed}, ${size} entries at the end, ${sum} answers compared (${seconds} s)`,
    );
  }
}
