import { closeSync, constants, writeSync } from "node:fs";
import { MemoryError } from "../../core/errors.ts";
import { system } from "../../native/system.ts";
import { errnoName, systemError } from "../../native/system-error.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { openRegularFile } from "../open-file.ts";

const ZEROS_BYTES = 65_536;

/**
 * Gives a range of a mapped file, which has a hole there, its blocks on the disk: so that a full disk is told here, and not by a signal at the first store to
 * the page. Throws `disk-full`, and `io` where the file cannot be opened by its name any more.
 */
export function giveBlocks(memory: MappedMemory, from: number, to: number): void {
  const { subject } = memory;
  withFile(memory, (fd) => {
    const refused = system().allocate(fd, from, to - from);
    if (refused === 0) return;
    // File systems that cannot allocate (NFS before 4.2, some FUSE): what is written has its blocks.
    if (errnoName(refused) !== "ENOTSUP") throw systemError(subject, "could not grow", refused, { from, to });
    writeZeros(subject, fd, from, to);
  });
}

/** Takes the blocks of a range back, where nobody stores anything. File systems that cannot keep them. */
export function takeBlocks(memory: MappedMemory, from: number, to: number): void {
  withFile(memory, (fd) => {
    const refused = system().punchHole(fd, from, to - from);
    if (refused !== 0 && errnoName(refused) !== "ENOTSUP") throw systemError(memory.subject, "could not give blocks back", refused);
  });
}

function withFile({ subject, origin }: MappedMemory, work: (fd: number) => void): void {
  if (origin === undefined) return;
  const file = openRegularFile(subject, origin.path, constants.O_RDWR);
  try {
    if (file.device !== origin.device || file.inode !== origin.inode) throwReplaced(subject, origin.path);
    work(file.fd);
  } finally {
    closeSync(file.fd);
  }
}

function writeZeros(subject: string, fd: number, from: number, to: number): void {
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, to - from));
  try {
    for (let at = from; at < to; ) at += writeSync(fd, zeros, 0, Math.min(zeros.byteLength, to - at), at);
  } catch (cause) {
    throw systemError(subject, "could not grow", cause, { from, to });
  }
}

function throwReplaced(subject: string, path: string): never {
  throw new MemoryError("io", {
    subject,
    event: "is another file under its name by now, so it cannot grow",
    numbers: { path },
    cure: "Do not rename or remove a segment while it is open; replace it when all have closed it.",
  });
}
