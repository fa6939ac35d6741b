import { CommittedLength } from "../core/committed.ts";
import { MemoryError } from "../core/errors.ts";
import { attach as attachInThread, refuseRemoteGrowth } from "../core/homes.ts";
import type { Backing, Memory } from "../core/memory.ts";
import { checkTicket, type Ticket } from "../core/ticket.ts";
import { isSameFile } from "./file-identity.ts";
import { mappedParking } from "./futex-parking.ts";
import { growAttached } from "./grow-attached.ts";
import { mapFile, VIEW_ALIGN } from "./map-file.ts";
import { mapMirrored } from "./map-mirrored.ts";
import { MappedMemory } from "./mapped-memory.ts";
import { Reservation } from "./reservation.ts";

/**
 * The other side of `memory.ticket()`, in another thread or another process: the same bytes. Takes every ticket there is; one of a mapped
 * file may have gone through JSON. A thread that is handed the buffer needs no native code to read and write it.
 *
 * In a thread `memory.byteLength` follows the growth that any thread makes, and a thread with native code can grow what is mapped for writing. In a process
 * `memory.grow(…)` maps what the file has by then.
 *
 * Throws `invalid-argument` for what is not a ticket, `io` when the path names another file by now, and what `mapFile` throws.
 */
export function attach(ticket: Ticket): Memory {
  checkTicket(ticket);
  if (ticket.home !== "mapped") return attachInThread(ticket);
  const { buffer, committed } = ticket;
  // What went through JSON arrives as an empty object.
  if (buffer instanceof SharedArrayBuffer && committed instanceof SharedArrayBuffer) {
    return attachBuffer(ticket, buffer, new CommittedLength(committed));
  }
  return attachFile(ticket);
}

function attachBuffer(ticket: Ticket, buffer: SharedArrayBuffer, committed: CommittedLength): MappedMemory {
  const { subject, readOnly, maxByteLength, bufferByteOffset = 0, path, file } = ticket;
  const start = (file?.byteOffset ?? 0) % VIEW_ALIGN;
  const fileByteOffset = (file?.byteOffset ?? 0) - start;
  const growth =
    readOnly || path === undefined || file === undefined
      ? undefined
      : { subject, path, file, fileByteOffset, buffer, bufferByteOffset, maxByteLength, committed };
  const backing: Backing = {
    home: "mapped",
    subject,
    readOnly,
    maxByteLength,
    bufferByteOffset,
    buffer: () => buffer,
    byteLength: () => committed.load(),
    commit: (byteLength) => (growth === undefined ? refuseRemoteGrowth(subject) : growAttached(growth, byteLength)),
    release: () => {},
    parking: mappedParking,
    ticket: () =>
      file === undefined || file.mirrored === true
        ? ticket
        : { ...ticket, file: { ...file, byteLength: committed.load() - start } },
  };
  return new MappedMemory({
    backing,
    pages: () => Reservation.borrow(subject, buffer, bufferByteOffset + committed.load()),
    origin: () => (file === undefined || path === undefined ? undefined : { path, device: file.device, inode: file.inode }),
    // A file that is written and that other processes may not open is one of copies on write.
    writesThrough: !readOnly && path !== undefined,
    copyOnWrite: path === undefined,
    mirrored: file?.mirrored === true,
    fileByteOffset,
    start,
  });
}

function attachFile({ subject, path, file, readOnly, maxByteLength }: Ticket): MappedMemory {
  if (path === undefined || file === undefined) {
    throw new MemoryError("unsupported", {
      subject,
      event: "was mapped copy-on-write, so no other process can see it",
      cure: 'Map the file in this process, or map it there with { mode: "readWrite" }.',
    });
  }
  const { byteOffset, byteLength } = file;
  const memory =
    file.mirrored === true
      ? mapMirrored(byteLength, { path, byteOffset, fileSystem: "any" })
      : mapFile(path, {
          mode: readOnly ? "read" : "readWrite",
          byteOffset,
          byteLength,
          maxByteLength: Math.max(byteLength, maxByteLength - (byteOffset % VIEW_ALIGN)),
          // Who made the ticket has decided.
          fileSystem: "any",
        });
  const found = memory.origin;
  if (found !== undefined && isSameFile(found, file)) return memory;
  memory.close();
  throw new MemoryError("io", {
    subject,
    event: "is another file by now than when the ticket was made",
    numbers: { path, inode: file.inode, found: found?.inode },
    cure: "Ask for a new ticket, or map the path itself to get what is there now.",
  });
}
