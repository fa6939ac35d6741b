import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "./place.ts";

/** The parts of the rivals that the benchmarks use. They are no dependencies of ours, so the compiler cannot see their types. */
export interface Rivals {
  lmdb: {
    open(options: {
      readonly path: string;
      readonly encoding?: "msgpack" | "json" | "string" | "binary" | "ordered-binary";
      readonly compression?: boolean;
      readonly sharedStructuresKey?: symbol;
      readonly readOnly?: boolean;
      readonly mapSize?: number;
      readonly noSync?: boolean;
      readonly cache?: boolean;
    }): LmdbStore;
  };
  "@thi.ng/malloc": {
    MemPool: new (options: {
      readonly buf: ArrayBufferLike;
      readonly size?: number;
    }) => {
      /** An address; 0 when there is no room. */
      malloc(byteLength: number): number;
      free(address: number): boolean;
    };
  };
  "ringbuf.js": {
    RingBuffer: {
      new (
        buffer: SharedArrayBuffer,
        type: Uint32ArrayConstructor,
      ): { push(values: Uint32Array, count?: number): number; pop(values: Uint32Array): number };
      getStorageForCapacity(capacity: number, type: Uint32ArrayConstructor): SharedArrayBuffer;
    };
  };
  bitecs: {
    createWorld(): object;
    addEntity(world: object): number;
    addComponent(world: object, entity: number, component: object): unknown;
    query(world: object, components: readonly object[]): ArrayLike<number>;
  };
  "@smikhalevski/object-pool": {
    ObjectPool: new <T>(make: () => T) => ObjectPool<T>;
  };
  yapool: new <T>() => Yapool<T>;
  /** Compiled where it is installed: missing where there is no compiler. */
  "better-sqlite3": new (
    path: string,
  ) => SqliteDatabase;
  /** The same. */
  megahash: new () => { set(key: string, value: Uint8Array): unknown; get(key: string): Uint8Array | undefined };
  "@duckdb/node-api": {
    DuckDBInstance: {
      create(path: string, options?: Readonly<Record<string, string>>): Promise<DuckDbInstance>;
    };
  };
}

export interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: readonly unknown[]): unknown; get(...values: readonly unknown[]): unknown };
  close(): void;
}

export interface ObjectPool<T> {
  take(): T;
  release(value: T): void;
}

export interface Yapool<T> {
  add(value: T): void;
  remove(value: T): void;
}

export interface LmdbStore {
  get(key: string | number): unknown;
  /** A copy. */
  getBinary(key: string | number): Uint8Array | undefined;
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** Good until the next look-up. */
  getBinaryFast(key: string | number): Uint8Array | undefined;
  put(key: string | number, value: unknown): Promise<boolean>;
  putSync(key: string | number, value: unknown): boolean;
  transactionSync<Result>(work: () => Result): Result;
  readonly flushed: Promise<unknown>;
  close(): Promise<void>;
}

export interface DuckDbInstance {
  connect(): Promise<DuckDbConnection>;
  closeSync(): void;
}

export interface DuckDbConnection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][]; getRowObjects(): Record<string, unknown>[] }>;
  closeSync(): void;
}

/** A package of `bench/rivals`, which `npm run bench` installs when it is missing. */
export async function loadRival<Name extends keyof Rivals>(name: Name): Promise<Rivals[Name]> {
  const resolve = createRequire(join(projectRoot(), "bench", "rivals", "package.json")).resolve;
  let path: string;
  try {
    path = resolve(name);
  } catch (cause) {
    throw new Error(`${name} is not installed in bench/rivals: run \`npm ci\` there, or start this with \`npm run bench\``, {
      cause,
    });
  }
  const module = await import(pathToFileURL(path).href);
  // Of some CommonJS modules Node cannot tell the names before it runs them.
  const isNameless = Object.keys(module).every((name) => name === "default" || name === "module.exports");
  return isNameless ? module.default : module;
}

/** The same for one that has to be compiled, and is what its CommonJS module exports: undefined where that was not possible. */
export function loadCompiledRival<Name extends "better-sqlite3" | "megahash">(name: Name): Rivals[Name] | undefined {
  try {
    return createRequire(join(projectRoot(), "bench", "rivals", "package.json"))(name);
  } catch {
    console.error(`${name} could not be compiled here: its rows are left out`);
    return undefined;
  }
}
