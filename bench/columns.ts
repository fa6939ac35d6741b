/**
 * What does a loop over a million records cost when they lie in columns?
 *
 * The update moves two of seven fields by two others. Typed arrays are what nobody can beat from JavaScript; an array of objects is what most
 * programs have; bitecs keeps its components in typed arrays, too, and goes through the entities that a query has found. The layout of thi.ng's
 * structures of arrays, whose package is in no registry any more, is written down here: a buffer for each attribute, whose values are vectors, one behind the other. A million records lie
 * beyond the caches, so memory sets the pace for all of them. `--records=10000` shows the loops themselves.
 *
 * Sorting is by a column of floats in random order, and moves all seven columns; each round sorts by another column than the one before.
 */
import { array, bump, chunkedColumns, columns, f32, GiB, privateMemory, struct } from "../src/index.ts";
import {
  floats,
  moveChunks,
  moveColumns,
  moveEntities,
  moveObjects,
  moveRows,
  moveTypedArrays,
  moveVectorColumns,
  moveVectors,
  moveVectorViews,
} from "./columns/loops.ts";
import { Particle, type ParticleObject, particle } from "./columns/records.ts";
import { interleave, loadRival, option, report } from "./harness.ts";

const RECORDS = option("records", 1_000_000);
const OPTIONS = { operations: RECORDS, roundMs: 10, rounds: option("rounds", 41) };

const memory = privateMemory(0, { maxByteLength: GiB(1) });
const allocator = bump(memory);
const table = columns(Particle, { allocator, capacity: RECORDS });
const chunked = chunkedColumns(Particle, { allocator });
const objects: ParticleObject[] = [];
const raw = {
  x: new Float32Array(RECORDS),
  y: new Float32Array(RECORDS),
  vx: new Float32Array(RECORDS),
  vy: new Float32Array(RECORDS),
};
const Body = struct("Body", { position: array(f32, 2), velocity: array(f32, 2) });
const bodies = columns(Body, { allocator, capacity: RECORDS });
const vectors = { position: new Float32Array(RECORDS * 2), velocity: new Float32Array(RECORDS * 2) };
const { createWorld, addEntity, addComponent, query } = await loadRival("bitecs");
const world = createWorld();
// Entities of bitecs are numbered from 1 on.
const Position = { x: new Float32Array(RECORDS + 1), y: new Float32Array(RECORDS + 1) };
const Velocity = { x: new Float32Array(RECORDS + 1), y: new Float32Array(RECORDS + 1) };
for (let id = 0; id < RECORDS; id++) {
  const made = particle(id);
  const { x, y, vx, vy } = made;
  table.append(made);
  chunked.append(made);
  objects.push(made);
  raw.x[id] = x;
  raw.y[id] = y;
  raw.vx[id] = vx;
  raw.vy[id] = vy;
  bodies.append({ position: [x, y], velocity: [vx, vy] });
  vectors.position.set([x, y], id * 2);
  vectors.velocity.set([vx, vy], id * 2);
  const entity = addEntity(world);
  addComponent(world, entity, Position);
  addComponent(world, entity, Velocity);
  Position.x[entity] = x;
  Position.y[entity] = y;
  Velocity.x[entity] = vx;
  Velocity.y[entity] = vy;
}
const [x, y, vx, vy] = (["x", "y", "vx", "vy"] as const).map((name) => floats(table.column(name)));

const [position, velocity] = (["position", "velocity"] as const).map((name) => floats(bodies.column(name)));

const update = interleave(
  {
    columns: () => moveColumns(x, y, vx, vy),
    typedArrays: () => moveTypedArrays(raw.x, raw.y, raw.vx, raw.vy),
    rows: () => moveRows(table),
    chunks: () => moveChunks(chunked),
    bitecs: () => moveEntities(query(world, [Position, Velocity]), Position, Velocity),
    columnsOfVectors: () => moveVectorColumns(position, velocity),
    vectors: () => moveVectors(vectors.position, vectors.velocity),
    vectorViews: () => moveVectorViews(vectors.position, vectors.velocity),
    objects: () => moveObjects(objects),
  },
  OPTIONS,
);
const compare = (what: string, ours: keyof typeof update, peer: keyof typeof update, peerName: string, bar = ""): void =>
  report({
    bench: "columns",
    case: what,
    unit: "ns/record",
    ours: update[ours].bestNs,
    peer: update[peer].bestNs,
    peerName,
    note: `medians ${update[ours].medianNs.toPrecision(3)} and ${update[peer].medianNs.toPrecision(3)}${bar}`,
  });
compare("update, column(name)[i]", "columns", "typedArrays", "typed arrays", "; the bar is 1.05 times the time");
compare("update, column(name)[i]", "columns", "bitecs", "bitecs", "; the bar is equal");
compare("update, columns of vectors", "columnsOfVectors", "vectors", "thi.ng's layout, buffers", "; the bar is equal");
compare("update, columns of vectors", "columnsOfVectors", "vectorViews", "thi.ng's layout, views");
compare("update, column(name)[i]", "columns", "objects", "array of objects", "; the bar is 3 times as fast");
compare("update, rows.at(i)", "rows", "typedArrays", "typed arrays");
compare("update, rows.at(i)", "rows", "objects", "array of objects");
compare("update, in chunks", "chunks", "typedArrays", "typed arrays");
compare("update, in chunks", "chunks", "bitecs", "bitecs");

const keys = ["x", "vx", "y", "vy"] as const;
let turn = 0;
const sorting = interleave(
  {
    columns: () => table.sort(keys[turn++ & 3]),
    order: () => table.order(keys[turn++ & 3]),
    objects: () => {
      const key = keys[turn++ & 3];
      objects.sort((a, b) => a[key] - b[key]);
    },
    index: () => {
      const column = table.column(keys[turn++ & 3]);
      return Uint32Array.from(column, (_, row) => row).sort((a, b) => Number(column[a]) - Number(column[b]));
    },
  },
  { operations: RECORDS, roundMs: 1, rounds: 3, warmupRounds: 1 },
);
report({
  bench: "columns",
  case: "sort all columns by one",
  unit: "ns/record",
  ours: sorting.columns.bestNs,
  peer: sorting.objects.bestNs,
  peerName: "array of objects",
});
report({
  bench: "columns",
  case: "order of one column",
  unit: "ns/record",
  ours: sorting.order.bestNs,
  peer: sorting.index.bestNs,
  peerName: "row numbers, comparator",
});

const grouping = interleave(
  {
    columns: () => table.group("team"),
    objects: () => {
      const groups = new Map<number, ParticleObject[]>();
      for (const object of objects) {
        const group = groups.get(object.team);
        if (group === undefined) groups.set(object.team, [object]);
        else group.push(object);
      }
      return groups;
    },
  },
  { operations: RECORDS, roundMs: 1, rounds: 5, warmupRounds: 2 },
);
report({
  bench: "columns",
  case: "group by a column of 40 values",
  unit: "ns/record",
  ours: grouping.columns.bestNs,
  peer: grouping.objects.bestNs,
  peerName: "array of objects, Map",
});
