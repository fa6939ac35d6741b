// Completes the lock files after `npm install` with the packages for other platforms that npm left out. It does so silently where the
// registry in use lacks them, and `npm ci` then refuses the lock file everywhere.
import { readFileSync, writeFileSync } from "node:fs";

const PLATFORM = /-(android|darwin|freebsd|linux|openbsd|win32)-(arm64|arm|ia32|loong64|riscv64|x64)(?:-(musl))?$/;

for (const path of ["package-lock.json", "bench/rivals/package-lock.json"]) {
  const lock = JSON.parse(readFileSync(path, "utf8"));
  const added = {};
  for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
    const names = Object.keys(optionalDependencies);
    const sibling = names.map((name) => lock.packages[`node_modules/${name}`]).find((found) => found?.os !== undefined);
    for (const name of names.filter((name) => lock.packages[`node_modules/${name}`] === undefined)) {
      const [, os, cpu, musl] = PLATFORM.exec(name) ?? [];
      if (!/^\d/.test(optionalDependencies[name]))
        throw new Error(`${name} is wanted in a range of versions: add the one that is meant by hand`);
      if (os === undefined || sibling === undefined) throw new Error(`${path} lacks ${name}, which is for no platform by its name`);
      const { dev, license, engines } = sibling;
      const libc = musl !== undefined ? ["musl"] : os === "linux" ? sibling.libc : undefined;
      added[`node_modules/${name}`] = {
        version: optionalDependencies[name],
        cpu: [cpu],
        dev,
        libc,
        license,
        optional: true,
        os: [os],
        engines,
      };
      console.log(`${path}: added ${name}`);
    }
  }
  const packages = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => a.localeCompare(b, "en"));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
}
