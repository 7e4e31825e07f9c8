#![no_main]
//! Lines → their stamps, and stamps of every form → lines.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maillogs_fuzz::stamps::any(bytes));
