import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { restoreCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { KindReader } from "./kind.ts";
import { freeOrphans } from "./orphans.ts";
import { Readers } from "./readers.ts";
import { Segment } from "./segment.ts";
import { type Blocks, SegmentCore } from "./segment-core.ts";
import { readSegmentHeader } from "./segment-format.ts";
import { PAGE_WORDS } from "./segment-layout.ts";
import { beginSession, endingOf, endSession } from "./session.ts";

/** Who uses a segment, as somebody knows it who survives them all: see presence.ts. */
export interface Presence {
  /** Comes in. `first` runs before anybody else can when nobody is there; `then` runs after it. When one of them throws, nobody has come in. */
  enter(first: () => void, then: () => void): void;
  /** Leaves. `last` runs before anybody else can come in when nobody is left. */
  leave(last: () => void): void;
  /** Runs `work` while nobody reads the segment who does not take part in it. Throws `locked` where somebody does. */
  withoutReaders<Result>(work: () => Result): Result;
}

export interface SegmentEntry {
  readonly memory: Memory;
  readonly participant: Participant;
  /** Without it nobody can know that all others are dead, as in a memory of threads of one process. */
  readonly presence?: Presence;
  readonly path?: string;
  readonly readers?: readonly KindReader[];
  readonly timeoutMs?: number;
  readonly blocks: Blocks;
  /** Saves all bytes to the disk. */
  readonly flush: () => void;
  readonly flushAsync: () => Promise<void>;
  /** Lets go of what was opened for the segment. */
  readonly end: () => void;
}

/** Takes part in a segment that has been made. Who finds nobody there puts right what the last ones have left. Throws what `openSegment` throws. */
export function joinSegment(entry: SegmentEntry): Segment {
  const { memory, participant, presence, timeoutMs, flush, end } = entry;
  try {
    const header = readSegmentHeader(memory);
    const core = new SegmentCore({
      memory,
      header,
      readers: new Readers(entry.readers),
      participant,
      blocks: entry.blocks,
      timeoutMs,
    });
    const sit = (): void => {
      core.seats.sit((seat) => core.settle(seat));
      if (presence === undefined) core.exclusive(() => core.repair());
    };
    if (presence === undefined) sit();
    else presence.enter(() => putRight(core), sit);
    const leave = (): void => {
      core.seats.leave();
      try {
        presence?.leave(() => endWell(core, flush));
      } finally {
        end();
      }
    };
    return new Segment(core, entry, leave);
  } catch (error) {
    end();
    throw error;
  }
}

/** The last participant saves everything. Where the disk has no room for that it leaves without: as if it had been killed, of which nothing is lost either. */
function endWell(core: SegmentCore, flush: () => void): void {
  try {
    writeCheckpoint(core, flush);
  } catch (error) {
    if (error instanceof MemoryError && (error.code === "disk-full" || error.code === "out-of-memory")) return;
    throw error;
  }
  endSession(core.memory);
}

/** What the last participants have left is put right, whatever moment they ended at. Nobody else is there. May run again from the beginning. */
function putRight(core: SegmentCore): void {
  const { memory, directory } = core;
  const { i32 } = memory;
  // Seats and lock are those of the dead.
  for (let word = PAGE_WORDS; word < 2 * PAGE_WORDS; word++) if (i32[word] !== 0) Atomics.store(i32, word, 0);
  if (endingOf(memory) === "lost-power") restoreCheckpoint(core);
  core.repair();
  for (const { index, kind, format, byteOffset, byteLength } of directory.all()) {
    core.readers.of(kind, format)?.forget?.(memory, byteOffset, byteLength);
    for (const word of directory.userWords(index)) Atomics.store(i32, word, 0);
  }
  freeOrphans(core);
  beginSession(memory);
}
