//! SMTP and LMTP as they are spoken by hand: a client that is told every reply, and a server that does with each recipient
//! what his address asks for. What the two saw is what logs are held to.

mod client;
mod sink;

pub use client::{Client, Reply};
pub use sink::{Sink, Transaction};

use std::process::Command;

use super::pipe_through;

/// `bytes` by base64(1).
pub fn base64(bytes: &str) -> String {
    let out = pipe_through(Command::new("base64").arg("-w0"), bytes.as_bytes());
    String::from_utf8(out).expect("base64")
}

fn from_base64(text: &str) -> Vec<u8> {
    pipe_through(Command::new("base64").arg("-d"), text.as_bytes())
}
