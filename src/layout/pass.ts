/**
 * How accessors check without a branch that throws.
 *
 *   if (PASS[holds ? 0 : 1] === undefined) refuse();
 *
 * `PASS` has one element, so the lookup fails exactly when `holds` is false. A plain `if (!holds) refuse()` says the same, and costs up
 * to twice the loop around it: V8 inlines the accessor, the branch that leaves the loop keeps it from hoisting checks out of the
 * loop, and a call in it makes V8 keep sums in memory instead of registers. The lookup is a bounds check to V8: no branch,
 * and, as long as it never failed, it knows that the result is a number and drops the comparison.
 *
 * Once a lookup really failed, V8 knows that it can, and the accessor is three to six times slower from then on. Therefore whoever
 * refuses installs fresh functions first: see `Healing`.
 */
export const PASS = new Uint8Array(1);

const ALWAYS = 64;

/**
 * Decides when a failed check makes its functions anew, which takes about 0.1 ms: at each of the first 64 failures, then at every power
 * of two, so that a program that makes the same mistake a million times is not busy with healing.
 */
export class Healing {
  readonly #install: () => void;
  #failures = 0;

  constructor(install: () => void) {
    this.#install = install;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures <= ALWAYS || Number.isInteger(Math.log2(this.#failures))) this.#install();
  }
}
