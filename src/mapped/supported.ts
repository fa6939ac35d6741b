import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";

/** Can files be mapped here? False where `mapFile` and its like would throw `unsupported`, whose message tells why. Loads the native code when asked first. */
export function isMappingSupported(): boolean {
  try {
    system();
    return true;
  } catch (error) {
    if (error instanceof MemoryError && error.code === "unsupported") return false;
    throw error;
  }
}
