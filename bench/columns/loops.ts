import type { ChunkedColumns, Columns } from "../../src/index.ts";
import type { ParticleFields, ParticleObject } from "./records.ts";

/*
 * The same update everywhere: two fields of each record move by two others. Each function serves one case only, because one that serves two
 * has the type feedback of both.
 */

const DT = 0.016;

export function moveTypedArrays(x: Float32Array, y: Float32Array, vx: Float32Array, vy: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    x[i] += vx[i] * DT;
    y[i] += vy[i] * DT;
  }
}

export function moveColumns(x: Float32Array, y: Float32Array, vx: Float32Array, vy: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    x[i] += vx[i] * DT;
    y[i] += vy[i] * DT;
  }
}

/** A column as what it is: an array of 32-bit floats. */
export function floats(column: ArrayLike<number>): Float32Array {
  if (column instanceof Float32Array) return column;
  throw new Error("no column of 32-bit floats");
}

export function moveChunks(table: ChunkedColumns<ParticleFields>): void {
  for (const chunk of table.chunks()) {
    moveChunk(floats(chunk.column("x")), floats(chunk.column("y")), floats(chunk.column("vx")), floats(chunk.column("vy")));
  }
}

function moveChunk(x: Float32Array, y: Float32Array, vx: Float32Array, vy: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    x[i] += vx[i] * DT;
    y[i] += vy[i] * DT;
  }
}

export function moveRows(table: Columns<ParticleFields>): void {
  const { rows } = table;
  for (let i = 0, { size } = table; i < size; i++) {
    const row = rows.at(i);
    row.x += row.vx * DT;
    row.y += row.vy * DT;
  }
}

export function moveObjects(objects: readonly ParticleObject[]): void {
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i];
    object.x += object.vx * DT;
    object.y += object.vy * DT;
  }
}

/** The way of bitecs: entities that a query found, and arrays that are indexed by them. */
export function moveEntities(
  entities: ArrayLike<number>,
  position: { readonly x: Float32Array; readonly y: Float32Array },
  velocity: { readonly x: Float32Array; readonly y: Float32Array },
): void {
  for (let i = 0; i < entities.length; i++) {
    const entity = entities[i];
    position.x[entity] += velocity.x[entity] * DT;
    position.y[entity] += velocity.y[entity] * DT;
  }
}

/** The way of a loop over the buffers of thi.ng's structures of arrays: an attribute is a vector a record, of `size` components. */
export function moveVectors(position: Float32Array, velocity: Float32Array): void {
  for (let i = 0; i < position.length; i += 2) {
    position[i] += velocity[i] * DT;
    position[i + 1] += velocity[i + 1] * DT;
  }
}

export function moveVectorColumns(position: Float32Array, velocity: Float32Array): void {
  for (let i = 0; i < position.length; i += 2) {
    position[i] += velocity[i] * DT;
    position[i + 1] += velocity[i + 1] * DT;
  }
}

/** The same through a view of each vector, as its accessors give. */
export function moveVectorViews(position: Float32Array, velocity: Float32Array): void {
  for (let i = 0; i < position.length; i += 2) {
    const [at, by] = [position.subarray(i, i + 2), velocity.subarray(i, i + 2)];
    at[0] += by[0] * DT;
    at[1] += by[1] * DT;
  }
}
