/** Ends and roles that were taken of a structure of a segment: they close with it. */
export class Ends implements Disposable {
  readonly #ends = new Set<Disposable>();

  keep<End extends Disposable>(end: End): End {
    this.#ends.add(end);
    return end;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end[Symbol.dispose]();
    this.#ends.clear();
  }
}
