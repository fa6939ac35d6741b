import { constants, fstatSync, ftruncateSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { MemoryError } from "../core/errors.ts";
import { type Seal, system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import { descriptorPath, openVanishing, type VanishingFile } from "./unnamed-file.ts";

/**
 * A file in memory, with these seals. Its opener closes it. On Windows it is a temporary file, which stays in memory while there is room: it cannot be shortened by
 * anybody while it is mapped, so the one seal that it lacks is that against writing.
 */
export function openMemoryFile(subject: string, seals: readonly Seal[]): VanishingFile {
  if (process.platform === "win32") return openTemporary(subject);
  const raw = system().createMemoryFile("offheap");
  if (raw < 0) throw systemError(subject, "could not be made", -raw);
  try {
    const refused = system().seal(raw, seals);
    if (refused !== 0) throw systemError(subject, "could not be sealed", refused);
    // Opened once more through node:fs, which closes the files of a worker that ends; it knows nothing of `raw`.
    const fd = openSync(descriptorPath(raw), constants.O_RDWR);
    return { fd, path: descriptorPath(fd) };
  } catch (cause) {
    throw systemError(subject, "could not be made", cause);
  } finally {
    system().close(raw);
  }
}

function openTemporary(subject: string): VanishingFile {
  try {
    return openVanishing(tmpdir());
  } catch (cause) {
    throw systemError(subject, "could not be made", cause, { path: tmpdir() });
  }
}

/** Nobody can write any more from now on, but through what is mapped. */
export function sealForReading(subject: string, fd: number): void {
  if (process.platform === "win32") refuseReaders(subject);
  const refused = system().seal(fd, ["write", "seal"]);
  // Kernels before 5.1 do not know this seal.
  if (refused !== 0) throw systemError(subject, "could not be sealed against writing", refused);
}

/** Of several that make it longer at once, the one who wants least finds the file longer than he wants, and so does who comes after him. */
export function lengthenMemoryFile(subject: string, fd: number, byteLength: number): void {
  try {
    ftruncateSync(fd, byteLength);
  } catch (cause) {
    if (fstatSync(fd).size < byteLength) throw systemError(subject, "could not grow", cause, { byteLength });
  }
}

function refuseReaders(subject: string): never {
  throw new MemoryError("unsupported", {
    subject,
    event: "cannot be kept from being written by those who get a ticket on Windows",
    cure: 'Pass { receivers: "readWrite" }, or hand out copies.',
  });
}
