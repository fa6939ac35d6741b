const BLOCKS = 0;
const BYTES = 1;
const LIVE_BLOCKS = 2;
const LIVE_BYTES = 3;
const PEAK_BLOCKS = 4;
const PEAK_BYTES = 5;

/** Counts of one stretch of a program. In a typed array, because V8 boxes numbers over 2^31 in fields of objects. */
export class Meter {
  readonly #counts = new Float64Array(6);

  /** Allocated since it was opened, whatever became of it. A block that is moved counts again; of one that grows in place, what is new. */
  get blocks(): number {
    return this.#counts[BLOCKS];
  }

  get bytes(): number {
    return this.#counts[BYTES];
  }

  /** What is live now beyond what was live at the opening; negative when more was freed than allocated. */
  get liveBlocks(): number {
    return this.#counts[LIVE_BLOCKS];
  }

  get liveBytes(): number {
    return this.#counts[LIVE_BYTES];
  }

  /** The most that `liveBlocks` and `liveBytes` ever were. */
  get peakBlocks(): number {
    return this.#counts[PEAK_BLOCKS];
  }

  get peakBytes(): number {
    return this.#counts[PEAK_BYTES];
  }

  add(blocks: number, bytes: number): void {
    const counts = this.#counts;
    counts[BLOCKS] += blocks;
    counts[BYTES] += bytes;
    const liveBlocks = counts[LIVE_BLOCKS] + blocks;
    const liveBytes = counts[LIVE_BYTES] + bytes;
    counts[LIVE_BLOCKS] = liveBlocks;
    counts[LIVE_BYTES] = liveBytes;
    if (liveBlocks > counts[PEAK_BLOCKS]) counts[PEAK_BLOCKS] = liveBlocks;
    if (liveBytes > counts[PEAK_BYTES]) counts[PEAK_BYTES] = liveBytes;
  }

  subtract(blocks: number, bytes: number): void {
    this.#counts[LIVE_BLOCKS] -= blocks;
    this.#counts[LIVE_BYTES] -= bytes;
  }
}

/** The counts of a tracker since its beginning, and of the stretches that are being measured. In the program's bytes. */
export class Meters {
  readonly whole = new Meter();
  readonly #open: Meter[] = [];

  open(): Meter {
    const meter = new Meter();
    this.#open.push(meter);
    return meter;
  }

  close(meter: Meter): void {
    const at = this.#open.indexOf(meter);
    if (at >= 0) this.#open.splice(at, 1);
  }

  /** So many more are live. */
  add(blocks: number, bytes: number): void {
    this.whole.add(blocks, bytes);
    const open = this.#open;
    for (let at = 0; at < open.length; at++) open[at].add(blocks, bytes);
  }

  /** So many are live no more. */
  subtract(blocks: number, bytes: number): void {
    this.whole.subtract(blocks, bytes);
    const open = this.#open;
    for (let at = 0; at < open.length; at++) open[at].subtract(blocks, bytes);
  }
}
