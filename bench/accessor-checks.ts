/**
 * Why do accessors check by looking something up in a table of one element, instead of by a branch that throws? And why are their functions
 * made anew after a check has failed?
 *
 * Stand-ins for our generated accessors, so that one thing at a time can differ: a view with four floats and a lease, a cursor
 * with a length. The loops update two fields of 2000 records, or sum one. `docs/decisions/0001-views-leases-and-baked-accessors.md` draws
 * the conclusions.
 */
import { privateMemory } from "../src/index.ts";
import { interleave, report } from "./harness.ts";

const COUNT = 2000;
const COPIES = 5;
const memory = privateMemory(COUNT * 40 + 64);
for (let word = 0; word < memory.f32.length; word++) memory.f32[word] = (word % 7) + 0.25;

const TABLE = new Uint8Array(1);
const refuse = (): never => {
  throw new RangeError("refused");
};

let serial = 0;

/** Compiles a function body with these constants around it; a text of its own each time, so that nothing shares type feedback. */
function compile(constants: Readonly<Record<string, unknown>>, body: string): unknown {
  serial += 1;
  return new Function(...Object.keys(constants), `"use strict"; // ${serial}\n${body}`)(...Object.values(constants));
}

/** One that has lived: were the epoch never changed, V8 would take it for a constant. */
function newLease(): { epoch: number; readonly f32: Float32Array } {
  const lease = { epoch: 1, f32: memory.f32 };
  lease.epoch += 1;
  return lease;
}

type Check = "none" | "branch" | "table";

const check = (how: Check, holds: string): string =>
  how === "none" ? "" : how === "branch" ? `if (!(${holds})) refuse();` : `if (TABLE[${holds} ? 0 : 1] === undefined) refuse();`;

/** A view class of one of the kinds, its loop over a fresh view for each record, and what makes its accessors anew. */
function viewLoop(kind: "leased" | "baked", how: Check, failedBefore: boolean, healed: boolean): () => unknown {
  const lease = newLease();
  const View = compile({}, "return class View { constructor(l, p) { this.p = p; this.l = l; this.e = l.epoch; } }") as {
    new (lease: object, position: number): { x: number };
    readonly prototype: object;
  };
  const install = () => {
    const [open, array] = kind === "baked" ? ["", "f32"] : [`const l = this.l; ${check(how, "l.epoch === this.e")}`, "l.f32"];
    const fields = ["x", "y", "vx", "vy"].map(
      (name, index) => `get ${name}() { ${open} return ${array}[(this.p >>> 2) + ${index}]; },
set ${name}(v) { ${open} ${array}[(this.p >>> 2) + ${index}] = v; }`,
    );
    const members = compile({ TABLE, refuse, f32: memory.f32 }, `return { ${fields.join(", ")} };`) as object;
    Object.defineProperties(View.prototype, Object.getOwnPropertyDescriptors(members));
  };
  install();
  if (failedBefore) fail(View);
  if (healed) install();
  const loop = compile(
    { View },
    `return (lease) => { for (let i = 0; i < ${COUNT}; i++) { const p = new View(lease, i * 40); p.x += p.vx * 0.01; p.y += p.vy * 0.01; } };`,
  );
  return () => (loop as (lease: object) => unknown)(lease);
}

/** One use of each accessor after its lease has ended, once V8 has compiled it. */
function fail(View: new (lease: object, position: number) => object): void {
  const lease = newLease();
  const view = new View(lease, 0);
  const use = compile({ view }, "return () => { view.x += view.vx; view.y += view.vy; };") as () => void;
  for (let round = 0; round < 20_000; round++) use();
  lease.epoch += 1;
  for (const name of ["x", "y", "vx", "vy"]) {
    for (const access of [() => Reflect.get(view, name), () => Reflect.set(view, name, 1)]) {
      try {
        access();
      } catch {
        // That is what was asked for.
      }
    }
  }
}

/** A sum over a cursor whose index check is done in one of the ways. */
function cursorLoop(how: Check): () => unknown {
  const View = compile(
    { f32: memory.f32 },
    "return class View { constructor(p) { this.p = p; } get x() { return f32[this.p >>> 2]; } }",
  );
  const Cursor = compile(
    { View, TABLE, refuse },
    `return class Cursor { constructor(length) { this.length = length; }
at(i) { ${check(how, "(i >>> 0) === i && i < this.length")} return new View(Math.imul(i, 40)); } }`,
  ) as new (
    length: number,
  ) => object;
  const rows = new Cursor(COUNT);
  const loop = compile(
    {},
    "return (rows) => { let sum = 0; for (let i = 0; i < rows.length; i++) sum += rows.at(i).x; return sum; };",
  );
  return () => (loop as (rows: object) => unknown)(rows);
}

function compare(what: string, ours: () => () => unknown, peerName: string, peer: () => () => unknown): void {
  const cases: Record<string, () => unknown> = {};
  for (let copy = 0; copy < COPIES; copy++) {
    cases[`ours ${copy}`] = ours();
    cases[`peer ${copy}`] = peer();
  }
  for (let calls = 0; calls < 500; calls++) for (const name in cases) cases[name]();
  const timings = Object.entries(interleave(cases, { operations: COUNT, roundMs: 3, rounds: 15, warmupRounds: 4 }));
  const best = (side: string) =>
    Math.min(...timings.map(([name, { bestNs }]) => (name.startsWith(side) ? bestNs : Number.POSITIVE_INFINITY)));
  report({ bench: "accessor-checks", case: what, unit: "ns/record", ours: best("ours"), peer: best("peer"), peerName });
}

const branch = () => viewLoop("leased", "branch", false, false);
const table = () => viewLoop("leased", "table", false, false);
compare(
  "index of a cursor, table",
  () => cursorLoop("table"),
  "branch",
  () => cursorLoop("branch"),
);
compare(
  "index of a cursor, table",
  () => cursorLoop("table"),
  "no check",
  () => cursorLoop("none"),
);
compare("epoch of a leased view, table", table, "branch", branch);
compare("epoch of a leased view, table", table, "no check", () => viewLoop("leased", "none", false, false));
compare(
  "after a failure, made anew",
  () => viewLoop("leased", "table", true, true),
  "left as they are",
  () => viewLoop("leased", "table", true, false),
);
compare("after a failure, made anew", () => viewLoop("leased", "table", true, true), "never failed", table);
compare("baked views", () => viewLoop("baked", "none", false, false), "leased views, table", table);
