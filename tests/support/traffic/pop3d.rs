//! The log of the POP3 server on port 110: tcpserver's. Who logged in, vchkpw tells syslog.

use std::io::{self, Write};

use super::Traffic;
use super::pen::{Pen, Stamp};
use super::rng::Rng;
use super::tcpserver::{Listener, Session};
use super::visits::{Login, Visit};

const LIMIT: usize = 30;

pub fn write(traffic: &Traffic, out: &mut dyn Write) -> io::Result<u64> {
    let pen = Pen::new(traffic, Stamp::Label, out);
    let listener = Listener::new(traffic, 110, LIMIT, pen);
    let mut rng = Rng(traffic.seed ^ 0x110);
    listener.run(traffic, &mut |minute| {
        let plain = traffic.pop3_logins(minute).into_iter().filter(|visit| !visit.what.tls);
        let mut sessions: Vec<Session> = plain.map(|visit| session(&mut rng, visit)).collect();
        let mut strangers = Vec::new();
        traffic.draw(minute, 26, 0.25, &mut strangers, &mut |rng| {
            (format!("203.0.113.{}", rng.range(10, 250)), ())
        });
        sessions.extend(strangers.into_iter().map(|Visit { at, ip, .. }| Session {
            at,
            ip,
            host: String::new(),
            denied: true,
            lines: vec![],
            seconds: 0.01,
            status: 25_600,
        }));
        sessions
    })
}

fn session(rng: &mut Rng, Visit { at, ip, what }: Visit<Login>) -> Session {
    let Login { ok, .. } = what;
    let median = if ok { 2.4 } else { 4.5 };
    Session {
        at,
        ip,
        host: String::new(),
        denied: false,
        lines: vec![],
        seconds: 0.6 + rng.log_normal(median, 0.9).clamp(0.1, 240.0),
        status: if ok { 0 } else { 256 },
    }
}
