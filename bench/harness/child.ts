import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type MemoryPeak, watchMemory } from "./memory.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Task = (argument: never) => unknown;

export interface ChildRun<Result> {
  readonly result: Result;
  /** The most memory that the child held at any look, from its start to its end. */
  readonly peak: MemoryPeak;
  /** Milliseconds from spawning to the result. */
  readonly wallMs: number;
}

export interface ChildTasks<Tasks extends Record<string, Task>> {
  /** Runs one task in a new process. Argument and result travel as JSON; what the child prints goes to standard error. */
  run<Name extends keyof Tasks & string>(
    name: Name,
    argument: Parameters<Tasks[Name]>[0] & Json,
    options?: { readonly nodeOptions?: readonly string[] },
  ): Promise<ChildRun<Awaited<ReturnType<Tasks[Name]>>>>;
}

const CHILD_FLAG = "--child-task";

/**
 * Measurements that need a process of their own (memory, start-up, caches): the bench file is started again to run one of `tasks`.
 * Await it before anything else is measured; in the child it never returns.
 *
 * ```ts
 * const child = await childTasks(import.meta.url, { parse: (path: string) => ({ rows: parse(path), memory: memoryOf() }) });
 * const { result, peak } = await child.run("parse", "cities.json");
 * ```
 */
export async function childTasks<Tasks extends Record<string, Task>>(benchUrl: string, tasks: Tasks): Promise<ChildTasks<Tasks>> {
  const at = process.argv.indexOf(CHILD_FLAG);
  if (at >= 0 && process.send !== undefined) await runAndExit(tasks, process.argv[at + 1], process.argv[at + 2]);
  return {
    run: (name, argument, options = {}) =>
      new Promise((resolve, reject) => {
        const started = performance.now();
        const forwarded = process.argv.slice(2).filter((given) => given !== "--json");
        const child = spawn(
          process.execPath,
          [
            ...process.execArgv,
            ...(options.nodeOptions ?? []),
            fileURLToPath(benchUrl),
            CHILD_FLAG,
            name,
            JSON.stringify(argument),
            ...forwarded,
          ],
          { stdio: ["ignore", 2, 2, "ipc"] },
        );
        const stopWatching = child.pid === undefined ? () => ({ rss: 0, rssAnon: 0 }) : watchMemory(child.pid);
        let answer: { readonly json: string; readonly wallMs: number } | undefined;
        child.on("message", (json) => {
          answer = { json: String(json), wallMs: performance.now() - started };
        });
        child.on("error", reject);
        child.on("close", (status, signal) => {
          const peak = stopWatching();
          if (answer === undefined)
            reject(new Error(`the child task ${name} ended without a result: ${signal ?? `exit ${status}`}`));
          else resolve({ result: JSON.parse(answer.json), peak, wallMs: answer.wallMs });
        });
      }),
  };
}

async function runAndExit(tasks: Record<string, Task>, name: string, argument: string): Promise<never> {
  const task: Task | undefined = tasks[name];
  if (task === undefined) throw new Error(`no child task ${name}`);
  const result: unknown = await Reflect.apply(task, undefined, [JSON.parse(argument)]);
  const json = JSON.stringify(result ?? null);
  await new Promise<void>((resolve) => process.send?.(json, undefined, undefined, () => resolve()));
  process.exit(0);
}
