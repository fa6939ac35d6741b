import { readFileSync } from "node:fs";
import { system } from "../native/system.ts";
import { isMappingSupported } from "./supported.ts";

let known: string | undefined;

/** What tells this run of the machine from all others, in hexadecimal digits; "" where the system does not say. Needs no native code on Linux. */
export function bootId(): string {
  known ??= read()
    .toLowerCase()
    .replaceAll(/[^0-9a-f]/g, "");
  return known;
}

function read(): string {
  if (process.platform !== "linux") return isMappingSupported() ? (system().bootId?.() ?? "") : "";
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
  } catch {
    return "";
  }
}
