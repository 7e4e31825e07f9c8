#![no_main]
//! A template of graphs → the arguments for librrd.

libfuzzer_sys::fuzz_target!(|text: &[u8]| maillogs_fuzz::picture::arguments(text));
