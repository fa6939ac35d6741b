import { type SystemAdvice, system } from "../native/system.ts";
import { Reservation } from "./reservation.ts";
import { isMappingSupported } from "./supported.ts";

/**
 * How bytes are going to be used. Results never change with it.
 *
 * - `sequential` reads far ahead, `random` not at all, `normal` in between; `willneed` starts reading everything now.
 * - `drop` lets go of the pages in this process, which makes it smaller: they stay in the page cache and come back when they are touched.
 *   `cold` lets the system take them first when it needs room, `pageOut` takes them now.
 * - `hugePages` asks for pages of 2 MiB, where the file system has them (tmpfs and anonymous memory, if the system is set so); fewer faults and faster
 *   random reads over gigabytes. `noHugePages` does without.
 * - `dontDump` leaves the bytes out of core dumps, `dump` puts them in again.
 */
export type Advice = Exclude<SystemAdvice, "populateRead" | "populateWrite" | "remove" | "revert">;

/** Does this system know the advice? It may still refuse it for some kinds of memory. False where nothing can be mapped. */
export function isAdviceSupported(advice: Advice): boolean {
  if (!isMappingSupported()) return false;
  const { buffer } = Reservation.make("a page that is advised", Reservation.pageByteLength);
  // About no bytes at all, which a system that knows the advice takes.
  return system().advise(system().addressOf(buffer), 0, advice) === 0;
}
