import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { MappedMemory } from "../mapped-memory.ts";
import { MappedParticipant } from "../participants.ts";
import { cutShort } from "../file-header.ts";
import { writeCheckpoint, restoreCheckpoint } from "./checkpoint.ts";
import { freeOrphans } from "./orphans.ts";
import { SegmentPresence } from "./presence.ts";
import { Segment } from "./segment.ts";
import { SegmentCore } from "./segment-core.ts";
import { readSegmentHeader } from "./segment-format.ts";
import { PAGE_WORDS, PAGE_BYTES } from "./segment-layout.ts";
import { beginSession, endingOf, endSession } from "./session.ts";

export interface SegmentEntry {
  readonly memory: Memory;
  /** Whether the memory is closed with the segment. */
  readonly ownsMemory: boolean;
  readonly participant: Participant;
  readonly path?: string;
  readonly timeoutMs?: number;
}

/** Takes part in a segment that has been made. Who finds nobody there puts right what the last ones have left. Throws what `openSegment` throws. */
export function joinSegment({ memory, ownsMemory, participant, path, timeoutMs }: SegmentEntry): Segment {
  const { reserve, seats } = readSegmentHeader(memory);
  const core = new SegmentCore(memory, reserve, seats, participant, timeoutMs);
  const presence = memory instanceof MappedMemory && memory.origin !== undefined ? new SegmentPresence(memory, core.subject) : undefined;
  const sit = (): void => {
    core.seats.sit((seat) => core.settle(seat));
  };
  const flush = (): void => {
    if (memory instanceof MappedMemory) memory.flush();
  };
  const end = (): void => {
    presence?.close();
    if (participant instanceof MappedParticipant) participant.close();
    if (ownsMemory) memory.close();
  };
  try {
    if (presence === undefined) {
      sit();
      core.exclusive(() => core.repair());
    } else {
      presence.enter(
        () => putRight(core),
        () => sit(),
      );
    }
  } catch (error) {
    presence?.close();
    if (participant instanceof MappedParticipant) participant.close();
    throw error;
  }
  return new Segment({
    core,
    participant,
    ...(path === undefined ? {} : { path }),
    flush,
    flushAsync: async () => {
      if (memory instanceof MappedMemory) await memory.flushAsync();
    },
    leave() {
      core.seats.leave();
      try {
        presence?.leave(() => {
          writeCheckpoint(core, flush);
          endSession(memory);
        });
      } finally {
        end();
      }
    },
  });
}

/** What the last participants have left is put right, whatever moment they ended at. Nobody else is there. May run again from the beginning. */
function putRight(core: SegmentCore): void {
  const { memory, directory } = core;
  const { i32 } = memory;
  // Seats and lock are those of the dead.
  for (let word = PAGE_WORDS; word < 2 * PAGE_WORDS; word++) if (i32[word] !== 0) Atomics.store(i32, word, 0);
  if (endingOf(memory) === "lost-power") restoreCheckpoint(core);
  if (core.extents.top * PAGE_BYTES > memory.byteLength) throw cutShort(memory.subject, memory.byteLength, core.extents.top * PAGE_BYTES);
  core.repair();
  for (const { index } of directory.all()) {
    const last = directory.openerBit(index, 33).word;
    for (let word = directory.writerWord(index); word <= last; word++) Atomics.store(i32, word, 0);
  }
  freeOrphans(core);
  beginSession(memory);
}
