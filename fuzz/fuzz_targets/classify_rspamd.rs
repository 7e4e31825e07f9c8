#![no_main]
//! Lines → what the classifier of `rspamd` raises.

libfuzzer_sys::fuzz_target!(|log: &[u8]| maillogs_fuzz::classify::builtin_protocol("rspamd", log));
