#![no_main]
//! A title and a host name → index.html.

libfuzzer_sys::fuzz_target!(|text: &[u8]| maillogs_fuzz::picture::page(text));
