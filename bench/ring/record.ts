import { struct, u32 } from "../../src/index.ts";

/** 64 bytes. */
export const Record64 = struct("Record64", {
  ...{ f0: u32, f1: u32, f2: u32, f3: u32, f4: u32, f5: u32, f6: u32, f7: u32 },
  ...{ g0: u32, g1: u32, g2: u32, g3: u32, g4: u32, g5: u32, g6: u32, g7: u32 },
});
/** Elements of 32 bits in one. */
export const WORDS = 16;
