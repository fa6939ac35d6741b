import { MemoryError } from "../core/errors.ts";
import { Borrow, BorrowMut, type Held } from "./borrow.ts";
import { type Mark, mark, namesOf, since } from "./mark.ts";
import type { Owned } from "./owned.ts";
import { type OwnerTicket, type Postable, ticketOf } from "./owner-ticket.ts";
import { Shared } from "./shared.ts";

export interface OwnerOptions {
  /** What errors call it. Default: the name of its type. */
  readonly name?: string;
  /** Remembers from which place of the program each borrow and move came, as the `cause` of errors. About 2 µs each; for finding mistakes. */
  readonly trace?: boolean;
}

/** Why an owner has nothing any more. */
interface End {
  readonly code: "moved" | "closed";
  /** As the rest of a sentence: `was disposed of`. */
  readonly event: string;
  readonly at: Mark;
  /** Who has the value now, when it is an owner of this thread. */
  readonly next?: { fate(): string };
}

/**
 * The one owner of a value. It frees the value once: with `using`, `await using`, `dispose()` or `disposeAsync()`, unless it has moved it away.
 *
 * ```ts
 * using hero = own(allocator, Particle, { x: 1 }, { name: "hero" });
 * {
 *   using ref = hero.borrowMut("physics");
 *   ref.value.x += 1;
 * }
 * const kept = hero.move("the renderer");        // hero throws from now on, and says where the value went
 * ```
 *
 * Many may hold a shared borrow, or one an exclusive one; what does not go together throws `borrowed`, and tells who holds it and since when.
 * Disposing does not wait for borrows: the value is freed, and every later use of a borrow or of a view from one throws `stale-view`.
 *
 * Disposing twice is harmless, and so is disposing of an owner that was moved from: `using` does it, on every way out of a block.
 *
 * Invariants:
 * 1. Either it owns (`#end` undefined) or it has ended; then `#borrows` is empty and `#owned` is never used again.
 * 2. An exclusive borrow is alone among the borrows.
 * 3. Every active borrow is among `#borrows`.
 */
export class Owner<View, Shown = View> implements Disposable, AsyncDisposable {
  readonly name: string;
  readonly #trace: boolean;
  readonly #borrows = new Set<Held>();
  #owned: Owned<View & Shown>;
  #end: End | undefined;

  /** Use `own`. */
  constructor(owned: Owned<View & Shown>, name: string, trace: boolean) {
    this.#owned = owned;
    this.name = name;
    this.#trace = trace;
  }

  /** Whether it still owns the value: not disposed of, not moved. */
  get isOwner(): boolean {
    return this.#end === undefined && this.#owned.lost === "";
  }

