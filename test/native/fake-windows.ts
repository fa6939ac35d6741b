import assert from "node:assert/strict";
import type { CFunction, CType, ForeignFunctions } from "../../src/native/foreign.ts";

export const PAGE = 4096;
const GRANULARITY = 65_536;
const [COMMIT, RESERVE, REPLACE, RELEASE, PLACEHOLDER] = [0x1000, 0x2000, 0x4000, 0x8000, 0x40000];
const [COALESCE, PRESERVE] = [1, 2];
const [NOACCESS, READWRITE, WRITECOPY] = [1, 4, 8];
const [ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS, ERROR_COMMITMENT_LIMIT] = [6, 87, 487, 1455];

interface Allocation {
  readonly from: number;
  readonly to: number;
  readonly holds: "placeholder" | "zeros" | { readonly file: string; readonly copies: boolean; readonly fileByteOffset: number };
}

export interface Call {
  readonly name: string;
  readonly given: readonly unknown[];
}

/**
 * Address space and handles of a Windows that keeps to the strictest reading of its documentation: a placeholder is replaced by what has just its length, split anywhere at
 * a page, joined over just the ones that are there; memory and views become placeholders again as a whole.
 */
export class FakeWindows {
  readonly calls: Call[] = [];
  /** How many of the next requests for committed memory or views are refused. */
  refusals = 0;
  /** Names of functions that this Windows does not have. */
  missing: readonly string[] = [];
  takesViews = true;
  readonly #answers = new Map<string, number>();
  readonly #handles = new Map<
    bigint,
    { readonly file: string } | { readonly section: string; readonly byteLength: number; readonly copies: boolean }
  >();
  #allocations: Allocation[] = [];
  #nextAddress = 0x2_0000_0000;
  #nextHandle = 0x100n;
  #lastError = 0;

  /** Handles that are open and were not opened by `open`. */
  get handles(): number {
    return this.#handles.size;
  }

  open(file: string): bigint {
    return this.#newHandle({ file });
  }

  /** What a call that this knows nothing of returns from now on; else 1. */
  answer(name: string, result: number, lastError = 0): void {
    this.#answers.set(name, result);
    this.#lastError = lastError;
  }

  get reservedPages(): number {
    return this.#allocations.reduce((pages, { from, to }) => pages + (to - from) / PAGE, 0);
  }

  /** What a page shows: "zeros", or file, how, and where in it. */
  contentAt(address: number): string {
    const found = this.#allocations.find(({ from, to }) => from <= address && address < to);
    if (found === undefined) return "not reserved";
    const { from, holds } = found;
    if (typeof holds === "string") return holds;
    return `${holds.file} ${holds.copies ? "copied" : "shared"} ${holds.fileByteOffset + address - from}`;
  }

  foreign(): ForeignFunctions {
    const run = (name: string, given: readonly unknown[]): number | bigint => {
      this.calls.push({ name, given: given.map((one) => (one instanceof Uint8Array ? Buffer.from(one) : one)) });
      return this.#call(name, given);
    };
    const bindAny = (name: string): ((...given: readonly unknown[]) => number | bigint) => {
      if (this.missing.includes(name)) throw new Error(`Cannot find function '${name}' in shared library`);
      return (...given) => run(name, given);
    };
    function bind<const Result extends CType, const Parameters extends readonly CType[]>(
      name: string,
      result: Result,
      parameters: Parameters,
    ): CFunction<Result, Parameters>;
    function bind(name: string): (...given: readonly unknown[]) => number | bigint {
      return bindAny(name);
    }
    return {
      name: "koffi",
      bind,
      bindVariadic: (name, parameters, last) => bind(name, "i32", [...parameters, last]),
      bindAsync: (name) => {
        const call = bindAny(name);
        return async (...given) => ({ result: Number(call(...given)), errno: 0 });
      },
      msyncAsync: async () => assert.fail("there is no msync on Windows"),
      addressOf: () => 0x1000n,
      viewOf: (_address, byteLength) => {
        if (!this.takesViews) throw new Error("External buffers are not allowed");
        return new ArrayBuffer(byteLength);
      },
      errno: () => assert.fail("errno means nothing on Windows"),
    };
  }

