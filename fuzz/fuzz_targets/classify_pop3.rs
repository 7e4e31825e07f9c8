#![no_main]
//! Lines → what the classifier of `pop3` raises.

libfuzzer_sys::fuzz_target!(|log: &[u8]| maillogs_fuzz::classify::builtin_protocol("pop3", log));
