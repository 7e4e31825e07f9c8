#![no_main]
//! A counter file → counters, and back.

libfuzzer_sys::fuzz_target!(|text: &[u8]| maillogs_fuzz::counter_file::any(text));
