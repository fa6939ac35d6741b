/** Some 100 ns without a look at what others write. */
const LEAST_TURNS = 200;
/** Some 2 µs, in which a side that is slower at the moment gets done what makes a look worth while. */
const MOST_TURNS = 4000;
/** Some 20 µs, the longest pause where things come thick and fast all the same: then what is slow is that lines are taken away. */
const MOST_DENSE_TURNS = 40_000;
/** Thick and fast is one in half a microsecond. */
const DENSE_TURNS = 1000;
/** A look that finds so many costs hardly anything for each of them. */
const WORTH = 64;

/**
 * How long one side of a ring pauses before it looks how far the other one is. A look takes the line of the position from the processor that writes it, which
 * waits some 100 to 400 ns for it at the next item: who looks after each item makes the other that slow.
 *
 * More than the line of the position: the processor that reads fetches lines ahead, which the other one is about to write. That takes it a microsecond or two
 * at each look, and so it has written little by the next one, unless that is far enough away.
 *
 * So while looks find something at once, but not much, the pauses before them grow, and they shrink again when looks find plenty. A consumer that has looked in
 * vain takes the next item as soon as it comes: there somebody may wait for an answer. A producer has no such haste: where it looks the ring is full.
 */
export class Pace {
  readonly #worth: number;
  readonly #most: number;
  readonly #mostDense: number;
  readonly #hasty: boolean;
  #turns = 0;
  #taken = 0;
  #isDry = false;
  #wasVain = false;

  /** `hasty` where the first item after a vain look matters. */
  constructor(capacity: number, hasty: boolean) {
    this.#worth = Math.max(1, Math.min(WORTH, capacity >> 2));
    // In so many turns the other side does not get through the whole ring.
    this.#most = Math.min(MOST_TURNS, capacity * 2);
    this.#mostDense = Math.min(MOST_DENSE_TURNS, capacity * 8);
    this.#hasty = hasty;
  }

  /** How long the next pause is: a turn is half a nanosecond. */
  get turns(): number {
    return this.#isDry ? this.#turns : 0;
  }

  /** To be called before a look. Pauses where the last one saw the end of what there was. */
  rest(): void {
    for (let turn = this.turns; turn > 0; turn--);
    this.#isDry = false;
  }

  /** So many items were there. */
  took(count: number): void {
    this.#taken += count;
  }

  /** There is no more than what was taken since this was last said. */
  ranDry(): void {
    const taken = this.#taken;
    if (taken > this.#worth * 4) this.#turns >>= 1;
    else if (this.#hasty && taken === 0) this.#turns = this.#wasVain ? LEAST_TURNS : 0;
    else if (this.#hasty && this.#wasVain) this.#turns = 0;
    else if (taken < this.#worth) this.#turns = Math.min(this.#longest(taken), Math.max(LEAST_TURNS, this.#turns * 2));
    this.#wasVain = taken === 0;
    this.#taken = 0;
    this.#isDry = true;
  }

  /** After a pause in which so many came. Where few come a long one would only hold them up. */
  #longest(taken: number): number {
    return taken * DENSE_TURNS > this.#turns ? Math.max(this.#most, this.#mostDense) : this.#most;
  }
}
