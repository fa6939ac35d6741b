/** What `recover` found. */
export interface Recovered {
  /** Seats whose holders were dead. */
  readonly seats: number;
  /** Slots that they had taken with them. */
  readonly slots: number;
  /** Handles of records that were theirs, which are there still. */
  readonly orphans: readonly number[];
}
