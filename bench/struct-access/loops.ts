import type { Bound, Cursor, ViewOf } from "../../src/index.ts";
import type { Particle } from "./records.ts";

/*
 * The loops that are compared. They use nothing of their surroundings, because they are run as copies made from their source text.
 */

type ParticleView = ViewOf<typeof Particle>;
type Moving = { readonly pos: { x: number; y: number }; readonly velocity: { x: number; y: number } };

export function sumByRows(rows: Cursor<{ readonly x: number }>): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.at(i).x;
  return sum;
}

export function sumBySeeking(rows: Cursor<ParticleView>): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += rows.seek(i).x;
  return sum;
}

export function sumByViews(particles: Bound<ParticleView>, ptr: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += particles.at(ptr + i * 40).x;
  return sum;
}

export function sumByWords(floats: Float32Array, word: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += floats[word + i * 10];
  return sum;
}

export function sumOfArray(objects: readonly { readonly x: number }[]): number {
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

export function moveByViews(particles: Bound<ParticleView>, ptr: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const p = particles.at(ptr + i * 40);
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveNested(rows: Cursor<Moving>): void {
  for (let i = 0; i < rows.length; i++) {
    const p = rows.at(i);
    p.pos.x += p.velocity.x * 0.01;
    p.pos.y += p.velocity.y * 0.01;
  }
}

export function moveArray(objects: readonly ParticleView[]): void {
  for (let i = 0; i < objects.length; i++) {
    const p = objects[i];
    p.x += p.vx * 0.01;
    p.y += p.vy * 0.01;
  }
}

export function moveByWords(floats: Float32Array, word: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const p = word + i * 10;
    floats[p] += floats[p + 2] * 0.01;
    floats[p + 1] += floats[p + 3] * 0.01;
  }
}

export function sumOfColumn(column: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i];
  return sum;
}

export function scaleColumn(column: Float64Array): void {
  for (let i = 0; i < column.length; i++) column[i] = column[i] * 0.5 + 1;
}
