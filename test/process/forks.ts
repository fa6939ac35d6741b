import { randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import koffi from "koffi";

/*
 * Copies of this process, for tests that kill thousands: a copy is there in a millisecond or two, with all modules loaded and compiled, where a new process of Node takes
 * 150. Each is a process of its own to the kernel, which is what matters to locks and mappings.
 *
 * V8 asks the kernel to leave its pages out of copies, so that is taken back first. A copy has one thread, the one that made it. So whoever makes copies runs with --single-threaded, which makes V8 wait for no others, and the work in a copy never gets
 * back to the event loop. What is open here is open in the copy too: files that are locked must not be.
 */
const SIGKILL = 9;
const ENTER_COPIES = 11;
/** So many numbers node:crypto keeps for later. Those of a copy must be its own, or it would take itself for another. */
const KEPT_NUMBERS = 1024;
/** What a process of Linux on 64 bits can have. */
const ADDRESSES = [2 ** 16, 2 ** 47 - 2 ** 17];
const library = koffi.load(null);
const calls = {
  madvise: library.func("int madvise(uint64_t address, size_t byteLength, int advice)"),
  fork: library.func("int fork()"),
  getpid: library.func("int getpid()"),
  kill: library.func("int kill(int pid, int signal)"),
  waitpid: library.func("int waitpid(int pid, _Out_ int *status, int options)"),
  exit: library.func("void _exit(int status)"),
};

export interface ForkEnd {
  /** With which it ended, 0 where it was killed. */
  readonly status: number;
  /** By which it was killed, 0 where it was not. */
  readonly signal: number;
}

/** Runs `work` in a copy of this process; its number. */
export function fork(work: () => void): number {
  calls.madvise(ADDRESSES[0], ADDRESSES[1], ENTER_COPIES);
  const pid: number = calls.fork();
  if (pid !== 0) return pid;
  try {
    // This one is kept from before.
    Object.defineProperty(process, "pid", { value: calls.getpid() });
    for (let number = 0; number <= KEPT_NUMBERS; number++) randomInt(2);
    for (let number = randomInt(1000); number > 0; number--) Math.random();
    work();
    calls.exit(0);
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.stack : error}\n`);
  }
  calls.exit(1);
  throw new Error("unreachable");
}

/** Waits for a copy's end. */
export function endOfFork(pid: number): ForkEnd {
  const status: [number] = [0];
  if (calls.waitpid(pid, status, 0) !== pid) throw new Error(`no process ${pid}`);
  return { status: (status[0] >> 8) & 255, signal: status[0] & 127 };
}

/** Ends a copy as `kill -9` does. */
export function killFork(pid: number): void {
  calls.kill(pid, SIGKILL);
}

/** Ends this process in the middle of what it does. */
export function killSelf(): void {
  calls.kill(calls.getpid(), SIGKILL);
}

export function wasKilled({ signal }: ForkEnd): boolean {
  return signal === SIGKILL;
}

/** Makes modules see what was replaced of Node's own, also those that have imported it by name. */
export const publishReplaced = syncBuiltinESMExports;
