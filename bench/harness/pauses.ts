import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

/** The collector's pauses of this thread while they were observed, in milliseconds. */
export interface Pauses {
  readonly count: number;
  readonly longestMs: number;
  readonly totalMs: number;
}

/** Observes collections of this thread from now on. The function that it returns ends that and tells them. */
export function observePauses(): () => Promise<Pauses> {
  let count = 0;
  let longestMs = 0;
  let totalMs = 0;
  const add = (durationMs: number) => {
    count += 1;
    longestMs = Math.max(longestMs, durationMs);
    totalMs += durationMs;
  };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) add(entry.duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  return async () => {
    // Node hands the entries over after the work that caused them, from its event loop.
    await delay(20);
    for (const entry of observer.takeRecords()) add(entry.duration);
    observer.disconnect();
    return { count, longestMs, totalMs };
  };
}
