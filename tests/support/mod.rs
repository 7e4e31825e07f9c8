//! What the scenarios are built from.
//!
//! Nothing here shares code with the program: counts, dates and sums come from a second, plainer
//! implementation or from the programs that postmasters use (awk, tai64nlocal, rrdtool).

pub mod axis;
pub mod browser;
pub mod clock;
pub mod conversation;
pub mod count;
pub mod databases;
pub mod disks;
pub mod dovecot;
pub mod faults;
pub mod firefox;
pub mod haraka;
pub mod multilog;
pub mod munin;
pub mod postfix;
pub mod preload;
pub mod process;
pub mod recorded;
pub mod rrd;
pub mod rrdcached;
pub mod rspamd;
pub mod smtp;
pub mod snmpd;
pub mod store;
pub mod syslogds;
pub mod traffic;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Two hours after a midnight UTC, three after one in Berlin: spans that end here have lines of two
/// days, and the lines of an hour lie in other days here and there.
pub const END: i64 = 1_700_002_800 + 3 * 3_600;

/// A log of `days` up to [`END`] at `rate` times the ordinary load.
pub fn traffic(seed: u64, days: f64, rate: f64) -> Vec<u8> {
    traffic_until(END, seed, days, rate)
}

/// As [`traffic`], with another end.
pub fn traffic_until(end: i64, seed: u64, days: f64, rate: f64) -> Vec<u8> {
    let mut log = Vec::new();
    traffic::Traffic { seed, end, days, rate, utc_offset: 0, labels: true }
        .write(&mut log)
        .expect("writing to memory");
    log
}

/// The lines of `log`, each with its newline.
pub fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.split_inclusive(|&byte| byte == b'\n')
}

/// Waits until `ready`, looking every few milliseconds; panics after two minutes, which is longer than a busy machine stands still.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !ready() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs `command` on `input`; gives its stdout and panics if it fails.
pub fn pipe_through(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("the child reads all"));
        let output = child.wait_with_output().expect("waiting for the child");
        assert!(output.status.success(), "{command:?}: {}", output.status);
        output.stdout
    })
}

/// Whether the large sizes are wanted: `MAILLOGS_TORTURE=full`.
pub fn full_size() -> bool {
    std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full")
}

/// A line as multilog labels it: `n`, below 10⁹, are its nanoseconds.
pub fn labelled(secs: u64, n: u64, text: &str) -> String {
    format!("@{:016x}{n:08x} {text}\n", (1 << 62) + 10 + secs)
}
