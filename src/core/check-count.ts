import { MemoryError } from "./errors.ts";

/** Throws `invalid-argument` unless `count`, which its user knows as `name`, is a whole number from `least` to `most`. */
export function checkCount(
  subject: string,
  name: string,
  count: number,
  least: number,
  most: number,
  cure = "Pass a whole number in that range.",
): void {
  if (Number.isSafeInteger(count) && count >= least && count <= most) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: `needs a whole number as ${name}`,
    numbers: { [name]: String(count), least, most },
    cure,
  });
}
