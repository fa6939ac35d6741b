import { bool, f32, struct, u16, u32 } from "../../src/index.ts";

const FIELDS = { x: f32, y: f32, vx: f32, vy: f32, id: u32, team: u16, alive: bool } as const;
export type ParticleFields = typeof FIELDS;
export const Particle = struct("Particle", FIELDS);

/** The same as an object. */
export interface ParticleObject {
  x: number;
  y: number;
  vx: number;
  vy: number;
  id: number;
  team: number;
  alive: boolean;
}

/** Particle `id`, the same in every run. */
export function particle(id: number): ParticleObject {
  const turn = Math.imul(id, 0x9e37_79b1) >>> 0;
  return {
    x: (turn % 1009) + 0.25,
    y: (turn % 997) + 0.5,
    vx: ((turn >>> 7) % 101) - 50.5,
    vy: ((turn >>> 9) % 103) - 51.5,
    id,
    team: turn % 40,
    alive: true,
  };
}
