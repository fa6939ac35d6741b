import type { Handle } from "../core/handle.ts";

/** What `recover` found. */
export interface Recovered<T = unknown> {
  /** Seats whose holders were dead. */
  readonly seats: number;
  /** Slots that they had taken with them. */
  readonly slots: number;
  /** Records that were theirs, and are there still. */
  readonly orphans: readonly Handle<T>[];
}
