import { throwEnded } from "../../core/ended.ts";
import type { Memory } from "../../core/memory.ts";
import type { Ticket } from "../../core/ticket.ts";
import type { Palette } from "../dataset/picture.ts";
import { MappedMemory } from "../mapped-memory.ts";
import { checkSegment } from "./check-segment.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import type { SegmentEntry } from "./join.ts";
import type { SegmentKind } from "./kind.ts";
import { NamedStructures } from "./named-structures.ts";
import { findOrphans, findStrays } from "./orphans.ts";
import { drawSegment } from "./picture.ts";
import type { SegmentCore } from "./segment-core.ts";
import { Structures } from "./structures.ts";
import { readSurvey, type SegmentSurvey, type StructureSummary } from "./survey.ts";

/**
 * Many named structures in one file, for any number of threads and processes at once. Made by `openSegment`.
 *
 * ```ts
 * using segment = openSegment("market.seg", { reserve: GiB(4) });
 * const orders = segment.pool("orders", Order, { capacity: 100_000 });   // made, or found
 * ```
 *
 * Each structure is made by whoever asks for it first and found by all others, who are told when they take it for something else (`layout-mismatch`). What a
 * structure promises it promises here, and names, pages and structures are never half made or lost, at whatever moment a process is killed. A power failure
 * takes names and pages back to the last `flush()`; what lies in structures that were changed since is then as the disk had it.
 *
 * Ends with `close()`, which ends everything that was opened through it. Killed participants are noticed by who comes next, by whoever waits for them, and
 * by `recover()`.
 */
export class Segment extends NamedStructures implements Disposable {
  readonly memory: Memory;
  /** The file, where it is one. */
  readonly path: string | undefined;
  readonly #core: SegmentCore;
  readonly #entry: SegmentEntry;
  readonly #leave: () => void;
  readonly #structures: Structures;
  #isClosed = false;

  /** For `openSegment`. */
  constructor(core: SegmentCore, entry: SegmentEntry, leave: () => void) {
    super();
    this.memory = entry.memory;
    this.path = entry.path;
    this.#core = core;
    this.#entry = entry;
    this.#leave = leave;
    this.#structures = new Structures(core, entry.participant, entry.presence);
  }

  /**
   * A structure of any kind under a name: made where there is none, found where there is. The methods above are this with their kinds. Throws
   * `layout-mismatch` when the name stands for something else, `unsupported-format` when another version made it, `out-of-memory` and `disk-full` (nothing
   * was made then), and what the kind throws.
   */
  open<Made>(name: string, kind: SegmentKind<Made>): Made {
    this.#checkOpen();
    return this.#structures.open(name, kind);
  }

  /** Whether something has that name. */
  has(name: string): boolean {
    this.#checkOpen();
    return this.#core.exclusive(() => this.#core.directory.find(name) !== undefined);
  }

  /** What there is: names, kinds, types and bytes, in the order of their making. */
  list(): StructureSummary[] {
    return [...this.inspect().structures];
  }

  /** Gives a structure another name. Who has it open does not notice. Throws `invalid-argument` when there is none, or the new name is taken. */
  rename(name: string, newName: string): void {
    this.#checkOpen();
    this.#structures.rename(name, newName);
  }

  /**
   * Deletes a structure and frees its pages. Those that were opened here are closed. False when there is none of that name. Throws `locked` while another
   * participant has it open.
   */
  delete(name: string): boolean {
    this.#checkOpen();
    return this.#structures.delete(name);
  }

  /**
   * Moves structures together and gives the disk what is free behind them and between them. Moved is what nobody has open, this participant neither; arenas and heaps only
   * if they are `movable`, since what lies in them is known by its place. Copies each that it moves, once or twice, and flushes after it. Returns how many bytes of the
   * disk were given back. Throws `locked` while somebody has the segment open for reading.
   */
  compact(): number {
    this.#checkOpen();
    return this.#structures.compact((sinks) => writeCheckpoint(this.#core, this.#entry.flush, sinks));
  }

  /** Ends the affairs of participants that were killed: frees what they had taken and not linked. Returns how many those were. */
  recover(): number {
    this.#checkOpen();
    return this.#structures.recoverDead();
  }

  /**
   * What is wrong: contradictions of the segment itself, blocks that nobody reaches, headers of its structures, and the invariants of those that are open here.
   * An empty list means sound. For moments when nobody else is at work. Looks at all that the structures open here look at.
   */
  verify(): string[] {
    this.#checkOpen();
    const core = this.#core;
    return core.exclusive(() => {
      const found = [...checkSegment(core), ...core.seats.checkInvariants()];
      if (found.length > 0) return found;
      const survey = readSurvey(this.memory, this.#core.readers);
      const orphans = findOrphans(core).filter(({ seat }) => seat === 0 || core.seats.holderOf(seat) === undefined);
      for (const { page, pages } of orphans) found.push(`${pages} pages at page ${page} are reached by nobody`);
      for (const record of core.directory.all()) {
        for (const page of findStrays(core, record))
          found.push(`${record.kind} "${record.name}" reaches page ${page}, which is not its own`);
      }
      return [...found, ...survey.problems, ...this.#structures.check()];
    });
  }

  /** Everything about its pages and names as plain data: for tools. */
  inspect(): SegmentSurvey {
    this.#checkOpen();
    return this.#core.exclusive(() => readSurvey(this.memory, this.#core.readers));
  }

  /** A picture of what is in it. */
  draw(palette?: Palette): string {
    return drawSegment(this.inspect(), palette);
  }

  /**
   * Saves everything to the disk, and a copy of names and pages that a power failure falls back to. Milliseconds for some megabytes. Stores that others make
   * meanwhile may be saved or not.
   */
  flush(): void {
    this.#checkOpen();
    this.#entry.flush();
    this.#core.exclusive(() => writeCheckpoint(this.#core, this.#entry.flush));
  }

  /** `flush`, most of it on a thread of the pool. */
  async flushAsync(): Promise<void> {
    this.#checkOpen();
    await this.#entry.flushAsync();
    this.#checkOpen();
    this.#core.exclusive(() => writeCheckpoint(this.#core, this.#entry.flush));
  }

  /** Plain data to post to a thread, or for a file or anonymous memory to send to a process: `openSegment(ticket)` is the other side. */
  ticket(): Ticket {
    this.#checkOpen();
    return this.memory.ticket();
  }

  /** Ends it here: everything that was opened through it is closed. The last participant to leave saves it to the disk. Closing twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.memory.closed) return;
    try {
      this.#structures.close();
    } finally {
      this.#leave();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Throws `closed`, and `io` where another program has shortened the file: before anybody touches what it has lost. */
  #checkOpen(): void {
    const { memory } = this;
    memory.checkOpen();
    if (this.#isClosed)
      throwEnded(memory, this.#core.subject, "Keep it open for as long as its structures are used, or open it again.");
    if (memory instanceof MappedMemory) memory.check();
  }
}
