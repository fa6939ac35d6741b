// The tokens of bench/intern.ts in Rust's standard HashMap (hashbrown) with FxHash: `intern PATH DELIMITERS`. Prints JSON as intern.cpp does.
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

/// The hash of rustc, after Firefox.
#[derive(Default)]
struct Fx(u64);

impl Fx {
    fn add(&mut self, word: u64) { self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95); }
}

impl Hasher for Fx {
    fn write(&mut self, mut bytes: &[u8]) {
        while bytes.len() >= 8 { self.add(u64::from_le_bytes(bytes[..8].try_into().unwrap())); bytes = &bytes[8..]; }
        if bytes.len() >= 4 { self.add(u32::from_le_bytes(bytes[..4].try_into().unwrap()) as u64); bytes = &bytes[4..]; }
        for &byte in bytes { self.add(byte as u64); }
    }
    fn write_usize(&mut self, number: usize) { self.add(number as u64); }
    fn finish(&self) -> u64 { self.0 }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text = std::fs::read(&arguments[1]).unwrap();
    let mut ends = [false; 256];
    for byte in arguments[2].bytes() { ends[byte as usize] = true; }
    let (mut best, mut tokens, mut digest, mut distinct) = (f64::MAX, 0u64, 0i32, 0usize);
    for _ in 0..3 {
        let mut map: HashMap<&[u8], u32, BuildHasherDefault<Fx>> = HashMap::default();
        tokens = 0;
        digest = 0;
        let started = Instant::now();
        let mut start = 0;
        for at in 0..=text.len() {
            if at < text.len() && !ends[text[at] as usize] { continue; }
            if at > start {
                let next = map.len() as u32 + 1;
                let id = *map.entry(&text[start..at]).or_insert(next);
                tokens += 1;
                digest = digest.wrapping_mul(31).wrapping_add(id as i32);
            }
            start = at + 1;
        }
        best = best.min(started.elapsed().as_nanos() as f64);
        distinct = map.len();
    }
    println!("{{\"nsPerToken\":{},\"tokens\":{},\"distinct\":{},\"digest\":{}}}", best / tokens as f64, tokens, distinct, digest);
}
