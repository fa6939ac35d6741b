import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ON_WINDOWS } from "./platform.ts";

/** What of node:test's context a directory needs: somebody to tell when the test is over. */
export interface Ending {
  after(hook: () => void): void;
}

/** A directory of the test's own, removed when the test is over. */
export function temporaryDirectory(test: Ending, parent = tmpdir()): string {
  const path = mkdtempSync(join(parent, "offheap-"));
  test.after(() => {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      // Windows removes no file that is still mapped, by a thread that has ended without closing it or until the collector has come.
      if (!ON_WINDOWS) throw error;
    }
  });
  return path;
}
