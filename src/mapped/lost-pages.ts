import { statSync } from "node:fs";
import { countBefore } from "../core/count-before.ts";
import { MemoryError } from "../core/errors.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { identityIn, isSameFile } from "./file-identity.ts";
import type { FileOrigin } from "./file-locks.ts";
import { Reservation } from "./reservation.ts";

/** What is known of a memory whose file may have been shortened. Offsets count in the buffer. */
export interface Backed {
  readonly subject: string;
  readonly reservation: Reservation;
  /** Where the committed bytes end. */
  readonly end: number;
  /** Where in the file the buffer begins. */
  readonly fileByteOffset: number;
  readonly origin: FileOrigin | undefined;
}

/**
 * Throws `io` when the file has lost bytes that the memory shows, after zeros were put over the lost pages: from then on they can be touched, by
 * whatever stale typed array, and end nobody. Costs some microseconds, whatever the size.
 *
 * A file that is shortened loses its end first. Where its name still leads to it, its length tells; else it is enough to ask the kernel to make the last page present:
 * it answers EFAULT, and no signal comes.
 */
export function checkNotShortened(backed: Backed): void {
  const { subject, reservation, end } = backed;
  if (end === 0 || reservation.mapped === reservation.start) return;
  const { lostFrom } = reservation;
  if (lostFrom !== undefined) throw shortened(backed, lostFrom);
  const length = lengthByName(backed);
  // A page of a hole is not asked for where the length tells enough: on a full disk in memory it is as if it were lost.
  if (length === undefined ? isThere(subject, reservation, end - 1) : length >= end) return;
  const kept = length === undefined ? firstLost(backed) : Math.max(0, length);
  reservation.lose(kept);
  throw shortened(backed, kept);
}

/** A copy of bytes that the file may lose at any moment. Throws `io` when it has. */
export function copyOutSafely(backed: Backed, byteOffset: number, byteLength: number): Uint8Array {
  const copy = new Uint8Array(byteLength);
  if (byteLength === 0) return copy;
  if (byteOffset >= backed.reservation.mapped) return copy;
  let done = 0;
  while (done < byteLength) {
    const read = backed.reservation.copyOut(byteOffset + done, copy.subarray(done));
    if (read < 0 && errnoName(-read) !== "EFAULT") throw systemError(backed.subject, "could not be copied", -read);
    if (read <= 0) throw shortened(backed, byteOffset + done);
    done += read;
  }
  return copy;
}

/** `found`: how far the file reaches in the buffer. */
function shortened({ subject, end, fileByteOffset }: Backed, found: number): MemoryError {
  return new MemoryError("io", {
    subject,
    event: "was shortened by another program while it was mapped",
    numbers: { fileByteLength: fileByteOffset + end, found: fileByteOffset + found },
    cure: "Close it and map it anew; whoever writes it should rename a new file over the old one. To read what others shorten, use mapWindow with `copied`.",
  });
}

/** How far the file reaches in the buffer, or undefined where its name leads elsewhere or nowhere. */
function lengthByName({ origin, fileByteOffset }: Backed): number | undefined {
  if (origin === undefined) return undefined;
  try {
    const stats = statSync(origin.path, { bigint: true });
    return isSameFile(identityIn(stats), origin) ? Number(stats.size) - fileByteOffset : undefined;
  } catch {
    return undefined;
  }
}

function isThere(subject: string, reservation: Reservation, byteOffset: number): boolean {
  const refused = reservation.advise("populateRead", byteOffset, 1);
  if (refused === 0) return true;
  if (errnoName(refused) === "EFAULT") return false;
  // Kernels before 5.14 do not know the advice, macOS has none like it.
  if (errnoName(refused) !== "EINVAL" && errnoName(refused) !== "ENOSYS")
    throw systemError(subject, "could not be checked", refused);
  return reservation.copyOut(byteOffset, new Uint8Array(1)) === 1;
}

/** Where the first page is that the file has lost: those before it are there, those behind it are not. */
function firstLost({ subject, reservation, end }: Backed): number {
  const { pageByteLength } = Reservation;
  const last = Math.floor((end - 1) / pageByteLength);
  return countBefore(last, (page) => isThere(subject, reservation, page * pageByteLength)) * pageByteLength;
}
