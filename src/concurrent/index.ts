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
