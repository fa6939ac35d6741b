/** Counts of one stretch of a program. */
export class Meter {
  /** Blocks and bytes allocated since it was opened, whatever became of them. A block that is moved or resized counts its further bytes. */
  blocks = 0;
  bytes = 0;
  /** What is live now beyond what was live at the opening; negative when more was freed than allocated. */
  liveBlocks = 0;
  liveBytes = 0;
  /** The most that `liveBlocks` and `liveBytes` ever were. */
  peakBlocks = 0;
  peakBytes = 0;

  change(blocks: number, bytes: number): void {
    if (blocks > 0) this.blocks += blocks;
    if (bytes > 0) this.bytes += bytes;
    this.liveBlocks += blocks;
    this.liveBytes += bytes;
    if (this.liveBlocks > this.peakBlocks) this.peakBlocks = this.liveBlocks;
    if (this.liveBytes > this.peakBytes) this.peakBytes = this.liveBytes;
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

  /** `blocks` more and `bytes` more, or fewer. */
  change(blocks: number, bytes: number): void {
    this.whole.change(blocks, bytes);
    const open = this.#open;
    for (let at = 0; at < open.length; at++) open[at].change(blocks, bytes);
  }
}
