/** What is asked of an `AbortSignal`, which not every program has the type of. */
export interface Abortable {
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options: { readonly once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Waits for something, or until the signal is aborted; to be asked which of them it was. Never rejects for the signal. */
export async function unlessAborted(rest: Promise<void>, signal: Abortable | undefined): Promise<void> {
  if (signal === undefined) return rest;
  let hear = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    hear = resolve;
  });
  signal.addEventListener("abort", hear, { once: true });
  try {
    await Promise.race([rest, aborted]);
  } finally {
    signal.removeEventListener("abort", hear);
  }
}
