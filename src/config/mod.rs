//! toaster.conf → [`Config`].
//!
//! Reading never fails: a key that cannot be read keeps its default and becomes a [`Problem`]. Who reads decides what
//! a problem means. `maillogs config` and `check` go on and report all of them. Everything else does nothing when
//! there is an error: with a default in the place of what was meant, lines would be counted into another store. A
//! logger's processor then exits 111, so that the logger keeps the chunk and tries again; only what changes nothing
//! but how something looks does not stop it ([`Problem::stops_a_roll`]).
//!
//! `find` finds and reads files, `document` takes their text apart (TOML, or the original's unquoted form; `twice` finds
//! the first of two equal keys), `keys`
//! is the table of all keys, `values` reads what they say, `tables` reads the tables (`[[rbl]]`, `[[counter]]`,
//! `[protocol.NAME]`, `like` what that names as its model, `[[alarm]]`, `alarm` its thresholds), `print` shows what is in force. To add a key: a field in `fields`, its default in `defaults`, a
//! row in `keys`, its text in toaster.conf; a test says which of them is missing.

mod alarm;
mod custom;
mod defaults;
mod document;
mod fields;
mod find;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod like;
pub mod print;
mod problem;
mod read;
mod rrd_daemon;
mod tables;
#[cfg(test)]
mod tests;
mod twice;
mod values;

pub use custom::{Alarm, CustomList, CustomProtocol, CustomSource};
pub use defaults::USUAL_SYSLOGS;
pub use fields::{Config, LogMethod, Loopback};
pub use problem::{Location, Problem, ProblemKind, Severity};
pub use read::SHIPPED;
pub use rrd_daemon::RrdDaemon;
