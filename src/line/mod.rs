//! Stamps: what stands before the text of a log line, and what instant it means.
//!
//! A [`Parser`] takes one line and says when it was written, by which program on which host, and where its text
//! begins. The families of stamps, one file each:
//!
//! | file | stamps |
//! |---|---|
//! | `tai64n` | TAI64N labels: multilog(8), svlogd(8) `-t`, s6-log `t` |
//! | `civil` | date and time without a header: svlogd `-tt`/`-ttt`, s6-log `T`, tai64nlocal(8); local time |
//! | `unix` | seconds with a fraction: splogger(8), tai64nfrac, accustamp |
//! | `syslog` | RFC 3164, 3339, 5424, `<PRI>`; `header` has what follows it: host and tag |
//! | `bracket` | roundcube's own files: `[28-Sep-2026 22:40:23 +0000]: ` |
//! | `ctime` | `Sat Nov 28 17:36:25 2026 `: OpenWrt's logread, spamd's own file |
//! | `rspamd` | `2026-11-28 18:00:04 ` before `#PID(WORKER)` or `[SEVERITY]`; `{"ts": SECONDS.FRACTION, …`: rspamd's own file |
//!
//! Before all of them a container's runtime may have put something of its own: `container`, and `parts`, which joins a
//! line that it took in piece by piece.
//!
//! Two files are for speed alone: `run`, many lines at once, and `window`, which knows labels that begin alike.
//!
//! Where clocks are set back, a local time without an offset has two instants: `passes` says which one is meant.
//!
//! To add one: write a function from a line to a stamp and a length, and call it in [`Parser::parse`] under the
//! first byte it begins with. This module knows no files, no clock but the zone of this machine, and no protocols.

mod bracket;
mod civil;
mod container;
mod ctime;
mod fields;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod parser;
mod parts;
mod passes;
mod rspamd;
mod run;
mod same_header;
mod stamp;
mod syslog;
mod tai64n;
mod unix;
mod window;

pub use civil::untai;
pub use fields::{LINE_LIMIT, Line, without_marks};
pub use parser::{Parser, label_len, second_stamp};
pub use parts::{Parts, part_of};
pub use run::Run;
pub use same_header::{HEADER_LOOK, Program, SameHeader, Tag};
pub use stamp::Stamp;
pub use tai64n::tai64n;
pub use window::{TEXT, Window};

#[cfg(test)]
mod tests;
