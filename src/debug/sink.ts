import { type Channel, diagnosticsChannel } from "./channels.ts";
import { type Mistake, MistakeError } from "./mistake.ts";

/** What happens when a mistake is found: an error is thrown, or it is only remembered, or a function is called with it. */
export type OnMistake = "throw" | "collect" | ((mistake: Mistake) => void);

/** So many are kept to be looked at; later ones are counted. */
const MOST_KEPT = 1000;

/** Where mistakes go, each once. Published on the `diagnostics_channel` named `offheap:mistake` too, where the host has it. */
export class Sink {
  readonly kept: Mistake[] = [];
  count = 0;
  readonly #onMistake: OnMistake;
  readonly #channel: Channel | undefined = diagnosticsChannel("offheap:mistake");

  constructor(onMistake: OnMistake) {
    this.#onMistake = onMistake;
  }

  get throws(): boolean {
    return this.#onMistake === "throw";
  }

  /** Remembers and tells; does not throw. */
  tell(mistake: Mistake): void {
    this.count += 1;
    if (this.kept.length < MOST_KEPT) this.kept.push(mistake);
    if (this.#channel?.hasSubscribers) this.#channel.publish(mistake);
    if (typeof this.#onMistake === "function") this.#onMistake(mistake);
  }

  /** Tells all of them, then throws if that is what is wanted. */
  settle(mistakes: readonly Mistake[]): void {
    for (const mistake of mistakes) this.tell(mistake);
    if (this.throws && mistakes.length > 0) throw new MistakeError(mistakes);
  }
}
