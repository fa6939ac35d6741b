export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type Guard,
  SharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./shared-pool.ts";
export type { Participant, Recovered } from "./shared-slots.ts";
