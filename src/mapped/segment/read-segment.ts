import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Ticket } from "../../core/ticket.ts";
import { attach } from "../attach.ts";
import { mapFile } from "../map-file.ts";
import { MappedMemory } from "../mapped-memory.ts";
import type { KindReader } from "./kind.ts";
import { partOf } from "./part-of.ts";
import { readingPresence } from "./presence.ts";
import { ReadOnlySegment } from "./read-only-segment.ts";
import { readSegmentHeader } from "./segment-format.ts";
import { endingOf } from "./session.ts";

export interface ReadSegmentOptions {
  readonly mode: "read";
  /** How blocks of the program's own kinds are found, for `verify`. */
  readonly readers?: readonly KindReader[];
}

/** `openSegment` with `{ mode: "read" }`. A file may be one that this process may not write to. */
export function readSegment(source: string | Memory | Ticket, { readers }: ReadSegmentOptions): ReadOnlySegment {
  const path = typeof source === "string" ? source : undefined;
  const memory = memoryOf(source);
  const opened: Disposable[] = memory === source ? [] : [memory];
  const end = (): void => {
    for (const one of opened.splice(0).reverse()) one[Symbol.dispose]();
  };
  try {
    if (!(memory instanceof MappedMemory) || memory.origin === undefined) return throwUnshared(memory);
    opened.push(readingPresence(memory));
    const { reserve } = readSegmentHeader(memory);
    if (endingOf(memory) === "lost-power") throwLostPower(memory);
    // Who may write through its own memory may not through this one.
    const whole = memory.readOnly ? memory : partOf(memory, 0, memory.byteLength, memory.subject);
    if (whole !== memory) opened.push(whole);
    return new ReadOnlySegment({ memory: whole, path, reserve, readers, end });
  } catch (error) {
    end();
    throw error;
  }
}

function memoryOf(source: string | Memory | Ticket): Memory {
  if (typeof source === "string") return mapFile(source, { lock: "shared" });
  return "offheap" in source ? attach(source) : source;
}

function throwUnshared({ subject }: Memory): never {
  throw new MemoryError("unsupported", {
    subject: `segment in ${subject}`,
    event: "lies in no file, so nobody could know that it is being read, and what is read could be deleted",
    cure: "Take part in it: openSegment(memory).",
  });
}

function throwLostPower({ subject }: Memory): never {
  throw new MemoryError("corrupt", {
    subject,
    event: "was in use when the power failed, and nobody has opened it for writing since",
    cure: "Open it for writing once: it goes back to its last flush then.",
  });
}
