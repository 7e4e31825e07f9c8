#![no_main]
//! A log in any chunks → the whole log.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maillogs_fuzz::chunks::any(bytes));
