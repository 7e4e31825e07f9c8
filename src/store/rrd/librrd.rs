//! librrd itself: one thread at a time, its times and its errors.
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::error::Error;

/// librrd keeps two processes apart, but not two threads of one: every call holds this.
pub(crate) static LIBRRD: Mutex<()> = Mutex::new(());

pub(crate) fn librrd() -> MutexGuard<'static, ()> {
    LIBRRD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `secs` (unix), as librrd is told.
pub(super) fn time(secs: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap_or(0))
}

/// librrd would not do it, in its own words.
pub(super) fn refused(path: &Path, error: impl std::fmt::Display) -> Error {
    let text = error.to_string();
    let text = text.strip_prefix("librrd: ").unwrap_or(&text).trim_matches('"').to_owned();
    // librrd says nothing at all when the disk is full at create.
    let text = if text.is_empty() { "no reason given (is the disk full?)".to_owned() } else { text };
    Error::Rrd { path: path.to_owned(), text }
}
