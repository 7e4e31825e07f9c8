//! The integration tests: one binary, one drawer a subject.

mod e2e;
mod support;
mod torture;
