import { MemoryError } from "../../src/index.ts";

/** For `assert.throws`: whether what was thrown is a MemoryError with that code, which says what the pattern wants. */
export const throwsCode =
  (code: string, pattern = /./) =>
  (error: unknown): boolean =>
    error instanceof MemoryError && error.code === code && pattern.test(error.message);
