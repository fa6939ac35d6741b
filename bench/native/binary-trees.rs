// The binary-trees benchmark with nodes in bumpalo arenas: one arena a tree, as ours. Argument: depth. Prints a JSON object.
use bumpalo::Bump;
use std::time::Instant;

struct Tree<'a> {
    left: Option<&'a Tree<'a>>,
    right: Option<&'a Tree<'a>>,
}

fn make<'a>(arena: &'a Bump, depth: u32) -> &'a Tree<'a> {
    if depth == 0 {
        return arena.alloc(Tree { left: None, right: None });
    }
    let left = make(arena, depth - 1);
    let right = make(arena, depth - 1);
    arena.alloc(Tree { left: Some(left), right: Some(right) })
}

fn count(tree: &Tree) -> u64 {
    match (tree.left, tree.right) {
        (Some(left), Some(right)) => 1 + count(left) + count(right),
        _ => 1,
    }
}

fn main() {
    let depth: u32 = std::env::args().nth(1).and_then(|given| given.parse().ok()).expect("a depth");
    let started = Instant::now();
    let mut arena = Bump::new();
    let mut nodes = count(make(&arena, depth + 1));
    arena.reset();
    let lasting_arena = Bump::new();
    let lasting = make(&lasting_arena, depth);
    for at in (4..=depth).step_by(2) {
        for _ in 0..1u64 << (depth - at + 4) {
            nodes += count(make(&arena, at));
            arena.reset();
        }
    }
    nodes += count(lasting);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0);
    println!("{{\"seconds\":{:.4},\"nodes\":{},\"peakBytes\":{}}}", started.elapsed().as_secs_f64(), nodes, peak * 1024);
}
