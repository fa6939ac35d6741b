/** Stops watching. */
export interface Watch {
  /** The thing was closed as it should be. */
  done(): void;
}

const registry = new FinalizationRegistry<() => void>((lost) => lost());

/**
 * Calls `lost` when `owner` is collected and `done` was not called before: it was never closed. The collector decides when, if ever: a net below the
 * net, which tells and never frees. `lost` must not lead to `owner`, or that is never collected.
 */
export function watchUnclosed(owner: WeakKey, lost: () => void): Watch {
  const token = {};
  registry.register(owner, lost, token);
  return { done: () => registry.unregister(token) };
}
