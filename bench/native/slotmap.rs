// The loops of bench/pool.ts with Rust's slotmap: prints nanoseconds for a remove with an insert, and for a get.
extern crate slotmap;
use slotmap::{DefaultKey, SlotMap};
use std::hint::black_box;
use std::time::Instant;

#[derive(Clone, Copy, Default)]
struct Particle { x: f32, y: f32, vx: f32, vy: f32, hp: u32, team: u8 }

const HELD: usize = 1000;

fn main() {
    let mut order: Vec<usize> = (0..HELD).collect();
    let mut seed: u32 = 12345;
    for place in (1..HELD).rev() {
        seed = seed.wrapping_mul(1103515245).wrapping_add(12345);
        order.swap(place, (seed as usize) % (place + 1));
    }
    let mut map: SlotMap<DefaultKey, Particle> = SlotMap::new();
    let mut keys: Vec<DefaultKey> = (0..HELD).map(|_| map.insert(Particle::default())).collect();
    let (mut pair, mut get) = (f64::MAX, f64::MAX);
    for _ in 0..400 {
        let started = Instant::now();
        for _ in 0..20 {
            for &place in &order {
                map.remove(keys[place]);
                keys[place] = map.insert(black_box(Particle::default()));
            }
        }
        pair = pair.min(started.elapsed().as_nanos() as f64 / (20 * HELD) as f64);
        let started = Instant::now();
        for _ in 0..20 {
            let mut sum: u32 = 0;
            for &place in &order { sum = sum.wrapping_add(map[keys[place]].hp); }
            black_box(sum);
        }
        get = get.min(started.elapsed().as_nanos() as f64 / (20 * HELD) as f64);
    }
    let p = map[keys[0]];
    black_box((p.x, p.y, p.vx, p.vy, p.team));
    println!("{} {}", pair, get);
}
