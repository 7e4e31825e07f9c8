//! A mail server that never was: the logs of its programs, drawn from a seed.
//!
//! | file | log |
//! |---|---|
//! | `send` | qmail-send's |
//! | `smtpd` | qmail-smtpd's with tcpserver, rblsmtpd, CHKUSER and simscan |
//! | `pop3d` | that of the POP3 server's tcpserver |
//! | `syslog` | logins, spamd, qmail-scanner, and programs that nobody counts |
//! | `toaster6` | what Haraka, rspamd and Dovecot's LMTP server would write in their place |
//! | `greylist` | a greylisting daemon's, which only an own protocol of toaster.conf knows |
//!
//! All of them see the same load and the same visitors (`visits`): what simscan refuses in one log, spamd judged in
//! another, and who logs in to fetch mail has a connection. The same [`Traffic`] gives the same bytes. All names and
//! addresses are documentation ones (RFC 2606, RFC 5737, RFC 3849).

mod events;
mod greylist;
mod load;
mod pen;
mod pop3d;
mod rng;
mod send;
mod smtpd;
mod syslog;
mod tcpserver;
mod toaster6;
mod visits;

use std::io::{self, Write};

#[allow(unused_imports)] // Not every program that generates looks at the limits.
pub use send::LIMITS;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub seed: u64,
    /// End of the span, unix seconds; every stamp lies before it.
    pub end: i64,
    /// Length of the span, in days of 86,400 seconds.
    pub days: f64,
    /// Load as a multiple of the ordinary (about 5 to 45 deliveries a minute).
    pub rate: f64,
    /// Seconds east of UTC, by which hours and weekdays are told.
    pub utc_offset: i64,
    /// Whether lines begin with a TAI64N label as `multilog t` writes it. The syslog has stamps of its own.
    pub labels: bool,
}

/// Whose log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    Send,
    Smtpd,
    Pop3d,
    Syslog,
    Greylist,
    Toaster6,
}

impl Log {
    /// Each with its name.
    pub const ALL: [(&str, Log); 6] = [
        ("send", Log::Send),
        ("smtpd", Log::Smtpd),
        ("pop3d", Log::Pop3d),
        ("syslog", Log::Syslog),
        ("greylist", Log::Greylist),
        ("toaster6", Log::Toaster6),
    ];
}

impl Traffic {
    /// Writes qmail-send's log, oldest line first; gives the number of lines.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut server = send::Server::new(self, out);
        server.run()?;
        Ok(server.lines)
    }

    /// Writes one of the logs, oldest line first; gives the number of lines.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_log(&self, log: Log, out: &mut dyn Write) -> io::Result<u64> {
        match log {
            Log::Send => self.write(out),
            Log::Smtpd => smtpd::write(self, out),
            Log::Pop3d => pop3d::write(self, out),
            Log::Syslog => syslog::write(self, out),
            Log::Greylist => greylist::write(self, out),
            Log::Toaster6 => toaster6::write(self, out),
        }
    }

    /// Begin and end of the span in nanoseconds.
    fn span(&self) -> (u64, u64) {
        let end = self.end.max(0) as u64 * SECOND;
        (end.saturating_sub((self.days.max(0.0) * 86_400.0 * SECOND as f64) as u64), end)
    }
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const USERS: [&str; 16] = [
    "anna", "ben", "carla", "dmitri", "elif", "farid", "grace", "hiro", "ines", "jonas", "kofi", "lena",
    "mateo", "nadia", "oskar", "priya",
];
const LOCAL_DOMAINS: [&str; 3] = ["example.org", "lists.example.org", "shop.example.org"];
/// The one that has outages.
const BIG_PROVIDER: &str = "yahoo.com";
/// Where most people have their mailboxes; the first ones more than the others.
const BIG_PROVIDERS: [&str; 8] = [
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "hotmail.com",
    BIG_PROVIDER,
    "icloud.com",
    "gmx.net",
];

/// The provider of this user.
fn provider_of(user: &str) -> &'static str {
    BIG_PROVIDERS[user.bytes().map(usize::from).sum::<usize>() % BIG_PROVIDERS.len()]
}

const REMOTE_DOMAINS: [&str; 8] = [
    "example.com",
    "mail.example.com",
    "corp.example.com",
    "press.example.com",
    "example.net",
    "isp.example.net",
    "uni.example.net",
    "gov.example.net",
];
/// The server's name.
const HERE: &str = "mail.example.com";

/// The server's address, as one that comes from `ip` calls it.
fn own_address(ip: &str) -> &'static str {
    if ip.contains(':') { "2001:db8::10" } else { "192.0.2.10" }
}

/// Writes `at`, in nanoseconds, as multilog labels lines.
fn write_label(out: &mut dyn Write, at: u64) -> io::Result<()> {
    let seconds = (1u64 << 62) + 10 + at / SECOND;
    write!(out, "@{seconds:016x}{:08x} ", at % SECOND)
}
