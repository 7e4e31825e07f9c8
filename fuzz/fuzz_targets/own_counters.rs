#![no_main]
//! Lines → what the counters and lists of toaster.conf raise.

libfuzzer_sys::fuzz_target!(|log: &[u8]| maillogs_fuzz::own::counters(log));
