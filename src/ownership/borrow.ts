import { MemoryError } from "../core/errors.ts";
import type { Loan } from "./loan.ts";
import { type Mark, since } from "./mark.ts";

/** A borrow as its owner keeps it. */
export interface Held {
  readonly mark: Mark;
  readonly isActive: boolean;
  expire(event: string, story: string | undefined): void;
}

/**
 * The right to look at an owned value, with others who look. Ends with `using`, `end()`, or its owner.
 *
 * Views that were taken out of a borrow of a value in memory end with it, and throw `stale-view` afterwards. An object of JavaScript that was
 * taken out cannot be called back.
 */
export class Borrow<View> implements Held, Disposable {
  /** Who holds it, and since when. */
  readonly mark: Mark;
  readonly subject: string;
  readonly #returned: (borrow: Held) => void;
  /** Undefined once it has ended. */
  #loan: Loan<View> | undefined;
  /** What ended it, as the rest of a sentence, when it was not its holder. */
  #ended: string | undefined;

  /** Use `owner.borrow()`. */
  constructor(subject: string, mark: Mark, loan: Loan<View>, returned: (borrow: Held) => void) {
    this.subject = subject;
    this.mark = mark;
    this.#loan = loan;
    this.#returned = returned;
  }

  /** The value. Throws `stale-view` when the owner has ended, `closed` when this borrow has. */
  get value(): View {
    return (this.#loan ?? this.#throwEnded()).value;
  }

  get isActive(): boolean {
    return this.#loan !== undefined;
  }

  /** Gives it back. Twice is harmless. */
  end(): void {
    if (this.#loan === undefined) return;
    this.expire("ended", undefined);
    this.#returned(this);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** For its owner: ends it and what was taken out of it. `story` is what ended it, when it was not its holder. */
  expire(event: string, story: string | undefined): void {
    const loan = this.#loan;
    this.#loan = undefined;
    this.#ended = story;
    loan?.end(event);
  }

  #throwEnded(): never {
    const outlived = this.#ended !== undefined;
    throw new MemoryError(outlived ? "stale-view" : "closed", {
      subject: `the ${this.subject}`,
      event: outlived ? `was used after ${this.#ended}` : "was used after it had been given back",
      numbers: { borrowed: since(this.mark) },
      cure: outlived ? "End borrows before their owner ends, or move the owner to where it lives longer." : "Borrow again.",
      cause: this.mark.place,
    });
  }
}

/** The right to change an owned value, which nobody else has a borrow of meanwhile. */
export class BorrowMut<View, Shown = View> extends Borrow<View> {
  readonly #downgrade: (borrow: BorrowMut<View, Shown>) => Borrow<Shown>;

  /** Use `owner.borrowMut()`. */
  constructor(
    subject: string,
    mark: Mark,
    loan: Loan<View>,
    returned: (borrow: Held) => void,
    downgrade: (borrow: BorrowMut<View, Shown>) => Borrow<Shown>,
  ) {
    super(subject, mark, loan, returned);
    this.#downgrade = downgrade;
  }

  /** Ends this borrow and returns a shared one of the same holder, with nobody in between. Throws `stale-view`, `closed`. */
  downgrade(): Borrow<Shown> {
    // Asks whether it is active.
    this.value;
    return this.#downgrade(this);
  }
}
