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

/// What is left of a process's time.
#[derive(Debug)]
struct Left(Mutex<Duration>);

impl Left {
    /// Takes up to `pause` of it.
    fn take(&self, pause: Duration) -> Duration {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pause.min(*left);
        *left -= pause;
        pause
    }
}

static LEFT: Left = Left(Mutex::new(LONG));

/// From now on this process waits no longer than `most` in all.
pub fn wait_at_most(most: Duration) {
    *LEFT.0.lock().unwrap_or_else(PoisonError::into_inner) = most;
}

/// The pauses between attempts at one thing.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    left: &'static Left,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self::of(&LEFT)
    }

    fn of(left: &'static Left) -> Self {
        Self { next: Duration::from_millis(5), left }
    }

    /// Waits a little, longer each time. `false`: the process has waited enough.
    pub(crate) fn wait(&mut self) -> bool {
        let pause = self.left.take(self.next);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        std::thread::sleep(pause);
        !pause.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_waits_no_longer_in_all_however_often_it_tries() {
        static LEFT: Left = Left(Mutex::new(SHORT));
        let mut waited = Duration::ZERO;
        for _ in 0..20 {
            let mut pauses = Pauses::of(&LEFT);
            loop {
                let before = *LEFT.0.lock().unwrap();
                if !pauses.wait() {
                    break;
                }
                waited += before - *LEFT.0.lock().unwrap();
            }
        }
        assert_eq!(waited, SHORT);
        assert!(SHORT < Duration::from_millis(100), "a logger waits no longer");
    }
}
