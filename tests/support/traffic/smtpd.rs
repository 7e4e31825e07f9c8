//! qmail-smtpd's log: tcpserver, rblsmtpd, qmail-smtpd with CHKUSER and SMTP AUTH, simscan.

use std::io::{self, Write};

use super::Traffic;
use super::pen::{Pen, Stamp};
use super::rng::Rng;
use super::tcpserver::{Listener, Session};
use super::visits::{Finding, Mail, REFUSED, SPAM, Smtp, Visit};

/// tcpserver's `-c`.
const LIMIT: usize = 40;

pub fn write(traffic: &Traffic, out: &mut dyn Write) -> io::Result<u64> {
    let listener = Listener::new(traffic, 25, LIMIT, Pen::new(traffic, Stamp::Label, out));
    let mut rng = Rng(traffic.seed ^ 0x25);
    listener.run(traffic, &mut |minute| {
        traffic.smtp_visits(minute).into_iter().map(|visit| session(&mut rng, visit)).collect()
    })
}

fn session(rng: &mut Rng, visit: Visit<Smtp>) -> Session {
    let Visit { at, ip, what } = visit;
    let last = ip.rsplit(['.', ':']).next().unwrap_or_default();
    let mut host = match &what {
        Smtp::Incoming(_) | Smtp::BadRcptTo(_) => format!("mx{last}.example.net"),
        Smtp::Submission { .. } => format!("client-{last}.isp.example.net"),
        Smtp::Nameless => String::new(),
        _ if rng.chance(0.4) => String::new(),
        _ => format!("host-{last}.example.com"),
    };
    let mut lines = Vec::new();
    let mut say = |after: f64, text: String| lines.push((after, text));
    let quick = rng.log_normal(1.6, 0.6).clamp(0.1, 40.0);
    let (mut denied, mut status) = (false, 0);
    let mut seconds = quick;
    let smtpd = "qmail-smtpd[{pid}]";
    match what {
        Smtp::Denied => {
            (denied, status, seconds) = (true, 25_600, 0.01 * quick);
        }
        Smtp::Listed(answer) => {
            say(0.05 + 0.3 * rng.unit(), format!("rblsmtpd: {ip} pid {{pid}}: 451 {answer}"));
            seconds = rng.log_normal(5.0, 1.0).clamp(0.5, 60.0);
        }
        Smtp::Nameless => say(0.4, format!("qmail-smtpd: Reverse DNS lookup failed for {ip}")),
        Smtp::BadHelo(name) => {
            host.clear();
            say(0.5, format!("{smtpd}: badhelo: <{name}> matches pattern: {name}"));
        }
        Smtp::BadMailFrom(from) => say(0.6, format!("{smtpd}: badmailfrom: <{from}> at {ip}")),
        Smtp::BadRcptTo(to) => say(0.8, format!("{smtpd}: badrcptto: <{to}> at {ip}")),
        Smtp::Unknown { from, to } => {
            let remote = format!("from <{from}::> remote <{host}:unknown:{ip}>");
            say(0.3, format!("CHKUSER accepted sender: {remote} rcpt <> : sender accepted"));
            say(0.5, format!("CHKUSER rejected rcpt: {remote} rcpt <{to}> : not existing recipient"));
        }
        Smtp::Silent => {
            status = 256;
            seconds = rng.log_normal(9.0, 1.0).clamp(0.3, 120.0);
        }
        Smtp::WrongPassword { user } => {
            say(0.7, format!("{smtpd}: auth: auth-failed type=login user=<{user}>"));
            seconds = 2.0 + quick;
        }
        Smtp::Submission { user, mail } => {
            let remote = format!("from <{0}:{user}:> remote <{host}:unknown:{ip}>", mail.from);
            say(0.5, format!("{smtpd}: auth: auth-success type=plain user=<{user}>"));
            say(0.6, format!("CHKUSER accepted sender: {remote} rcpt <> : sender accepted"));
            say(0.7, format!("CHKUSER relaying rcpt: {remote} rcpt <{}> : client allowed to relay", mail.to));
            seconds = transfer(&mail) + quick;
            say(
                seconds - 0.05,
                format!("simscan:[{{pid}}]:RELAYCLIENT:0.0013s:-:{ip}:{}:{}", mail.from, mail.to),
            );
        }
        Smtp::Incoming(mail) => {
            let remote = format!("from <{}::> remote <{host}:unknown:{ip}>", mail.from);
            say(0.3, format!("CHKUSER accepted sender: {remote} rcpt <> : sender accepted"));
            say(
                0.5,
                format!("CHKUSER accepted rcpt: {remote} rcpt <{}> : found existing recipient", mail.to),
            );
            let before = 0.6 + transfer(&mail);
            let (state, took, about) = judged(&mail);
            seconds = before + took + quick;
            say(
                before + took,
                format!("simscan:[{{pid}}]:{state}:{took:.4}s:{about}:{ip}:{}:{}", mail.from, mail.to),
            );
        }
    }
    Session { at, ip, host, denied, lines, seconds, status }
}

/// Seconds on the wire.
fn transfer(mail: &Mail) -> f64 {
    (mail.bytes as f64 / 400_000.0).min(45.0)
}

/// simscan's state, its seconds, and what stands where a subject does.
fn judged(mail: &Mail) -> (String, f64, &str) {
    match mail.finding {
        Finding::Score(score, seconds) => {
            let state = match score {
                _ if score >= REFUSED => "SPAM REJECT",
                _ if score >= SPAM => "SPAM PASS",
                _ => "CLEAN",
            };
            (format!("{state} ({score:.2}/{SPAM:.2}/{REFUSED:.2})"), seconds + 0.12, mail.subject)
        }
        Finding::Virus(name) => ("VIRUS".into(), 0.0931, name),
        Finding::Attachment(name) => ("ATTACH".into(), 0.0214, name),
        Finding::Pattern => ("REGEX".into(), 0.0113, "^Subject.*lottery"),
    }
}
