#![no_main]
//! A packed log → its bytes.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maillogs_fuzz::archives::any(bytes));
