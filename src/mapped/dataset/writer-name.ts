import { createRequire } from "node:module";

/** What files say of who wrote them: `offheap 0.1.0`. */
export const WRITER = `offheap ${packageVersion()}`;

export function packageVersion(): string {
  const found: unknown = createRequire(import.meta.url)("offheap/package.json");
  return typeof found === "object" && found !== null && "version" in found ? String(found.version) : "unknown";
}
