import type { Bound, Cursor, ViewOf } from "../../src/index.ts";
import { BASE, COUNT, MEMORY, PARTICLE_WORDS, PARTICLES, type Particle } from "./records.ts";

/*
 * The loops that are compared. Each is used for one case only: a function that serves two cases has the type feedback of both.
 */

type ParticleView = ViewOf<typeof Particle>;
const WORDS = PARTICLE_WORDS;
/** Constants of this module: what is imported is looked up in each round of a loop. */
const rows = PARTICLES;
const { f32 } = MEMORY;
const FIRST_WORD = BASE / 4;
const constantCount = COUNT;

export function sumByRows(rows: Cursor<ParticleView>): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.at(i).x;
  return sum;
}

export function sumBySeeking(rows: Cursor<ParticleView>): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.seek(i).x;
  return sum;
}

export function sumByWords(floats: Float32Array, word: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += floats[word + i * WORDS];
  return sum;
}

export function sumByConstantRows(): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.at(i).x;
  return sum;
}

export function sumByConstantWords(): number {
  let sum = 0;
  for (let i = 0; i < constantCount; i++) sum += f32[FIRST_WORD + i * WORDS];
  return sum;
}

export function sumByViews(particles: Bound<ParticleView>, ptr: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += particles.at(ptr + i * 40).x;
  return sum;
}

export function sumByKeptViews(views: readonly ParticleView[]): number {
  let sum = 0;
  for (let i = 0; i < views.length; i++) sum += views[i].x;
  return sum;
}

export function sumByObjects(objects: readonly { x: number }[]): number {
  let sum = 0;
  for (let i = 0; i < objects.length; i++) sum += objects[i].x;
  return sum;
}

export function moveByRows(rows: Cursor<ParticleView>): void {
  for (let i = 0; i < rows.length; i++) {
    const p = rows.at(i);
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveBySeeking(rows: Cursor<ParticleView>): void {
  for (let i = 0; i < rows.length; i++) {
    const p = rows.seek(i);
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveByWords(floats: Float32Array, word: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const p = word + i * WORDS;
    floats[p] += floats[p + 2] * 0.01;
    floats[p + 1] += floats[p + 3] * 0.01;
  }
}

export function moveByConstantRows(): void {
  for (let i = 0; i < rows.length; i++) {
    const p = rows.at(i);
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveByConstantWords(): void {
  for (let i = 0; i < constantCount; i++) {
    const p = FIRST_WORD + i * WORDS;
    f32[p] += f32[p + 2] * 0.01;
    f32[p + 1] += f32[p + 3] * 0.01;
  }
}

export function moveByViews(particles: Bound<ParticleView>, ptr: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const p = particles.at(ptr + i * 40);
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveNested(rows: Cursor<{ pos: { x: number; y: number }; velocity: { x: number; y: number } }>): void {
  for (let i = 0; i < rows.length; i++) {
    const p = rows.at(i);
    p.pos.x += p.velocity.x * 0.01;
    p.pos.y += p.velocity.y * 0.01;
  }
}

/** For five types: as it is, and as a kernel. */
export function sumOfAny(rows: Cursor<{ readonly x: number }>): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.at(i).x;
  return sum;
}

export function sumOfColumn(column: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i];
  return sum;
}

export function sumOfPlainColumn(column: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i];
  return sum;
}

export function scaleColumn(column: Float64Array): void {
  for (let i = 0; i < column.length; i++) column[i] = column[i] * 0.5 + 1;
}

export function scalePlainColumn(column: Float64Array): void {
  for (let i = 0; i < column.length; i++) column[i] = column[i] * 0.5 + 1;
}
