import { closeSync, fstatSync, ftruncateSync, statSync, unlinkSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { identityIn, isSameFile } from "./file-identity.ts";
import { FileLocks, LockedByte } from "./file-locks.ts";
import { type OpenFile, openOrCreate } from "./open-file.ts";

/** How a file is made that is there once, whoever comes first. See {@link openOrMake}. */
export interface FileMaker {
  /**
   * Looks at what is there: `"whole"` when it was made to its end, `"unfinished"` when it is empty or what somebody has left who was killed
   * while he made it. Throws for what is somebody else's. May be called while another is making it.
   */
  readonly look: (fd: number, byteLength: number) => "whole" | "unfinished";
  /** Makes it from its beginning, whatever is in there; last of all it writes what `look` takes for whole. Nobody else makes it meanwhile. */
  readonly make: (file: OpenFile) => void;
  /** How long another may take to make it. Default 10 000. */
  readonly timeoutMs?: number;
}

export interface MadeFile extends OpenFile {
  /** Whether it was made in this call. */
  readonly made: boolean;
}

const PATIENCE_MS = 10_000;
/** So often the name may lead to another file while we wait for it: each time somebody else has removed or replaced it. */
const MOST_ATTEMPTS = 100;

/**
 * Opens the file at `path` for reading and writing, and makes it first where it is not there or was not finished. Of any number of threads and
 * processes that come at once, one makes it and the others wait; when that one is killed, at whatever moment, the next takes over. Nobody gets to see it
 * unfinished. When making it fails, a file that was not there before is gone again. The caller closes `fd`.
 *
 * Throws what `look` and `make` throw, `locked` when another takes longer than `timeoutMs`, `io`, `unsupported`.
 */
export function openOrMake(subject: string, path: string, maker: FileMaker): MadeFile {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const { file, isNew } = openOrCreate(subject, path);
    try {
      const made = maker.look(file.fd, file.byteLength) === "whole" ? "whole" : makeLocked(subject, path, file, isNew, maker);
      if (made !== "replaced") return { ...file, made: made === "made" };
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
    closeSync(file.fd);
  }
  throw new MemoryError("locked", {
    subject,
    event: "was removed again and again while it was waited for",
    numbers: { attempts: MOST_ATTEMPTS },
    cure: "Find out who removes it.",
  });
}

/** Makes the file unless somebody has meanwhile, or removed it. */
function makeLocked(
  subject: string,
  path: string,
  file: OpenFile,
  isNew: boolean,
  maker: FileMaker,
): "whole" | "made" | "replaced" {
  const { device, inode, fd } = file;
  const locks = FileLocks.open(subject, { path, device, inode, descriptor: fd });
  try {
    locks.lock(LockedByte.creation, "exclusive", maker.timeoutMs ?? PATIENCE_MS);
    if (!leadsTo(subject, path, file)) return "replaced";
    const byteLength = fstatSync(file.fd).size;
    if (maker.look(file.fd, byteLength) === "whole") return "whole";
    try {
      maker.make(file);
    } catch (error) {
      // Still under the lock: who waits for it finds the name free or another's, or an empty file, and begins anew.
      undo(subject, path, file, isNew, byteLength);
      throw error;
    }
    return "made";
  } finally {
    locks.unlock(LockedByte.creation);
    locks.close();
  }
}

/** What was not there is gone again, what was empty is empty again. Why it could not be made is worth more than why that could not be undone. */
function undo(subject: string, path: string, file: OpenFile, isNew: boolean, byteLength: number): void {
  try {
    if (isNew && leadsTo(subject, path, file)) unlinkSync(path);
    else if (byteLength === 0) ftruncateSync(file.fd, 0);
  } catch {
    // An unfinished file, which whoever comes next makes.
  }
}

/** Does the name still lead to the file? */
function leadsTo(subject: string, path: string, file: OpenFile): boolean {
  try {
    return isSameFile(identityIn(statSync(path, { bigint: true })), file);
  } catch (cause) {
    if (errnoName(cause) === "ENOENT") return false;
    throw systemError(subject, "could not be looked at", cause, { path });
  }
}
