//! Death at a chosen operation of the store, for tests.
use std::cell::RefCell;
use std::io;

thread_local! {
    static LEFT: RefCell<Option<u64>> = const { RefCell::new(None) };
    static TRACE: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// The next `survivors` operations succeed; every later one of this thread fails, as the
/// process would be dead.
pub fn arm(survivors: u64) {
    LEFT.set(Some(survivors));
    TRACE.take();
}

/// Back to life. Did the process die, and what was it about to do?
pub fn disarm() -> Option<&'static str> {
    let died = LEFT.take() == Some(0) && TRACE.with_borrow(|t| t.last() == Some(&"died"));
    let trace = TRACE.take();
    if died { trace.get(trace.len() - 2).copied() } else { None }
}

pub(super) fn gate(step: &'static str) -> io::Result<()> {
    let left = LEFT.with_borrow(|l| *l);
    match left {
        None => Ok(()),
        Some(0) => {
            TRACE.with_borrow_mut(|t| {
                if t.last() != Some(&"died") {
                    t.push(step);
                    t.push("died");
                }
            });
            Err(io::Error::other(format!("killed before: {step}")))
        }
        Some(n) => {
            LEFT.set(Some(n - 1));
            Ok(())
        }
    }
}
