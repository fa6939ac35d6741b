import { MemoryError } from "./errors.ts";

/** Throws `invalid-argument` unless `given`, which is `what` and its user knows as `name`, is one of the choices, of which there are two at least. */
export function checkChoice(subject: string, what: string, name: string, given: unknown, choices: readonly string[]): void {
  if (choices.some((choice) => choice === given)) return;
  const quoted = choices.map((choice) => `"${choice}"`);
  throw new MemoryError("invalid-argument", {
    subject,
    event: `was given ${what} that does not exist`,
    numbers: { [name]: String(given) },
    cure: `Pass ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}.`,
  });
}