  #call(name: string, given: readonly unknown[]): number | bigint {
    const [first, second, third, fourth, fifth, sixth, seventh] = given.map((one) =>
      typeof one === "number" || typeof one === "bigint" ? Number(one) : Number.NaN,
    );
    switch (name) {
      case "GetLastError":
        return this.#lastError;
      case "GetSystemInfo":
        bytes(given[0]).writeUInt32LE(PAGE, 4);
        return 0;
      case "uv_get_osfhandle":
        return BigInt(first);
      case "VirtualAlloc2":
        return this.#allocate(second, third, fourth, fifth);
      case "VirtualFree":
        return this.#free(first, second, third);
      case "CreateFileMappingW":
        return this.#createSection(BigInt(first), third, fourth * 2 ** 32 + fifth);
      case "MapViewOfFile3":
        return this.#mapView(BigInt(first), third, fourth, fifth, sixth, seventh);
      case "UnmapViewOfFile2":
        return this.#unmap(second, third);
      case "DuplicateHandle": {
        const source = this.#handles.get(BigInt(second));
        if (source === undefined) return this.#fail(ERROR_INVALID_HANDLE);
        bytes(given[3]).writeBigUInt64LE(this.#newHandle(source));
        return 1;
      }
      case "CloseHandle":
        assert.ok(this.#handles.delete(BigInt(first)), "a handle is closed twice");
        return 1;
      default:
        return this.#answers.get(name) ?? 1;
    }
  }

  #allocate(address: number, byteLength: number, flags: number, protection: number): bigint {
    assert.equal(byteLength % PAGE, 0, "only whole pages");
    if (flags === (RESERVE | PLACEHOLDER)) {
      assert.deepEqual([address, protection], [0, NOACCESS]);
      const from = this.#nextAddress;
      this.#nextAddress += Math.ceil(byteLength / GRANULARITY) * GRANULARITY + GRANULARITY;
      this.#allocations.push({ from, to: from + byteLength, holds: "placeholder" });
      return BigInt(from);
    }
    assert.deepEqual([flags, protection], [RESERVE | COMMIT | REPLACE, READWRITE]);
    return BigInt(this.#put({ from: address, to: address + byteLength, holds: "zeros" }));
  }

  #put(made: Allocation): number {
    const index = this.#allocations.findIndex(({ from, to }) => from === made.from && to === made.to);
    if (index < 0 || this.#allocations[index].holds !== "placeholder") return this.#fail(ERROR_INVALID_ADDRESS);
    if (this.refusals > 0) {
      this.refusals -= 1;
      return this.#fail(ERROR_COMMITMENT_LIMIT);
    }
    this.#allocations[index] = made;
    return made.from;
  }

  #free(address: number, byteLength: number, flags: number): number {
    const end = address + byteLength;
    if (flags === RELEASE) {
      assert.equal(byteLength, 0, "what is released has length 0");
      const index = this.#allocations.findIndex(({ from, holds }) => from === address && typeof holds === "string");
      if (index < 0) return this.#fail(ERROR_INVALID_ADDRESS);
      this.#allocations.splice(index, 1);
      return 1;
    }
    if (flags === (RELEASE | COALESCE)) {
      const parts = this.#allocations.filter(({ from, to }) => from >= address && to <= end);
      const pages = parts.reduce((sum, { from, to }) => sum + to - from, 0);
      if (parts.length < 2 || pages !== byteLength || parts.some(({ holds }) => holds !== "placeholder"))
        return this.#fail(ERROR_INVALID_ADDRESS);
      this.#allocations = this.#allocations.filter((one) => !parts.includes(one));
      this.#allocations.push({ from: address, to: end, holds: "placeholder" });
      return 1;
    }
    assert.equal(flags, RELEASE | PRESERVE);
    const found = this.#allocations.find(({ from, to }) => from <= address && end <= to);
    if (found === undefined || typeof found.holds !== "string") return this.#fail(ERROR_INVALID_ADDRESS);
    const whole = found.from === address && found.to === end;
    // Splitting nothing off, and giving back a part of memory, are not in the documentation.
    if (whole === (found.holds === "placeholder")) return this.#fail(ERROR_INVALID_PARAMETER);
    this.#allocations = this.#allocations.filter((one) => one !== found);
    const cuts = [found.from, address, end, found.to];
    for (let index = 0; index < 3; index++)
      if (cuts[index] < cuts[index + 1]) this.#allocations.push({ from: cuts[index], to: cuts[index + 1], holds: "placeholder" });
    return 1;
  }

  #createSection(handle: bigint, protection: number, byteLength: number): bigint {
    const source = this.#handles.get(handle);
    if (source === undefined || !("file" in source)) return BigInt(this.#fail(ERROR_INVALID_HANDLE));
    assert.ok(protection === READWRITE || protection === WRITECOPY);
    return this.#newHandle({ section: source.file, byteLength, copies: protection === WRITECOPY });
  }

  #mapView(handle: bigint, address: number, fileByteOffset: number, viewed: number, flags: number, protection: number): bigint {
    const source = this.#handles.get(handle);
    assert.ok(source !== undefined && "section" in source, "a view needs a section");
    assert.deepEqual([flags, protection], [REPLACE, source.copies ? WRITECOPY : READWRITE]);
    assert.deepEqual([fileByteOffset % PAGE, viewed % PAGE], [0, 0]);
    assert.ok(fileByteOffset + viewed <= source.byteLength, "a view ends with its section");
    const byteLength = viewed === 0 ? Math.ceil((source.byteLength - fileByteOffset) / PAGE) * PAGE : viewed;
    const holds = { file: source.section, copies: source.copies, fileByteOffset };
    return BigInt(this.#put({ from: address, to: address + byteLength, holds }));
  }

  #unmap(address: number, flags: number): number {
    const index = this.#allocations.findIndex(({ from, holds }) => from === address && typeof holds !== "string");
    if (index < 0) return this.#fail(ERROR_INVALID_ADDRESS);
    const [{ from, to }] = this.#allocations.splice(index, 1);
    if (flags === PRESERVE) this.#allocations.push({ from, to, holds: "placeholder" });
    return 1;
  }

  #newHandle(
    leadsTo: { readonly file: string } | { readonly section: string; readonly byteLength: number; readonly copies: boolean },
  ): bigint {
    this.#nextHandle += 4n;
    this.#handles.set(this.#nextHandle, leadsTo);
    return this.#nextHandle;
  }

  #fail(error: number): 0 {
    this.#lastError = error;
    return 0;
  }
}

function bytes(given: unknown): Buffer {
  assert.ok(given instanceof Uint8Array);
  return Buffer.from(given.buffer, given.byteOffset, given.byteLength);
}
