// What takes too long for `npm test`: many random programs, many kills, many items. One file a question in test/soak.
//   npm run soak                        all of them, one after another
//   npm run soak -- NAME [options]      one of them
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const soaks = readdirSync(join("test", "soak"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".worker.ts"))
  .map((name) => name.slice(0, -3))
  .sort();
const given = process.argv.slice(2);
const names = given.filter((argument) => !argument.startsWith("-"));
const options = given.filter((argument) => argument.startsWith("-"));
const unknown = names.filter((name) => !soaks.includes(name));
if (unknown.length > 0) {
  console.error(`no soak ${unknown.join(", ")}; there are: ${soaks.join(", ")}`);
  process.exit(1);
}

let failed = 0;
for (const name of names.length > 0 ? names : soaks) {
  console.log(`# ${name}`);
  const { status } = spawnSync(process.execPath, [join(".build", "test", "soak", `${name}.js`), ...options], { stdio: "inherit" });
  if (status !== 0) failed += 1;
}
if (failed > 0) {
  console.error(`${failed} failed`);
  process.exit(1);
}
