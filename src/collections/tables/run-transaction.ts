import { MemoryError } from "../../core/errors.ts";
import { Changes } from "./records/changes.ts";
import { commitChanges } from "./records/commit.ts";
import { beginSaving, isSaving } from "./records/flush.ts";
import { HeldShards } from "./records/held-shards.ts";
import type { RecordStore } from "./records/store.ts";
import { Transaction } from "./transaction.ts";

/** What is done in a transaction. */
export type Work<Key, Value, Input, Result> = (transaction: Transaction<Key, Value, Input>) => Result;

/** What came of a transaction. */
export interface Outcome<Result> {
  readonly result: Result;
  readonly hasWritten: boolean;
}

/** Calls `work` until it had all that it needs, and makes its changes. `most`: entries of a shard. */
export function runTransaction<Key, Value, Input, Result>(
  store: RecordStore<Key, Value, Input>,
  work: Work<Key, Value, Input, Result>,
  most: number,
): Outcome<Result> {
  let wanted: readonly number[] = [];
  for (;;) {
    const held = new HeldShards(store);
    const changes = new Changes(store, held);
    try {
      held.holdAll(wanted);
      const result = work(new Transaction(store, changes));
      refusePromise(result);
      if (!held.isRefused && isReady(store, changes)) return { result, hasWritten: commitChanges(store, changes, most) };
      changes.drop();
    } catch (error) {
      changes.drop();
      if (!held.isRefused) throw error;
    } finally {
      changes.isOpen = false;
      wanted = held.wanted;
      held.release();
    }
    if (!held.isRefused) beginSaving(store);
  }
}

/** Whether a power failure leaves all or nothing of the changes. */
function isReady(store: RecordStore<unknown, unknown, never>, changes: Changes): boolean {
  return store.parts.sync === undefined || isSaving(store) || changes.list.length < 2;
}

function refusePromise(result: unknown): void {
  if (typeof result !== "object" || result === null || !("then" in result) || typeof result.then !== "function") return;
  throw new MemoryError("invalid-argument", {
    subject: "transaction of a hash table",
    event: "was given work that returns a promise: nothing was written",
    cure: "Await what the work needs before, and pass a function that is not async: others wait while it runs.",
  });
}
