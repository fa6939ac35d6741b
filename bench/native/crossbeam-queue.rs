// Two producers and one or two consumers pass items through crossbeam's bounded queue of 1024: u32 numbers, or messages of 64 bytes.
// Arguments: how many items, how many consumers, bytes of an item (4 or 64). Prints a JSON object.
extern crate crossbeam_queue;
extern crate crossbeam_utils;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::Backoff;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

const PRODUCERS: usize = 2;
const CAPACITY: usize = 1024;

fn pass<T: Send + 'static>(items: usize, consumers: usize, make: fn(u32) -> T, look: fn(&T) -> u32) -> (f64, u32) {
    let queue = Arc::new(ArrayQueue::new(CAPACITY));
    let start = Arc::new(Barrier::new(PRODUCERS + consumers + 1));
    let mut threads = Vec::new();
    for _ in 0..PRODUCERS {
        let (queue, start) = (queue.clone(), start.clone());
        threads.push(thread::spawn(move || {
            start.wait();
            for at in 0..(items / PRODUCERS) as u32 {
                let mut item = make(at);
                let backoff = Backoff::new();
                while let Err(back) = queue.push(item) {
                    item = back;
                    backoff.snooze();
                }
            }
            0u32
        }));
    }
    for _ in 0..consumers {
        let (queue, start) = (queue.clone(), start.clone());
        threads.push(thread::spawn(move || {
            start.wait();
            let mut sum = 0u32;
            for _ in 0..items / consumers {
                let backoff = Backoff::new();
                loop {
                    if let Some(item) = queue.pop() {
                        sum = sum.wrapping_add(look(&item));
                        break;
                    }
                    backoff.snooze();
                }
            }
            sum
        }));
    }
    start.wait();
    let started = Instant::now();
    let mut sum = 0u32;
    for thread in threads { sum = sum.wrapping_add(thread.join().unwrap()); }
    (started.elapsed().as_nanos() as f64 / items as f64, sum)
}

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|argument| argument.parse().unwrap()).collect();
    let (items, consumers, bytes) = (arguments[0], arguments[1], arguments[2]);
    let (ns, sum) = if bytes == 64 {
        pass(items, consumers, |at| [at; 16], |item| item[0])
    } else {
        pass(items, consumers, |at| at, |item| *item)
    };
    println!("{{\"nsPerItem\":{},\"sum\":{}}}", ns, sum);
}
