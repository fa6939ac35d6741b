/** Sizes and picks are made in batches, outside of what is timed. */
const BATCH = 65_536;
const SAMPLES = 200_000;

/** What a trace does with memory. */
export interface TraceAllocator {
  alloc(byteSize: number): number;
  free(ptr: number, byteSize: number): void;
  readonly u8: Uint8Array;
}

export interface TraceResult {
  /** Of one allocation or one free, in the fastest batch and in the median one. */
  readonly bestNs: number;
  readonly medianNs: number;
  /** Of a free and an allocation, with the clock: one in 10 000 took longer, and the longest. */
  readonly rareNs: number;
  readonly worstNs: number;
  /** The most bytes that were live at once. */
  readonly peakUse: number;
}

/**
 * Random replacement: `live` blocks, of which again and again one is freed and another made. 80 % of the sizes are up to 256 bytes, 15 % up to 4 KiB,
 * 5 % up to 64 KiB. The same steps as bench/native/allocator-trace.c does.
 */
export function runTrace(allocator: TraceAllocator, live: number, operations: number): TraceResult {
  const random = new Random();
  const ptrs = new Float64Array(live);
  const sizes = new Int32Array(live);
  const picks = new Int32Array(BATCH);
  const wanted = new Int32Array(BATCH);
  const { u8 } = allocator;
  const use = { now: 0, peak: 0 };
  for (let at = 0; at < live; at++) {
    const byteSize = random.size();
    sizes[at] = byteSize;
    ptrs[at] = allocator.alloc(byteSize);
    u8[ptrs[at]] = 1;
    use.now += byteSize;
  }
  const batch = Math.min(BATCH, Math.floor(operations / 2));
  const took: number[] = [];
  for (let left = operations / 2; left >= batch; left -= batch) {
    for (let at = 0; at < batch; at++) {
      picks[at] = random.next() % live;
      wanted[at] = random.size();
    }
    const started = performance.now();
    runBatch(allocator, u8, ptrs, sizes, picks, wanted, batch, use);
    took.push(((performance.now() - started) * 1e6) / (2 * batch));
  }
  took.sort((a, b) => a - b);
  const samples = new Float64Array(Math.min(SAMPLES, operations));
  for (let at = 0; at < samples.length; at++) {
    const pick = random.next() % live;
    const byteSize = random.size();
    const started = performance.now();
    allocator.free(ptrs[pick], sizes[pick]);
    ptrs[pick] = allocator.alloc(byteSize);
    samples[at] = (performance.now() - started) * 1e6;
    sizes[pick] = byteSize;
    u8[ptrs[pick]] = 1;
  }
  samples.sort();
  return {
    bestNs: took[0],
    medianNs: took[took.length >> 1],
    rareNs: samples[Math.floor(samples.length * 0.9999)],
    worstNs: samples[samples.length - 1],
    peakUse: use.peak,
  };
}

function runBatch(
  allocator: TraceAllocator,
  u8: Uint8Array,
  ptrs: Float64Array,
  sizes: Int32Array,
  picks: Int32Array,
  wanted: Int32Array,
  batch: number,
  use: { now: number; peak: number },
): void {
  let { now, peak } = use;
  for (let at = 0; at < batch; at++) {
    const pick = picks[at];
    const byteSize = wanted[at];
    allocator.free(ptrs[pick], sizes[pick]);
    now += byteSize - sizes[pick];
    const ptr = allocator.alloc(byteSize);
    ptrs[pick] = ptr;
    sizes[pick] = byteSize;
    u8[ptr] = 1;
    if (now > peak) peak = now;
  }
  use.now = now;
  use.peak = peak;
}

/** Marsaglia's xorshift, as in the C program. */
class Random {
  #state = 12_345;

  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  size(): number {
    const roll = this.next() % 100;
    if (roll < 80) return 16 + (this.next() % 241);
    if (roll < 95) return 256 + (this.next() % 3841);
    return 4096 + (this.next() % 61_441);
  }
}
