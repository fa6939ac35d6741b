// The loops of bench/hash-table.ts and bench/hash-table-strings.ts with Rust's HashMap, which is hashbrown: prints ns an operation as JSON.
// `numbers COUNT`: u32 keys, the standard hasher and a multiplicative one. `strings COUNT`: keys of text, the standard hasher.
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::time::Instant;

#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte as u32);
        }
    }
    fn write_u32(&mut self, word: u32) {
        self.0 = (self.0.rotate_left(5) ^ word as u64).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

fn scattered(index: u32) -> u32 {
    let mut word = (index ^ (index >> 16)).wrapping_mul(0x85eb_ca6b);
    word = (word ^ (word >> 13)).wrapping_mul(0xc2b2_ae35);
    (word ^ (word >> 16)) & 0x7fff_ffff
}

fn order(count: u32) -> Vec<u32> {
    let mut state: u64 = 88172645463325252;
    (0..500_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % count as u64) as u32
        })
        .collect()
}

fn ns(started: Instant, operations: usize) -> f64 {
    started.elapsed().as_nanos() as f64 / operations as f64
}

fn numbers<S: BuildHasher + Default>(count: u32) -> String {
    let order = order(count);
    let (mut insert, mut hit, mut sum) = (f64::MAX, f64::MAX, 0u64);
    for _ in 0..if count > 10_000_000 { 1 } else { 3 } {
        let mut map: HashMap<u32, u32, S> = HashMap::default();
        let started = Instant::now();
        for index in 0..count {
            map.insert(scattered(index), index);
        }
        insert = insert.min(ns(started, count as usize));
        let started = Instant::now();
        for &index in &order {
            sum += map[&scattered(index)] as u64;
        }
        hit = hit.min(ns(started, order.len()));
    }
    format!("{{\"insert\":{insert:.2},\"hit\":{hit:.2},\"sum\":{sum}}}")
}

fn strings(count: u32) -> String {
    let names: Vec<String> = (0..count).map(|index| format!("package-{:x}-{index}", index.wrapping_mul(0x9e37_79b1))).collect();
    let order = order(count);
    let (mut insert, mut hit, mut sum) = (f64::MAX, f64::MAX, 0u64);
    for _ in 0..3 {
        let mut map: HashMap<String, u32> = HashMap::new();
        let started = Instant::now();
        for (index, name) in names.iter().enumerate() {
            map.insert(name.clone(), index as u32);
        }
        insert = insert.min(ns(started, count as usize));
        let started = Instant::now();
        for &index in &order {
            sum += map[&names[index as usize]] as u64;
        }
        hit = hit.min(ns(started, order.len()));
    }
    format!("{{\"insert\":{insert:.2},\"hit\":{hit:.2},\"sum\":{sum}}}")
}

fn main() {
    let given: Vec<String> = std::env::args().collect();
    let count: u32 = given[2].parse().unwrap();
    if given[1] == "strings" {
        println!("{{\"sip\":{}}}", strings(count));
    } else {
        println!("{{\"sip\":{},\"multiply\":{}}}", numbers::<std::collections::hash_map::RandomState>(count), numbers::<BuildHasherDefault<Multiply>>(count));
    }
}
