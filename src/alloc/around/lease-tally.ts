import type { Lease } from "../../core/lease.ts";

interface Share {
  epoch: number;
  blocks: number;
  bytes: number;
}

/**
 * Counts the live blocks of an allocator and their bytes from outside. What was made under a lease is gone when that ends: an arena's reset and the
 * end of a scope free blocks without a call for each.
 */
export class LeaseTally {
  readonly #shares = new Map<Lease, Share>();
  blocks = 0;
  bytes = 0;

  /** Blocks and bytes that are new, under `lease`. */
  add(lease: Lease, blocks: number, bytes: number): void {
    const share = this.#shareOf(lease);
    share.blocks += blocks;
    share.bytes += bytes;
    this.blocks += blocks;
    this.bytes += bytes;
  }

  /** Blocks and bytes that are gone; made under `lease` or, where that has not so many, under another: a block may be freed inside a scope. */
  subtract(lease: Lease, blocks: number, bytes: number): void {
    this.blocks -= blocks;
    this.bytes -= bytes;
    const own = this.#shareOf(lease);
    let blocksLeft = takeFrom(own, "blocks", blocks);
    let bytesLeft = takeFrom(own, "bytes", bytes);
    if (blocksLeft === 0 && bytesLeft === 0) return;
    for (const share of this.#shares.values()) {
      blocksLeft = takeFrom(share, "blocks", blocksLeft);
      bytesLeft = takeFrom(share, "bytes", bytesLeft);
    }
  }

  /** Notices what has ended since. Takes a few ns for each lease that blocks were made under. */
  settle(): void {
    for (const [lease, share] of this.#shares) {
      if (lease.epoch === share.epoch) continue;
      this.blocks -= share.blocks;
      this.bytes -= share.bytes;
      this.#shares.delete(lease);
    }
  }

  #shareOf(lease: Lease): Share {
    const known = this.#shares.get(lease);
    if (known !== undefined && known.epoch === lease.epoch) return known;
    if (known !== undefined) this.settle();
    const share = { epoch: lease.epoch, blocks: 0, bytes: 0 };
    this.#shares.set(lease, share);
    return share;
  }
}

/** Returns what the share did not have. */
function takeFrom(share: Share, what: "blocks" | "bytes", amount: number): number {
  const taken = Math.min(share[what], amount);
  share[what] -= taken;
  return amount - taken;
}
