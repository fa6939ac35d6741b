export type { Participant, Recovered } from "./participant.ts";
export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type Guard,
  SharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./shared-pool.ts";
