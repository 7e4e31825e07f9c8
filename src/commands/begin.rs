//! What a process inherits from whoever started it, and must not depend on.
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};

/// Files have the modes that they are made with, whatever the logger, cron or the shell has set.
///
/// Under a umask of 077 a web server could not read the pictures, and under 000 a program that is started
/// by us could make files that anybody may write to.
pub(super) fn make_files_as_told() {
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
}

/// A write to a file that may not grow any further (`RLIMIT_FSIZE`, `ulimit -f`) fails with an error, as on a full
/// disk, and does not end the process silently: SIGXFSZ is blocked.
///
/// SIGXCPU keeps its meaning, as SIGTERM does: whoever limits the time of a process wants it to end, and it may end
/// anywhere. SIGPIPE is ignored by Rust's runtime.
pub(super) fn let_large_writes_fail() {
    let mut held_back = SigSet::empty();
    held_back.add(Signal::SIGXFSZ);
    // It fails only for a wrong argument.
    let _ = held_back.thread_block();
}

/// After a long time of broken rolls there are many chunks to hold open.
pub(super) fn allow_many_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}
