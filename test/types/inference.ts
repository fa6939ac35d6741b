/** What the compiler must infer. This file is checked, not run: where a type differs, it does not compile. */
import {
  type ArrayView,
  array,
  bool,
  bytes,
  type Cursor,
  enumOf,
  type Fields,
  f32,
  f64,
  type InputOf,
  i64,
  kernel,
  type Lease,
  optional,
  type Placement,
  pool,
  privateMemory,
  type ReadonlyArrayView,
  type ReadonlyViewOf,
  type StructType,
  struct,
  u8,
  u16,
  u32,
  utf8,
  type ValueOf,
  type ViewOf,
} from "../../src/index.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<_A, _B>(_equal: Flat<Equal<Flat<_A>, Flat<_B>>>): void {}
/** Spells a type out, so that two ways to write one are equal. */
type Flat<T> = T extends Uint8Array | ((...parameters: never[]) => unknown) | ReadonlyArrayView<unknown>
  ? T
  : T extends (infer Element)[]
    ? Flat<Element>[]
    : T extends object
      ? { [Name in keyof T]: Flat<T[Name]> }
      : T;

const Vec = struct("Vec", { x: f32, y: f32 });
const Particle = struct("Particle", {
  pos: Vec,
  hp: u16,
  id: i64,
  team: enumOf("red", "blue"),
  alive: bool,
  name: utf8(16),
  digest: bytes(4),
  target: optional(u32),
  goal: optional(Vec),
  path: array(Vec, 3),
  weights: array(f64, 4),
  value: struct("Value", { value: u8 }),
});

interface Point {
  x: number;
  y: number;
}

same<
  ValueOf<typeof Particle>,
  {
    pos: Point;
    hp: number;
    id: bigint;
    team: "red" | "blue";
    alive: boolean;
    name: string;
    digest: Uint8Array;
    target: number | null;
    goal: Point | null;
    path: Point[];
    weights: number[];
    value: { value: number };
  }
>(true);

same<InputOf<typeof Vec>, { readonly x?: number; readonly y?: number }>(true);
same<ViewOf<typeof Vec>, Point>(true);
same<ViewOf<typeof u32>["value"], number>(true);
same<ViewOf<typeof Particle>["pos"], Point>(true);
same<ViewOf<typeof Particle>["goal"], Point | null>(true);
same<ViewOf<typeof Particle>["target"], number | null>(true);
same<ViewOf<typeof Particle>["team"], "red" | "blue">(true);
same<ViewOf<typeof Particle>["digest"], Uint8Array>(true);
same<ViewOf<typeof Particle>["weights"], ArrayView<number>>(true);
same<ViewOf<typeof Particle>["value"], { value: number }>(true);
same<ReadonlyViewOf<typeof Vec>, { readonly x: number; readonly y: number }>(true);
same<ReadonlyViewOf<typeof Particle>["pos"], { readonly x: number; readonly y: number }>(true);
same<ReadonlyViewOf<typeof Particle>["goal"], { readonly x: number; readonly y: number } | null>(true);
same<ReadonlyViewOf<typeof Particle>["weights"], ReadonlyArrayView<number>>(true);
same<(typeof Particle.fields)["hp"]["type"], typeof u16>(true);

/** What must compile as it stands. */
export function usage(): void {
  const memory = privateMemory(1024);
  const rows: Cursor<ViewOf<typeof Particle>> = Particle.cursor(memory, 0, 2);
  const p = rows.at(0);
  p.pos = { x: 1, y: 2 };
  p.pos.x += p.weights.at(0);
  p.path.set(0, { x: 1 });
  p.path.assign([{ x: 1 }, {}, p.pos]);
  p.weights.assign(new Float32Array(4));
  p.goal = null;
  p.goal = { x: 1, y: 2 };
  p.target = 5;
  p.id += 1n;
  Particle.write(memory, 0, { hp: 1, path: [{ y: 1 }], goal: { x: 1 }, weights: new Float64Array(4) });
  Particle.write(memory, 0, Particle.read(memory, 0));
  Particle.write(memory, 0, p);
  const frozen: ReadonlyViewOf<typeof Particle> = p;
  const sum = kernel((from: Cursor<{ hp: number }>, factor: number) => from.length * factor);
  const total: number = sum(rows, 2);
  for (const { hp } of rows) hp.toFixed(total);
  for (const weight of frozen.weights) weight.toFixed();
  const copy: ValueOf<typeof Particle> = Particle.copy(p);
  copy.path[0].x = 1;
}

// What a program must be able to name that passes structs, places or leases on.
const pooled = <F extends Fields>(type: StructType<F>, where: Placement) => pool(type, where);
same<ReturnType<typeof pooled<{ x: typeof f32 }>>["type"], StructType<{ x: typeof f32 }>>(true);
const lease: Lease = privateMemory(8).openLease("example");
same<typeof lease.epoch, number>(true);
