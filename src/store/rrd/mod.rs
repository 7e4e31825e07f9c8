//! The only user of librrd.

pub(crate) mod graph_v;

/// Held around every call into librrd: its file lock does not keep two threads of one process
/// apart, and before 1.8 it is not safe to draw in several threads.
pub(crate) static LIBRRD: std::sync::Mutex<()> = std::sync::Mutex::new(());
