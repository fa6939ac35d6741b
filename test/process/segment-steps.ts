import fs from "node:fs";
import { join } from "node:path";
import { ACTS, type Act, checkAfter, furnish, Image } from "./segment-acts.ts";
import { dieAtStep, type Through } from "./stepping.ts";

export interface Steps {
  /** How many the act has; undefined while that was not seen. */
  readonly steps: number | undefined;
  readonly killed: number;
  /** What these are, each once. */
  readonly labels: readonly string[];
}

/**
 * Lets copies of this process do the act and be killed, each at a step further, from step `from` on; looks at what is left each time. Ends when the act has gone
 * through, or at the time `until`.
 */
export function killAtSteps(
  directory: string,
  name: string,
  { from = 0, every = 1, until = Number.POSITIVE_INFINITY } = {},
): Steps {
  const act = ACTS[name];
  const path = join(directory, "segment");
  const image = imageBefore(path, act);
  let killed = 0;
  let through: Through | undefined;
  for (let last = from; through === undefined && Date.now() < until; last += every) {
    if (image === undefined) fs.rmSync(path, { force: true });
    else image.restore(path);
    through = dieAtStep(path, last, (begin) => act.run(path, begin));
    if (through === undefined) killed += 1;
    checkAfter(path, act, `killed in "${name}" at step ${last}`);
  }
  return { steps: through?.steps, killed, labels: through?.labels ?? [] };
}

function imageBefore(path: string, { before }: Act): Image | undefined {
  if (before === "nothing") return undefined;
  furnish(path);
  // In the middle of it, where the log is sealed and its change half carried out.
  if (before === "left by a killed one") dieAtStep(path, 160, (begin) => ACTS["make a structure"].run(path, begin));
  const image = new Image(path);
  return image;
}