  /** Looks at the value, with others who look. `by` is what errors call the holder. Throws `borrowed`, `moved`, `closed`, `stale-view`. */
  borrow(by = "a borrow"): Borrow<Shown> {
    this.#check();
    if (this.#isExclusive) this.#refuse("cannot be borrowed");
    return this.#lend(mark(by, this.#trace));
  }

  /** Like `borrow`, but returns undefined while somebody holds it exclusively. */
  tryBorrow(by = "a borrow"): Borrow<Shown> | undefined {
    this.#check();
    return this.#isExclusive ? undefined : this.#lend(mark(by, this.#trace));
  }

  /** Takes the value alone, to change it. Throws `borrowed`, `moved`, `closed`, `stale-view`. */
  borrowMut(by = "a borrow"): BorrowMut<View, Shown> {
    this.#check();
    if (this.#borrows.size > 0) this.#refuse("cannot be borrowed exclusively");
    return this.#lendMut(mark(by, this.#trace));
  }

  /** Like `borrowMut`, but returns undefined while anybody holds it. */
  tryBorrowMut(by = "a borrow"): BorrowMut<View, Shown> | undefined {
    this.#check();
    return this.#borrows.size > 0 ? undefined : this.#lendMut(mark(by, this.#trace));
  }

  /** A new owner of the value; this one throws from now on. `to` is what the new one is called. Throws `borrowed`, `moved`, `closed`, `stale-view`. */
  move(to?: string): Owner<View, Shown> {
    this.#checkFree("cannot be moved");
    const next = new Owner<View, Shown>(this.#owned, to ?? this.name, this.#trace);
    this.#finish("moved", to === undefined ? "was moved to another owner" : `was moved to ${to}`, next);
    return next;
  }

  /** Takes the value out of all ownership: the caller frees it, or nobody. Throws `borrowed`, `moved`, `closed`, `stale-view`; `unsupported` where it is counted. */
  release(): View {
    this.#checkFree("cannot be released");
    const value = this.#owned.release(this.name);
    this.#finish("moved", "was released, for its caller to free");
    return value;
  }

  /** Any number of owners instead of one: this one throws from now on. Throws `unsupported` for values that lie in no memory, and what `move` throws. */
  share(): Shared<View> {
    this.#checkFree("cannot be shared");
    const shared = new Shared<View>(this.#owned.count(this.name), this.name);
    this.#finish("moved", "was shared");
    return shared;
  }

  /**
   * Sends the value to a thread, which opens what arrives with `receiveOwner`; this owner throws from now on. Throws `unsupported` unless the value lies
   * in memory that other threads can see, what `postMessage` throws, and what `move` throws; it owns as before then.
   */
  moveTo(port: Postable): void {
    this.#moveOut("was moved to another thread", (ticket) => port.postMessage(ticket));
  }

  /** The same as plain data, for `workerData` or a part of a message. */
  toTicket(): OwnerTicket {
    return this.#moveOut("was moved into a ticket", () => {});
  }

  /** Frees the value, if this still owns it. Borrows end. Throws what the value's own disposal throws; it counts as freed then, too. */
  dispose(): void {
    if (this.#end !== undefined) return;
    this.#owned.checkSync(this.name);
    const owned = this.#owned;
    this.#finish("closed", "was disposed of");
    owned.free();
  }

  /** The same for values whose disposal is asynchronous. */
  async disposeAsync(): Promise<void> {
    if (this.#end !== undefined) return;
    const owned = this.#owned;
    this.#finish("closed", "was disposed of");
    await owned.freeAsync();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disposeAsync();
  }

  /** What has become of it, as the rest of a sentence. For errors. */
  fate(): string {
    if (this.#end === undefined) return `has it now`;
    const { event, next } = this.#end;
    return next === undefined ? `${event}` : `${event}, which ${next.fate()}`;
  }

  checkInvariants(): string[] {
    const found: string[] = [];
    const borrows = [...this.#borrows];
    if (this.#end !== undefined && borrows.length > 0) found.push(`${borrows.length} borrows of what it does not own`);
    if (borrows.length > 1 && borrows.some((borrow) => borrow instanceof BorrowMut)) found.push("an exclusive borrow is not alone");
    if (borrows.some((borrow) => !borrow.isActive)) found.push("a borrow among the borrows has ended");
    return found;
  }

  get #isExclusive(): boolean {
    for (const borrow of this.#borrows) return borrow instanceof BorrowMut;
    return false;
  }

  #lend(at: Mark): Borrow<Shown> {
    const subject = `borrow of ${this.name} by ${at.by}`;
    const borrow = new Borrow<Shown>(subject, at, this.#owned.lend(subject, false), this.#returned);
    this.#borrows.add(borrow);
    return borrow;
  }

  #lendMut(at: Mark): BorrowMut<View, Shown> {
    const subject = `exclusive borrow of ${this.name} by ${at.by}`;
    const borrow = new BorrowMut<View, Shown>(subject, at, this.#owned.lend(subject, true), this.#returned, this.#downgrade);
    this.#borrows.add(borrow);
    return borrow;
  }

  readonly #returned = (borrow: Held): void => {
    this.#borrows.delete(borrow);
  };

  readonly #downgrade = (borrow: BorrowMut<View, Shown>): Borrow<Shown> => {
    this.#check();
    borrow.end();
    return this.#lend(borrow.mark);
  };

  #moveOut(event: string, send: (ticket: OwnerTicket) => void): OwnerTicket {
    this.#checkFree("cannot be moved");
    const memory = this.#owned.memoryTicket(this.name);
    const counted = this.#owned.count(this.name);
    this.#owned = counted;
    const ticket = ticketOf("own", this.name, memory, counted);
    counted.sendAs(ticket, send);
    this.#finish("moved", event);
    return ticket;
  }

  #finish(code: End["code"], event: string, next?: Owner<View, Shown>): void {
    const at = mark(event, this.#trace);
    this.#end = next === undefined ? { code, event, at } : { code, event, at, next };
    if (this.#borrows.size === 0) return;
    const story = `${this.name} ${event} at ${since(at)}`;
    for (const borrow of this.#borrows) borrow.expire(`lost its value, because ${story}`, story);
    this.#borrows.clear();
  }

  /** Throws unless it owns and nobody borrows. */
  #checkFree(event: string): void {
    this.#check();
    if (this.#borrows.size > 0) this.#refuse(event);
  }

  #check(): void {
    const { lost } = this.#owned;
    if (this.#end === undefined && lost === "") return;
    if (this.#end === undefined) {
      throw new MemoryError("stale-view", {
        subject: this.name,
        event: `was used after ${lost}`,
        cure: "Dispose of owners before what their values lie in is reset or closed.",
      });
    }
    const { code, at } = this.#end;
    throw new MemoryError(code, {
      subject: this.name,
      event: `was used after it ${this.fate()}`,
      numbers: { since: since(at) },
      cure: code === "moved" ? "Use the owner that has it now." : "Keep it for as long as it is used, or move it out of its block.",
      cause: at.place,
    });
  }

  #refuse(event: string): never {
    const marks = [...this.#borrows].map((borrow) => borrow.mark);
    const [first] = marks;
    throw new MemoryError("borrowed", {
      subject: this.name,
      event: `${event} while ${namesOf(marks)} ${this.#isExclusive ? "has it exclusively" : marks.length === 1 ? "looks at it" : "look at it"}`,
      numbers: { borrows: marks.length, since: since(first) },
      cure: "End that borrow first, with `using` or end(); or use a try… method and come back later.",
      cause: first.place,
    });
  }
}
