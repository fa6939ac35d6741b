import type { Dependent } from "./backing.ts";
import { MemoryError } from "./errors.ts";
import { INSPECT } from "./inspect.ts";
import type { Memory } from "./memory.ts";
import { NO_VIEWS, type Views } from "./views.ts";

/** Something whose bytes are those that a lease stands for, so that it ends with the lease: an arena with chunks from there. */
export interface Tenant {
  /** The lease has ended; `event` is what happened, as for `end`. */
  leaseEnded(event: string): void;
}

/** The epoch of a view whose value was destroyed by itself: no lease ever has it. */
export const DESTROYED = 0;

/**
 * The right to look at a memory for as long as something lives: the memory itself, an arena, a scope.
 *
 * A view that a user may keep reads through a lease and remembers the lease's `epoch`. Ending what the lease stands for adds
 * one to `epoch`, which is all it costs; every view made before it then throws `stale-view` (or `closed`) at its next use.
 *
 * Invariants:
 * 1. `epoch` only grows. A view is valid exactly while its own epoch equals the lease's.
 * 2. The typed arrays are those of `memory`, now, also after growth has moved the bytes; empty once `memory` or the lease is closed.
 */
export class Lease implements Dependent {
  readonly memory: Memory;
  /** Nothing can be written through its views: the memory is read-only, or what the lease stands for only lends to look at. */
  readonly readOnly: boolean;
  epoch = 1;
  u8: Uint8Array;
  i8: Int8Array;
  u16: Uint16Array;
  i16: Int16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
  #subject: string;
  #lastEvent = "";
  #endedWithMemory = false;
  #tenants: Set<Tenant> | undefined;

  /** For Memory; others call `memory.openLease(subject)`. */
  constructor(memory: Memory, subject: string, readOnly = memory.readOnly) {
    this.memory = memory;
    this.readOnly = readOnly || memory.readOnly;
    this.#subject = subject;
    this.u8 = memory.u8;
    this.i8 = memory.i8;
    this.u16 = memory.u16;
    this.i16 = memory.i16;
    this.u32 = memory.u32;
    this.i32 = memory.i32;
    this.f32 = memory.f32;
    this.f64 = memory.f64;
    this.i64 = memory.i64;
    this.u64 = memory.u64;
  }

  #look(views: Views): void {
    this.u8 = views.u8;
    this.i8 = views.i8;
    this.u16 = views.u16;
    this.i16 = views.i16;
    this.u32 = views.u32;
    this.i32 = views.i32;
    this.f32 = views.f32;
    this.f64 = views.f64;
    this.i64 = views.i64;
    this.u64 = views.u64;
  }

  /** Makes every view of this lease stale, and ends its tenants. `event` is what happened, for the story: `was reset`. O(1) without tenants. */
  end(event: string): void {
    this.#lastEvent = event;
    this.epoch += 1;
    const tenants = this.#tenants;
    if (tenants === undefined) return;
    this.#tenants = undefined;
    for (const tenant of tenants) tenant.leaseEnded(event);
  }

  /** Ends it and lets go of the bytes. Called by Memory; others call `memory.closeLease`. */
  endForGood(event: string): void {
    this.end(event);
    this.#look(NO_VIEWS);
  }

  memoryMoved(): void {
    this.#look(this.memory);
  }

  memoryClosed(): void {
    this.#endedWithMemory = true;
    this.endForGood("was closed");
  }

  /** Tells `tenant`, once, when this lease ends. */
  addTenant(tenant: Tenant): void {
    this.#tenants ??= new Set();
    this.#tenants.add(tenant);
  }

  removeTenant(tenant: Tenant): void {
    this.#tenants?.delete(tenant);
  }

  /** For `console.log`: not the bytes. */
  [INSPECT](): string {
    return `<lease of ${this.#subject}, epoch ${this.epoch}>`;
  }

  /** Throws the error of a store through a view that is only there to look at. For view classes. */
  throwReadOnly(): never {
    throw new MemoryError("read-only", {
      subject: `a view of ${this.#subject}`,
      event: "cannot be written through",
      cure: "Borrow the value exclusively, or copy what you want to change.",
    });
  }

  /** Throws the error of a view that was made at `viewEpoch` and is used after it. For view classes. */
  throwStale(viewEpoch: number): never {
    if (this.#endedWithMemory) this.memory.throwClosed();
    throw new MemoryError("stale-view", {
      subject: `a view of ${this.#subject}`,
      event:
        viewEpoch === DESTROYED
          ? "was used after its value was destroyed"
          : `was used after the ${this.#subject} ${this.#lastEvent}`,
      numbers: { viewEpoch, epoch: this.epoch },
      cure: "Read the values before, or copy them out with `type.copy(view)`; make a new view afterwards.",
    });
  }
}
