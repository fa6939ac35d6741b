import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { privateMemory } from "../../src/core/homes.ts";
import type { Type } from "../../src/layout/type.ts";
import { structs } from "./random-types.ts";

const STRUCTS = 150;

/** The first C compiler that answers; undefined where there is none. */
function findCompiler(): string | undefined {
  return [process.env.CC ?? "", "cc", "gcc", "clang"].find((command) => {
    if (command === "") return false;
    try {
      execFileSync(command, ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

const compiler = findCompiler();
const skip = compiler === undefined ? "no C compiler is installed (Debian: apt-get install gcc)" : false;

/** Compiles and runs a C program and returns what it printed, parsed. */
function runC(body: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), "offheap-abi-"));
  try {
    writeFileSync(
      join(folder, "abi.c"),
      `#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n${body}`,
    );
    execFileSync(compiler ?? "cc", ["-std=c11", "-O0", "-o", join(folder, "abi"), join(folder, "abi.c")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return JSON.parse(execFileSync(join(folder, "abi"), { encoding: "utf8", maxBuffer: 1 << 26 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fieldsOf(type: Type): [string, { readonly type: Type; readonly byteOffset: number }][] {
  assert.ok("fields" in type);
  return Object.entries(type.fields as Record<string, { type: Type; byteOffset: number }>);
}

const specimens = skip === false ? fc.sample(structs, STRUCTS) : [];

test("random structs have the offsets, the size and the alignment that a C compiler gives them", { skip }, () => {
  const lines = specimens.map(({ type, c }) => {
    const offsets = fieldsOf(type).map(([name]) => `printf("%zu,", offsetof(struct ${type.name}, ${name}));`);
    return {
      before: c.before,
      print: `printf("["); ${offsets.join(" ")} printf("%zu,%zu],", sizeof(struct ${type.name}), _Alignof(struct ${type.name}));`,
    };
  });
  const program = `${lines.map(({ before }) => before).join("")}int main(void) { printf("["); ${lines.map(({ print }) => print).join("\n")} printf("0]"); return 0; }`;
  const told = runC(withoutRepeats(program));
  const ours = specimens.map(({ type }) => [...fieldsOf(type).map(([, { byteOffset }]) => byteOffset), type.byteSize, type.align]);
  assert.deepEqual(told, [...ours, 0]);
});

test("C reads the bytes that we write as the values that we meant", { skip }, () => {
  using memory = privateMemory(1 << 16);
  const readable = /^(?:u8|i8|u16|i16|u32|i32|f32|f64|i64|u64|bool)$/;
  const formats: Readonly<Record<string, string>> = { f32: "%.17g", f64: "%.17g", i64: '\\"%lld\\"', u64: '\\"%llu\\"', u32: "%u" };
  const prints: string[] = [];
  const expected: unknown[] = [];
  for (const { type, values } of specimens) {
    const [[input]] = fc.sample(values, 1);
    const at = 64;
    memory.u8.fill(0, at, at + type.byteSize);
    type.write(memory, at, input);
    const hex = [...memory.u8.subarray(at, at + type.byteSize)].join(",");
    const value = type.read(memory, at);
    assert.ok(typeof value === "object" && value !== null);
    const fields = fieldsOf(type).filter(([, field]) => readable.test(field.type.name));
    const telling = fields.map(([name, field]) => {
      const read: unknown = Reflect.get(value, name);
      expected.push(typeof read === "bigint" ? String(read) : Number.isFinite(Number(read)) ? Number(read) : String(read));
      const cast = field.type.name === "i64" ? "(long long)" : field.type.name === "u64" ? "(unsigned long long)" : "";
      const print = `printf("${formats[field.type.name] ?? "%d"},", ${cast}s.${name});`;
      if (!field.type.name.startsWith("f")) return print;
      return `if (s.${name} != s.${name}) printf("\\"NaN\\","); else if (s.${name} - s.${name} != 0) printf(s.${name} > 0 ? "\\"Infinity\\"," : "\\"-Infinity\\","); else ${print}`;
    });
    prints.push(
      `{ static const uint8_t b[] = {${hex}}; struct ${type.name} s; memcpy(&s, b, sizeof s); (void)s; ${telling.join(" ")} }`,
    );
  }
  const before = specimens.map(({ c }) => c.before).join("");
  const told = runC(withoutRepeats(`${before}int main(void) { printf("["); ${prints.join("\n")} printf("0]"); return 0; }`));
  assert.deepEqual(told, [...expected, 0]);
});

/** A struct that is part of several is declared once. */
function withoutRepeats(program: string): string {
  const seen = new Set<string>();
  return program
    .split("\n")
    .filter((line) => {
      const declared = /^struct (\w+) \{/.exec(line)?.[1];
      if (declared === undefined) return true;
      if (seen.has(declared)) return false;
      seen.add(declared);
      return true;
    })
    .join("\n");
}
