#![no_main]
//! A file in the place of an RRD → sound or broken.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| maillogs_fuzz::rrd::any(bytes));
