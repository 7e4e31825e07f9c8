#![no_main]
//! State, journal and intent: bytes → record, and back.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maillogs_fuzz::records::any(bytes));
