import type { RecordStore } from "./store.ts";

/** Holds all shards, in the order in which everybody would who holds more than one. */
export function whileAlone<Result>(store: RecordStore<unknown, unknown, never>, work: () => Result): Result {
  let held = 0;
  try {
    while (held < store.parts.shards) {
      store.enter(held);
      held += 1;
    }
    return work();
  } finally {
    while (held > 0) store.leave(--held);
  }
}
