//! How answers are printed: pure functions from values to bytes; the caller writes them.
pub mod text;
