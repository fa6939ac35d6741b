import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { checkByteLength } from "../core/align.ts";
import { A_PATH, checkCall } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { refuseKind } from "./open-file.ts";
import { isMappingSupported } from "./supported.ts";
import { syncDirectory } from "./sync-directory.ts";
import { canSync, IS_RESTRICTED, syncFile } from "./sync-file.ts";
import { forgetTemporary, hiddenName, rememberTemporary, removeAbandoned } from "./temporary-name.ts";
import { tryOpenUnnamed } from "./unnamed-file.ts";
import { writeWhole } from "./write-whole.ts";

const PERMISSION_BITS = 0o7777;

/**
 * A file that appears at `path` whole or not at all.
 *
 * ```ts
 * using file = publishFile("cities.seg");
 * file.write(header, 0);
 * file.write(rows, header.byteLength);
 * file.commit();
 * ```
 *
 * Until `commit` returns, `path` keeps what it had, whatever fails: the disk, the program, the power. Programs that have the old file
 * open or mapped keep reading the old one. A symbolic link at `path` stays, and the file it leads to is replaced. Throws `io`, `disk-full`.
 */
export function publishFile(path: string): AtomicFile {
  checkCall('publishFile("report.bin")', [A_PATH, path]);
  return new AtomicFile(path);
}

/**
 * See {@link publishFile}.
 *
 * The bytes go to a file without a name in the same directory, which the kernel removes when the process ends. Where the file system
 * has no such files, or koffi is missing, it has a hidden name; that is removed by `abort`, at the end of the process and by
 * SIGINT, SIGTERM and SIGHUP, and after a `kill -9` by the next `publishFile` of the same path.
 */
export class AtomicFile implements Disposable {
  readonly path: string;
  readonly #subject: string;
  readonly #target: string;
  readonly #directory: string;
  readonly #replaced: Stats | undefined;
  readonly #temporary: string | undefined;
  #fd: number | undefined;
  #byteLength = 0;

  /** For `publishFile`. */
  constructor(path: string) {
    this.path = path;
    this.#subject = `file ${path}`;
    const { target, existing } = this.#findTarget();
    this.#target = target;
    this.#replaced = existing;
    this.#directory = dirname(target);
    const { fd, temporary } = this.#open();
    this.#fd = fd;
    this.#temporary = temporary;
  }

  /** The end of the furthest write. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Writes all of `bytes` at `position`. What is skipped reads as zeros. An error aborts the file. */
  write(bytes: Uint8Array, position: number): void {
    const fd = this.#checkOpen();
    checkByteLength(this.#subject, "position", position);
    try {
      writeWhole(fd, bytes, position);
    } catch (cause) {
      this.abort();
      throw systemError(this.#subject, "could not be written", cause, { position, byteLength: bytes.byteLength });
    }
    this.#byteLength = Math.max(this.#byteLength, position + bytes.byteLength);
  }

  /** Saves the bytes to the disk, and only then gives them their name, with the permissions of the file that had it. An error aborts the file. */
  commit(): void {
    const fd = this.#checkOpen();
    try {
      if (this.#replaced !== undefined) this.#takeOver(fd, this.#replaced);
      syncFile(this.#subject, fd);
      if (this.#temporary === undefined) this.#nameUnnamed(fd);
      else renameSync(this.#temporary, this.#target);
    } catch (cause) {
      this.abort();
      throw systemError(this.#subject, "could not be published", cause, { path: this.#target });
    }
    this.#close();
    syncDirectory(`${this.#subject}, which is published,`, this.#directory);
  }

  /** Gives the file up: nothing of it stays. Harmless after `commit` and when done twice. */
  abort(): void {
    if (this.#fd === undefined) return;
    this.#close();
    if (this.#temporary !== undefined) unlinkSync(this.#temporary);
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #findTarget(): { readonly target: string; readonly existing: Stats | undefined } {
    try {
      const target = realpathSync(this.path);
      const existing = statSync(target);
      if (!existing.isFile()) refuseKind(this.#subject, target, existing);
      return { target, existing };
    } catch (cause) {
      if (errnoName(cause) === "ENOENT") return { target: resolve(this.path), existing: undefined };
      throw systemError(this.#subject, "cannot be replaced", cause, { path: this.path });
    }
  }

  #open(): { readonly fd: number; readonly temporary: string | undefined } {
    const mode = 0o666;
    try {
      removeAbandoned(this.#target);
      const unnamed =
        isMappingSupported() && !IS_RESTRICTED ? tryOpenUnnamed(this.#directory, constants.O_WRONLY, mode) : undefined;
      if (unnamed !== undefined) return { fd: unnamed, temporary: undefined };
      const temporary = join(this.#directory, hiddenName(basename(this.#target)));
      const through = canSync() ? 0 : constants.O_SYNC;
      const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | through, mode);
      rememberTemporary(temporary);
      return { fd, temporary };
    } catch (cause) {
      throw systemError(this.#subject, "could not be made", cause, { path: this.#target });
    }
  }

  /** Root may replace another user's file, which must then still be that user's; for all others the file becomes their own. */
  #takeOver(fd: number, { uid, gid, mode }: Stats): void {
    const path = this.#temporary;
    if (path !== undefined && IS_RESTRICTED) {
      if (process.geteuid?.() === 0) chownSync(path, uid, gid);
      chmodSync(path, mode & PERMISSION_BITS);
    } else {
      if (process.geteuid?.() === 0) fchownSync(fd, uid, gid);
      fchmodSync(fd, mode & PERMISSION_BITS);
    }
  }

  #nameUnnamed(fd: number): void {
    const direct = this.#replaced === undefined ? system().linkUnnamed(fd, this.#target) : undefined;
    if (direct === 0) return;
    if (direct !== undefined && errnoName(direct) !== "EEXIST") throw systemError(this.#subject, "could not be named", direct);
    // A link cannot replace a name, a rename can.
    const hidden = join(this.#directory, hiddenName(basename(this.#target)));
    const refused = system().linkUnnamed(fd, hidden);
    if (refused !== 0) throw systemError(this.#subject, "could not be named", refused);
    try {
      renameSync(hidden, this.#target);
    } catch (error) {
      unlinkSync(hidden);
      throw error;
    }
  }

  #checkOpen(): number {
    if (this.#fd !== undefined) return this.#fd;
    throw new MemoryError("closed", {
      subject: this.#subject,
      event: "was used after commit() or abort()",
      cure: "Write everything first and commit once.",
    });
  }

  #close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    if (this.#temporary !== undefined) forgetTemporary(this.#temporary);
  }
}
