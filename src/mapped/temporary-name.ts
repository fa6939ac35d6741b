import { readdirSync, readlinkSync, unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { errnoName } from "../native/system-error.ts";

/**
 * Names of short-lived files beside the file that they are going to be:
 *
 *     .cities.seg.<home>.<pid>.<random>.tmp
 *
 * `home` stands for the machine and its numbering of processes, so that a name whose process is gone can be told from one of another
 * machine or container on the same disk.
 */
export function hiddenName(name: string): string {
  const random = Math.floor(Math.random() * 2 ** 48).toString(36);
  return `.${shortened(name)}.${processHome()}.${process.pid}.${random}.tmp`;
}

/** Removes what killed processes of this machine have left beside `target`, as far as it may. */
export function removeAbandoned(target: string): void {
  const directory = dirname(target);
  const prefix = `.${shortened(basename(target))}.${processHome()}.`;
  try {
    for (const name of readdirSync(directory)) {
      if (name.startsWith(prefix) && isAbandoned(name.slice(prefix.length))) unlinkSync(join(directory, name));
    }
  } catch {
    // A directory that may not be listed, another user's file, another process that was faster: nothing that publishing depends on.
  }
}

function isAbandoned(suffix: string): boolean {
  const [, pid] = /^(\d+)\.[0-9a-z]+\.tmp$/.exec(suffix) ?? [];
  return pid !== undefined && !isAlive(Number(pid));
}

const temporaries = new Set<string>();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** From now on the file is removed when the process ends, by itself or by a signal that asks it to. */
export function rememberTemporary(path: string): void {
  if (temporaries.size === 0) {
    process.on("exit", removeTemporaries);
    for (const signal of SIGNALS) process.on(signal, endBySignal);
  }
  temporaries.add(path);
}

export function forgetTemporary(path: string): void {
  if (!temporaries.delete(path) || temporaries.size > 0) return;
  process.off("exit", removeTemporaries);
  for (const signal of SIGNALS) process.off(signal, endBySignal);
}

function endBySignal(signal: NodeJS.Signals): void {
  removeTemporaries();
  // Having a listener has cancelled the signal's own effect; where nobody else listens, that must come about.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function removeTemporaries(): void {
  for (const path of [...temporaries]) {
    removeIfThere(path);
    forgetTemporary(path);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoName(error) !== "ENOENT") throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoName(error) !== "ESRCH";
  }
}

/** Long names are cut so that the hidden one fits where the name itself did. */
function shortened(name: string): string {
  return name.slice(0, 60);
}

let home: string | undefined;

function processHome(): string {
  home ??= hash(`${hostname()} ${processNamespace()}`).toString(36);
  return home;
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
