import type { Allocator } from "../alloc/allocator.ts";
import type { Ptr } from "../core/brand.ts";
import type { Lease, Tenant } from "../core/lease.ts";
import type { Type } from "../layout/type.ts";
import { CONTROL_ALIGN, CONTROL_BYTES, type ControlBlock, freeValue } from "./control-block.ts";

/** The blocks of one allocator that other threads may hold, by byte offset. */
interface Away {
  readonly blocks: Map<number, HomeBlock>;
  /** Looks for what has come back when there are this many: so often that each block is looked at twice or so. */
  reclaimAt: number;
}

const away = new WeakMap<Allocator, Away>();
const LEAST_RECLAIM = 16;

/**
 * A control block in the thread that allocated it, which alone can free it and its value.
 *
 * Invariants:
 * 1. The value is freed once, after strong has become 0; then the block, after weak has.
 * 2. It is among the blocks away from the first ticket on and until it is freed.
 */
export class HomeBlock implements Tenant {
  readonly control: ControlBlock;
  /** Why the bytes are gone although nobody freed them, as the rest of a sentence; "" while they are there. */
  lost = "";
  readonly #allocator: Allocator;
  readonly #lease: Lease;
  readonly #type: Type;
  #valueFreed = false;
  #freed = false;

  constructor(allocator: Allocator, lease: Lease, control: ControlBlock, type: Type) {
    this.#allocator = allocator;
    this.#lease = lease;
    this.control = control;
    this.#type = type;
    lease.addTenant(this);
  }

  /** Other threads may drop it from now on. */
  goesAway(): void {
    let known = away.get(this.#allocator);
    if (known === undefined) {
      known = { blocks: new Map(), reclaimAt: LEAST_RECLAIM };
      away.set(this.#allocator, known);
    }
    if (known.blocks.size >= known.reclaimAt) reclaim(this.#allocator);
    known.blocks.set(this.control.byteOffset, this);
  }

  /** Frees what nobody counts any more. Returns whether everything is freed. */
  settle(): boolean {
    if (this.#freed || this.lost !== "") return true;
    const { control } = this;
    if (!this.#valueFreed && control.strong === 0) {
      this.#valueFreed = true;
      freeValue(this.#allocator, this.#type, control);
    }
    if (control.weak > 0) return false;
    this.#freed = true;
    control.erase();
    this.#lease.removeTenant(this);
    away.get(this.#allocator)?.blocks.delete(control.byteOffset);
    this.#allocator.free(control.byteOffset as Ptr, CONTROL_BYTES, CONTROL_ALIGN);
    return true;
  }

  /** For Lease: the allocator takes the bytes back, whoever counts. Other threads see at their next look that the value is gone. */
  leaseEnded(event: string): void {
    this.lost = `the ${this.#allocator.subject} that it lay in ${event}`;
    away.get(this.#allocator)?.blocks.delete(this.control.byteOffset);
    if (!this.control.memory.closed) this.control.erase();
  }
}

/**
 * Frees values of `allocator` that other threads owned and have disposed of: only the thread that allocated can. It happens now and then by
 * itself when this thread gives away more; call it when it is idle, too. Returns how many are still away. O(those away).
 */
export function reclaim(allocator: Allocator): number {
  const known = away.get(allocator);
  if (known === undefined) return 0;
  for (const block of known.blocks.values()) block.settle();
  known.reclaimAt = Math.max(LEAST_RECLAIM, known.blocks.size * 2);
  return known.blocks.size;
}

/** The block of `allocator`, of this thread, that a control block is: one that has come back. */
export function homeBlockOf(allocator: Allocator, control: ControlBlock): HomeBlock | undefined {
  const block = away.get(allocator)?.blocks.get(control.byteOffset);
  return block?.control.nonce === control.nonce ? block : undefined;
}
