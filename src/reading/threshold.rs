//! Thresholds: `PART.COUNTER > NUMBER`, as administrators write them for alarms, and whether they are crossed.
//!
//! A text becomes a [`Threshold`], which knows no protocol; [`Threshold::find`] finds the counter that it means among those of a
//! part; [`Threshold::judge`] compares. All of it is exact: numbers are whole ones, in units of 10⁻⁹.
//!
//! | file | purpose |
//! |---|---|
//! | `form` | what a threshold is made of |
//! | `text` | how it is written |
//! | `find` | which counter it means |
//! | `judge` | whether it is crossed |
mod find;
mod form;
mod judge;
mod text;

pub use find::Target;
pub use form::{Of, Than, Threshold};
pub use judge::{Judged, Level, Unsure, Verdict, decimal};

#[cfg(test)]
mod tests;
