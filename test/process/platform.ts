/** Whether this is Windows, where some promises are others: see docs/decisions/0085-platforms.md. */
export const ON_WINDOWS = process.platform === "win32";

/** For `skip`: why a test does not hold on Windows; false elsewhere. */
export function notOnWindows(why: string): string | false {
  return ON_WINDOWS && why;
}
