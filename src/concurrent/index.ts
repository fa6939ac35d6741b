export type { Participant } from "../core/participant.ts";
export type { Recovered } from "./recovered.ts";
export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type Guard,
  SharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./shared-pool.ts";
export { SIGNAL_BYTES, Signal } from "./signal.ts";
export type { Abortable, AsyncWaitOptions, WaitOptions, WaitStrategy } from "./waiting.ts";
