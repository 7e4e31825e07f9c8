//! librrd itself: one thread at a time.
use std::sync::{Mutex, MutexGuard, PoisonError};

/// librrd keeps two processes apart, but not two threads of one: every call holds this.
pub(crate) static LIBRRD: Mutex<()> = Mutex::new(());

pub(crate) fn librrd() -> MutexGuard<'static, ()> {
    // The guarded value is empty: a panic elsewhere leaves nothing half done here.
    LIBRRD.lock().unwrap_or_else(PoisonError::into_inner)
}
