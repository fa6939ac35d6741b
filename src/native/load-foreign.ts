import type { ForeignFunctions } from "./foreign.ts";
import { koffiFunctions } from "./koffi.ts";
import { nodeFunctions } from "./node-ffi.ts";
import { refuseSystem } from "./unsupported.ts";

/**
 * The way to call C that there is: the package koffi, and without it Node's own `node:ffi`, which is experimental, says so in a warning, and is slower.
 * Throws `unsupported`, telling what of koffi went wrong.
 */
export function loadForeignFunctions(): ForeignFunctions {
  try {
    return koffiFunctions();
  } catch (cause) {
    if (hasNodeFfi()) {
      try {
        return nodeFunctions();
      } catch {
        // Switched off, or forbidden by the permission model: then what is to be told is why koffi is not there.
      }
    }
    const missing = cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND";
    return refuseSystem(missing ? "koffi-missing" : "koffi-blocked", cause);
  }
}

/** Before 26.9 it had to be switched on, and its interface was another. On Windows it does not keep what GetLastError tells. */
function hasNodeFfi(): boolean {
  if (process.platform === "win32" || "bun" in process.versions || "deno" in process.versions) return false;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 26 || (major === 26 && minor >= 9);
}
