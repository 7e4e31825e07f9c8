//! How a command ends: the exit codes, and what is said with them.
use std::process::ExitCode;
use std::time::Duration;

use crate::say::warn;

/// What was asked for could not be done, or `check` found an error.
pub(super) const FAILED: u8 = 1;
/// The words of the command line are wrong.
pub(super) const USAGE: u8 = 2;
/// A processor could not do its work: "try again later", as qmail(7) and multilog(8) understand it.
const TEMPORARY: u8 = 111;

/// What a processor says of its exit code, if it may be given the same chunk again.
pub(super) const AGAIN: &str = "exit 111: the logger tries again";
/// The same, if the configuration has to be mended first.
pub(super) const KEEPS: &str = "exit 111: the logger keeps the chunk and tries again";

/// Says that nothing is done because of an error in toaster.conf: with a default in place of the value that was
/// meant, the store might be another server's.
pub(super) fn do_nothing() -> ExitCode {
    warn("nothing is done until that is mended");
    ExitCode::from(FAILED)
}

/// As [`do_nothing`], for a processor: its exit code makes the logger keep the chunk.
pub(super) fn keep_the_chunk() -> ExitCode {
    warn(format_args!("nothing is done until that is mended; {KEEPS}"));
    temporary_failure()
}

/// The exit code of a processor that could not do its work. Waits a moment first.
pub(super) fn temporary_failure() -> ExitCode {
    // svlogd starts us again at once.
    std::thread::sleep(Duration::from_secs(1));
    ExitCode::from(TEMPORARY)
}
