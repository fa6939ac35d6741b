import { MemoryError } from "../../core/errors.ts";
import { formatHandle, handleParts } from "../../core/handle.ts";
import { generationIn, RETIRED } from "./shared-pool-layout.ts";

/** Throws the error for a handle that leads to no live record: whether it ever can have, and what is in its slot now. `wordOf` knows which slots there are. */
export function throwNotShared(subject: string, tag: number, handle: unknown, wordOf: (slot: number) => number | undefined): never {
  const parts = handleParts(handle);
  const told = formatHandle(handle);
  const word = parts?.form === "wide" && parts.tag === tag ? wordOf(parts.slotIndex) : undefined;
  const generation = generationIn(word ?? 0);
  if (parts === undefined || word === undefined || (parts.generation > generation && word !== RETIRED)) {
    throw new MemoryError("foreign-handle", {
      subject,
      event: "was given a handle that is not of this pool",
      numbers: { handle: told, tag: parts?.tag, thisPool: tag },
      cure: "Pass a handle that `add` of this pool returned, in whichever thread.",
    });
  }
  const now = word === RETIRED ? "its slot is retired" : generation % 2 === 1 ? "its slot has another one now" : "its slot is free";
  throw new MemoryError("stale-handle", {
    subject,
    event: `was asked for a record that was removed; ${now}`,
    numbers: { handle: told, now: generation },
    cure: "Ask with tryGet where others remove records, and hold a guard while you read.",
  });
}
