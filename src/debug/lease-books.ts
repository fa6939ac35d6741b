import type { Lease, Tenant } from "../core/lease.ts";
import { RecordList } from "./record-list.ts";

/** The blocks that were allocated under one lease of the watched allocator, and so end with it. */
export class LeaseBooks implements Tenant {
  readonly lease: Lease;
  /** The number under which records know them. */
  readonly index: number;
  /** Whether `live` lists its live blocks. Where it does not, they are found by looking at all records, and freeing one touches no other. */
  readonly listed: boolean;
  readonly live = new RecordList();
  readonly quarantine = new RecordList();
  quarantinedBytes = 0;
  /** Whether the lease will tell when it ends. */
  open = false;
  readonly #ended: (books: LeaseBooks, event: string) => void;

  constructor(lease: Lease, index: number, listed: boolean, ended: (books: LeaseBooks, event: string) => void) {
    this.lease = lease;
    this.index = index;
    this.listed = listed;
    this.#ended = ended;
  }

  watch(): void {
    if (this.open) return;
    this.lease.addTenant(this);
    this.open = true;
  }

  leaseEnded(event: string): void {
    this.open = false;
    this.#ended(this, event);
  }

  close(): void {
    this.open = false;
    this.lease.removeTenant(this);
  }
}
