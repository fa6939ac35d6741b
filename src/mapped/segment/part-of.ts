import { MemoryError } from "../../core/errors.ts";
import { Memory } from "../../core/memory.ts";

/** A part of a memory for reading, as a memory of its own that begins at 0. It ends with the whole one, or before. `byteOffset` is a multiple of 8. */
export function partOf(whole: Memory, byteOffset: number, byteLength: number, subject: string): Memory {
  whole.checkRange(byteOffset, byteLength);
  const dependent = { memoryMoved: () => void part.byteLength, memoryClosed: () => part.close() };
  const part: Memory = new Memory({
    home: whole.home,
    subject,
    readOnly: true,
    maxByteLength: byteLength,
    bufferByteOffset: whole.bufferByteOffset + byteOffset,
    buffer: () => whole.buffer,
    byteLength: () => byteLength,
    commit: () => {},
    release: () => whole.removeDependent(dependent),
    ticket: () => refuseTicket(subject),
  });
  whole.addDependent(dependent);
  return part;
}

function refuseTicket(subject: string): never {
  throw new MemoryError("unsupported", {
    subject,
    event: "is a part of a segment, so there is no ticket for it alone",
    cure: "Pass `segment.ticket()`, and open it by its name there.",
  });
}
