#![no_main]
//! What journalctl writes → entries.

libfuzzer_sys::fuzz_target!(|stream: &[u8]| maillogs_fuzz::journal::any(stream));
