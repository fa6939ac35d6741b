/** An error that a disposal threw while another was on its way, and that other: what the language calls SuppressedError. */
export interface Suppressed extends Error {
  readonly error: unknown;
  readonly suppressed: unknown;
}

/** The engine's own where it has one, else an error of the same shape. */
export function suppressed(error: unknown, before: unknown): Error {
  const message = "An error was suppressed during disposal.";
  const own: unknown = Reflect.get(globalThis, "SuppressedError");
  if (typeof own === "function") {
    const made: unknown = Reflect.construct(own, [error, before, message]);
    if (made instanceof Error) return made;
  }
  const made = new Error(message);
  made.name = "SuppressedError";
  const hidden = { writable: true, enumerable: false, configurable: true };
  return Object.defineProperties(made, { error: { ...hidden, value: error }, suppressed: { ...hidden, value: before } });
}
