import { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import { isView, LEASE } from "../layout/view-parts.ts";
import type { Place } from "./place.ts";

/** What is told of a block that is gone, when a view of it is used. */
export interface BlockStory {
  readonly ptr: number;
  readonly byteSize: number;
  readonly serial: number;
  /** One of BY_FREE, BY_REALLOC, BY_LEASE. */
  readonly endedBy: number;
  /** As the rest of a sentence: `was freed`. */
  readonly event: string;
  readonly allocated: Place | undefined;
  readonly ended: Place | undefined;
}

/** Throws what there is to say of the use of a view after its block. `again`: it was told before. */
export type TellStale = (story: BlockStory, again: boolean) => never;

/**
 * The lease of a single block. Its views throw as soon as the block is freed or moved, whatever the allocator does with the bytes.
 * The tracker that made it tells it of growth and close, as memory does for leases of its own.
 */
export class BlockLease extends Lease {
  readonly #tell: TellStale;
  #story: BlockStory | undefined;
  #told = false;

  constructor(memory: Memory, tell: TellStale) {
    super(memory, "block");
    this.#tell = tell;
  }

  /** What ended it; undefined while it has not. */
  get story(): BlockStory | undefined {
    return this.#story;
  }

  endWith(story: BlockStory): void {
    this.#story = story;
    this.endForGood(story.event);
  }

  override throwStale(viewEpoch: number): never {
    if (this.#story === undefined) return super.throwStale(viewEpoch);
    const again = this.#told;
    this.#told = true;
    return this.#tell(this.#story, again);
  }
}

/** Of a view of a tracked block that has ended. */
export function storyOfEnded(view: object): BlockStory | undefined {
  return isView(view) && LEASE in view && view[LEASE] instanceof BlockLease ? view[LEASE].story : undefined;
}
