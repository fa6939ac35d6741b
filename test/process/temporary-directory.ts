import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What of node:test's context a directory needs: somebody to tell when the test is over. */
export interface Ending {
  after(hook: () => void): void;
}

/** A directory of the test's own, removed when the test is over. */
export function temporaryDirectory(test: Ending, parent = tmpdir()): string {
  const path = mkdtempSync(join(parent, "offheap-"));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
