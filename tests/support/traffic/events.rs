//! What is to happen, by time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Events by their time in nanoseconds; those of the same time in the order in which they were planned.
pub struct Events<E> {
    heap: BinaryHeap<Reverse<Timed<E>>>,
    planned: u64,
}

impl<E> Events<E> {
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }

    pub fn plan(&mut self, at: u64, event: E) {
        self.planned += 1;
        self.heap.push(Reverse(Timed { at, number: self.planned, event }));
    }

    /// The next one with its time.
    pub fn next(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse(Timed { at, event, .. })| (at, event))
    }
}

struct Timed<E> {
    at: u64,
    number: u64,
    event: E,
}

impl<E> PartialEq for Timed<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl<E> Eq for Timed<E> {}
impl<E> PartialOrd for Timed<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Timed<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
