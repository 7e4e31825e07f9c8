#![no_main]
//! toaster.conf of both forms → what is in force, and back.

libfuzzer_sys::fuzz_target!(|text: &[u8]| maillogs_fuzz::config::any(text));
