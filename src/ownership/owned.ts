import type { Allocator } from "../alloc/allocator.ts";
import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Lease, Tenant } from "../core/lease.ts";
import type { Ticket } from "../core/ticket.ts";
import type { Type } from "../layout/type.ts";
import { ptrOf } from "../layout/view-parts.ts";
import { ControlBlock } from "./control-block.ts";
import { Counted } from "./counted.ts";
import { HomeBlock } from "./home-block.ts";
import { type Loan, lendPlace } from "./loan.ts";

/** What an owner owns: it can be lent and, once, be freed. Knows nothing of who owns it, so that it can be moved. */
export interface Owned<View> {
  /** Why it is gone although nobody freed it, as the rest of a sentence; "" while it is there. */
  readonly lost: string;
  /** A way to the value that can be ended. Views that are not exclusive are there to look at. */
  lend(subject: string, exclusive: boolean): Loan<View>;
  /** Throws unless `free` can do it. */
  checkSync(subject: string): void;
  /** Throws what freeing throws; is never called twice, nor after `freeAsync`. */
  free(): void;
  freeAsync(): Promise<void>;
  /** Lets go of the value, and returns it as it was before anybody owned it. */
  release(subject: string): View;
  /** The ticket of the memory that it lies in. Throws `unsupported` where other threads cannot see it. */
  memoryTicket(subject: string): Ticket;
  /** Lets go of the value, which lives on under counts, with one owner. Throws `unsupported` where it lies in no memory, `out-of-memory`. */
  count(subject: string): Counted<View>;
}

/** A value in bytes, which goes back to the allocator that it came from. */
export class PlacedValue<View> implements Owned<View>, Tenant {
  lost = "";
  readonly #allocator: Allocator;
  readonly #type: Type<unknown, never, View>;
  readonly #ptr: Ptr;
  /** Of the allocator when the value was placed: once that ends, the bytes are another's. */
  readonly #lease: Lease;
  readonly #loans = new Set<Loan<View>>();

  /** A new value. Throws `out-of-memory`, `bad-value`; nothing has changed then. */
  static create<Input, View>(allocator: Allocator, type: Type<unknown, Input, View>, init: Input | undefined): PlacedValue<View> {
    return new PlacedValue<View>(allocator, type, ptrOf(allocator.create(type, init)));
  }

  private constructor(allocator: Allocator, type: Type<unknown, never, View>, ptr: Ptr) {
    this.#allocator = allocator;
    this.#type = type;
    this.#ptr = ptr;
    this.#lease = allocator.lease;
    this.#lease.addTenant(this);
  }

  lend(subject: string, exclusive: boolean): Loan<View> {
    const { value, end } = lendPlace(this.#allocator.memory, this.#type, this.#ptr, subject, exclusive);
    const loan: Loan<View> = {
      value,
      end: (event) => {
        end(event);
        this.#loans.delete(loan);
      },
    };
    this.#loans.add(loan);
    return loan;
  }

  checkSync(): void {}

  free(): void {
    if (this.lost !== "") return;
    this.#lease.removeTenant(this);
    this.#allocator.free(this.#ptr, this.#type.byteSize, this.#type.align);
  }

  async freeAsync(): Promise<void> {
    this.free();
  }

  release(): View {
    this.#lease.removeTenant(this);
    return this.#type.view(this.#lease, this.#ptr);
  }

  memoryTicket(): Ticket {
    return this.#allocator.memory.ticket();
  }

  count(): Counted<View> {
    const control = ControlBlock.allocate(this.#allocator, this.#type, this.#ptr);
    this.#lease.removeTenant(this);
    const home = new HomeBlock(this.#allocator, this.#lease, control, this.#type);
    return new Counted({ control, type: this.#type, home, ledger: undefined });
  }

  /** For Lease: the allocator has taken the bytes back. */
  leaseEnded(event: string): void {
    this.lost = `the ${this.#allocator.subject} that it lay in ${event}`;
    for (const loan of this.#loans) loan.end(`lost its value, because ${this.lost}`);
  }
}

/** A value of JavaScript, and what is to be done with it in the end. */
export class KeptValue<Value> implements Owned<Value> {
  readonly lost = "";
  readonly #value: Value;
  readonly #dispose: (() => unknown) | undefined;
  readonly #disposeAsync: (() => unknown) | undefined;

  constructor(value: Value, dispose: ((value: Value) => unknown) | undefined) {
    this.#value = value;
    this.#dispose = dispose === undefined ? methodOf(value, Symbol.dispose) : () => dispose(value);
    this.#disposeAsync = dispose === undefined ? methodOf(value, Symbol.asyncDispose) : undefined;
    if ((typeof value === "object" && value !== null) || typeof value === "function" || dispose !== undefined) return;
    throw new MemoryError("invalid-argument", {
      subject: "own",
      event: `was given ${value === null || value === undefined ? String(value) : `a ${typeof value}`}, which cannot dispose of itself`,
      cure: "Say how: own(handle, { dispose: (handle) => pool.remove(handle) }).",
    });
  }

  lend(): Loan<Value> {
    return { value: this.#value, end: () => {} };
  }

  checkSync(subject: string): void {
    if (this.#dispose !== undefined || this.#disposeAsync === undefined) return;
    throw new MemoryError("unsupported", {
      subject,
      event: "can only be disposed of asynchronously",
      cure: "Use `await using`, or await disposeAsync().",
    });
  }

  free(): void {
    this.#dispose?.();
  }

  async freeAsync(): Promise<void> {
    await (this.#disposeAsync ?? this.#dispose)?.();
  }

  release(): Value {
    return this.#value;
  }

  memoryTicket(subject: string): never {
    return this.count(subject);
  }

  count(subject: string): never {
    throw new MemoryError("unsupported", {
      subject,
      event: "lies in no memory, so neither counts nor other threads can have it",
      cure: "Place it in memory, for other threads in shared memory: own(allocator, type, init).",
    });
  }
}

function methodOf(value: unknown, key: symbol): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method: unknown = Reflect.get(value, key);
  return typeof method === "function" ? () => Reflect.apply(method, value, []) : undefined;
}
