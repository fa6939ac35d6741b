import { array, bool, enumOf, f32, f64, i16, i32, privateMemory, struct, u8, u16, u32 } from "../../src/index.ts";

export const COUNT = 2000;

const Vec = struct("Vec", { x: f32, y: f32 });

/** 40 bytes: the four floats come first, so a record's floats are at words 0 to 3 of its ten. */
export const Particle = struct("Particle", {
  x: f32,
  y: f32,
  vx: f32,
  vy: f32,
  id: u32,
  hp: u16,
  team: u8,
  alive: bool,
  path: array(f32, 4),
});

/** The same floats in structs of their own. */
export const Nested = struct("Nested", { pos: Vec, velocity: Vec, id: u32, rest: array(f32, 5) });

/** Five layouts with a number `x` that is a f32 in each, but never at the same place. */
export const FIVE = [
  struct("Ship", { x: f32, y: f32, hull: i32, crew: array(u32, 7) }),
  struct("Rock", { mass: f64, x: f32, spin: f32, dents: array(i16, 12) }),
  struct("Shot", { owner: u32, colour: enumOf("red", "green"), x: f32, trail: array(f32, 7) }),
  struct("Star", { id: u32, name: array(u8, 8), magnitude: f32, x: f32, colours: array(f32, 5) }),
  struct("Wave", { from: f64, to: f64, phase: f32, x: f32, rest: array(f32, 4) }),
];

export const MEMORY = privateMemory((FIVE.length + 3) * COUNT * Particle.byteSize);
// Not whole numbers: V8 would add such as integers, and be busy with checking that they are.
for (let word = 0; word < MEMORY.f32.length; word++) MEMORY.f32[word] = (word % 7) + 0.25;

const place = (index: number) => index * COUNT * Particle.byteSize;
export const BASE = place(1);
export const PARTICLES = Particle.cursor(MEMORY, BASE, COUNT);
export const NESTED = Nested.cursor(MEMORY, BASE, COUNT);
export const FIVE_CURSORS = FIVE.map((type, index) => type.cursor(MEMORY, place(index + 2), COUNT));
/** Where in the typed array of floats the first `x` of each of the five lies. */
export const FIVE_WORDS = FIVE.map((type, index) => (place(index + 2) + type.fields.x.byteOffset) / 4);
