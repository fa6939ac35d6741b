import { MemoryError, type MemoryErrorCode } from "../core/errors.ts";

/** What a suite throws: no test runner is needed to understand it. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

export function expect(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new ExpectationError(message());
}

export function expectEqual<Value>(found: Value, expected: Value, what: string): void {
  expect(Object.is(found, expected), () => `${what}: ${String(found)}, expected ${String(expected)}`);
}

/** Throws unless `work` throws a MemoryError with one of these codes; returns it. */
export function expectRefusal(codes: readonly MemoryErrorCode[], what: string, work: () => unknown): MemoryError {
  let given: unknown;
  try {
    given = work();
  } catch (error) {
    expect(error instanceof MemoryError, () => `${what}: threw ${String(error)}, which is no MemoryError`);
    expect(codes.includes(error.code), () => `${what}: threw ${error.code} (${error.message}), expected ${codes.join(" or ")}`);
    return error;
  }
  throw new ExpectationError(`${what}: returned ${String(given)}, expected ${codes.join(" or ")}`);
}

export function expectSound(allocator: { checkInvariants?(): string[] }, when: string): void {
  const found = allocator.checkInvariants?.() ?? [];
  expect(found.length === 0, () => `${when}: ${found.join("; ")}`);
}
