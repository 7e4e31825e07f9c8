//! How long a process waits for the locks that others hold on RRDs.
//!
//! A writer holds librrd's lock for milliseconds. But whoever may read the file can hold a lock on it for as long as he
//! likes: that must not stop a logger, which waits for its processor. So a process has one sum of time for all of its
//! waiting, however many RRDs and commits there are.
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a process that nobody waits for (cron's) may spend.
const LONG: Duration = Duration::from_secs(2);
/// What one may spend that a logger or a poller waits for.
pub const SHORT: Duration = Duration::from_millis(75);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What is left of the time.
static LEFT: Mutex<Duration> = Mutex::new(LONG);

/// From now on this process waits no longer than `most` in all.
pub fn wait_at_most(most: Duration) {
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = most;
}

/// The pauses between attempts at one thing.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(Duration::from_millis(5))
    }

    /// Waits a little, longer each time. `false`: the process has waited enough.
    pub(crate) fn wait(&mut self) -> bool {
        let pause = {
            let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
            let pause = self.0.min(*left);
            *left -= pause;
            pause
        };
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        std::thread::sleep(pause);
        !pause.is_zero()
    }
}
