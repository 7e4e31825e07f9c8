//! A few at a time.

use std::sync::{Condvar, Mutex};

#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// Dropped, it is the next one's turn.
#[derive(Debug)]
pub struct Turn<'a>(&'a Turns);

impl Turns {
    pub fn new(at_once: usize) -> Self {
        Turns { free: Mutex::new(at_once), freed: Condvar::new() }
    }

    pub fn take(&self) -> Turn<'_> {
        let free = self.free.lock().expect("nobody panics with it");
        *self.freed.wait_while(free, |free| *free == 0).expect("nobody panics with it") -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().expect("nobody panics with it") += 1;
        self.0.freed.notify_one();
    }
}
