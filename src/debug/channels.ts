/** The part of a `diagnostics_channel` channel that is used here. */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface Host {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown };
}

/**
 * A channel of Node's `diagnostics_channel`, or undefined where there is none. The module is asked for by name at run time, so that pages
 * and bundlers find nothing to import.
 */
export function diagnosticsChannel(name: string): Channel | undefined {
  const host: Host = globalThis;
  const module = host.process?.getBuiltinModule?.("node:diagnostics_channel");
  return hasChannels(module) ? module.channel(name) : undefined;
}

function hasChannels(module: unknown): module is { channel(name: string): Channel } {
  return typeof module === "object" && module !== null && "channel" in module && typeof module.channel === "function";
}
