//! Where lines come from, and how a chunk of log is known again.
pub mod directory;
pub mod encoding;
pub mod file;
pub mod identity;
pub mod journal;
pub mod lines;
pub mod machine;
mod newlines;
pub mod offset;
pub mod opener;
pub mod parts;
pub mod queue;
pub mod stdin;
