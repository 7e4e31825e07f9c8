//! Who comes to the server in a minute, and what for. Each minute is drawn by itself, so that every log sees the same.

use super::rng::Rng;
use super::{LOCAL_DOMAINS, MINUTE, REMOTE_DOMAINS, SECOND, Traffic, USERS, provider_of};

/// A message that comes in by SMTP.
#[derive(Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub subject: &'static str,
    pub bytes: u64,
    pub finding: Finding,
}

/// What the scanners find in it.
#[derive(Clone)]
pub enum Finding {
    /// SpamAssassin's score, and the seconds that it took.
    Score(f64, f64),
    Virus(&'static str),
    Attachment(&'static str),
    Pattern,
}

/// From this score on a message is spam, and from that one it is refused.
pub const SPAM: f64 = 5.0;
pub const REFUSED: f64 = 12.0;

/// What becomes of a connection to the SMTP port.
pub enum Smtp {
    /// tcpserver's rules deny it.
    Denied,
    /// By a DNS list: what it answers.
    Listed(String),
    Nameless,
    BadHelo(&'static str),
    BadMailFrom(String),
    BadRcptTo(String),
    /// For a recipient who is not there.
    Unknown {
        from: String,
        to: String,
    },
    /// Leaves without a word.
    Silent,
    Incoming(Mail),
    Submission {
        user: String,
        mail: Mail,
    },
    WrongPassword {
        user: String,
    },
}

/// A connection.
pub struct Visit<T> {
    /// In nanoseconds.
    pub at: u64,
    pub ip: String,
    pub what: T,
}

/// A login: over TLS from the first byte on, and with the right password?
pub struct Login {
    pub user: String,
    pub tls: bool,
    pub ok: bool,
}

const BAD_HELOS: [&str; 4] = ["localhost", "192.0.2.10", "mail.example.org", "user-pc"];
const SUBJECTS: [&str; 10] = [
    "Re: your order",
    "Minutes of Monday",
    "Invoice 2026-1147",
    "Lunch?",
    "Re: Re: draft",
    "Weekly report",
    "Photos",
    "Your ticket",
    "Newsletter",
    "Re: appointment",
];
const SPAM_SUBJECTS: [&str; 6] =
    ["You have won", "Cheap watches", "Last warning", "Investment offer", "Account suspended", "Hello dear"];
const VIRUSES: [&str; 3] = ["Eicar-Test-Signature", "Win.Test.EICAR_HDB-1", "Heuristics.Phishing.Email"];
const GUESSED: [&str; 8] = ["admin", "info", "test", "sales", "office", "postmaster", "webmaster", "support"];

/// The lists that the server asks, in the order in which it does: how many of a hundred each turns away on an
/// ordinary day and during a wave, and what it answers before and behind the address.
const LISTS: [(f64, f64, &str, &str); 9] = [
    (52.0, 66.0, "https://www.spamhaus.org/query/ip/", ""),
    (
        17.0,
        15.0,
        "Client host blocked using Barracuda Reputation, see http://www.barracudanetworks.com/reputation/?r=1&ip=",
        "",
    ),
    (12.0, 8.0, "Blocked - see https://www.spamcop.net/bl.shtml?", ""),
    (6.0, 3.0, "Currently Sending Spam See: http://www.sorbs.net/lookup.shtml?", ""),
    (4.0, 4.0, "IP ", " is UCEPROTECT-Level 1 listed. See http://www.uceprotect.net/rblcheck.php"),
    (3.0, 1.0, "Listed in PSBL, see https://psbl.org/listing?ip=", ""),
    (2.0, 1.0, "see https://www.mailspike.org/anubis/lookup.html?", ""),
    (1.0, 0.5, "https://spfbl.net/en/delist/?ip=", ""),
    (3.0, 1.5, "Listed by bl.example.org, see http://bl.example.org/?", ""),
];

impl Traffic {
    /// The connections to the SMTP port in the minute that begins at `minute`.
    pub fn smtp_visits(&self, minute: u64) -> Vec<Visit<Smtp>> {
        let load = self.load(minute);
        let wave = self.burst(minute, 7.6, 41.3, 2.6);
        let guessing = self.burst(minute, 4.3, 33.7, 0.9);
        let mut visits = Vec::new();
        let mut draw = |what: u64, mean: f64, make: &mut dyn FnMut(&mut Rng) -> (String, Smtp)| {
            self.draw(minute, what, mean, &mut visits, make);
        };
        draw(1, 0.42 * load, &mut |rng| server(rng, |rng| Smtp::Incoming(ordinary(rng))));
        draw(2, 0.6 + 0.06 * load + 5.0 * wave, &mut |rng| {
            let slow = 1.0 + 1.6 * wave;
            bot(rng, 0.5, |rng| Smtp::Incoming(spam(rng, slow)))
        });
        draw(3, 2.2 + 0.13 * load + 30.0 * wave, &mut |rng| listed(rng, wave > 0.0));
        draw(4, 0.45, &mut |rng| bot(rng, 0.2, |_| Smtp::Denied));
        draw(5, 0.35 + 0.01 * load + 1.5 * wave, &mut |rng| bot(rng, 0.0, |_| Smtp::Nameless));
        draw(6, 0.4 + 1.8 * wave, &mut |rng| bot(rng, 0.5, |rng| Smtp::BadHelo(rng.pick(&BAD_HELOS))));
        draw(7, 0.25 + 0.6 * wave, &mut |rng| bot(rng, 0.5, |rng| Smtp::BadMailFrom(remote(rng))));
        draw(8, 0.15 + 0.01 * load, &mut |rng| bot(rng, 0.7, |rng| Smtp::BadRcptTo(local(rng))));
        draw(9, 0.7 + 0.05 * load + 4.0 * wave, &mut |rng| {
            bot(rng, 0.6, |rng| Smtp::Unknown { from: remote(rng), to: nobody(rng) })
        });
        draw(10, 0.3 + 0.02 * load, &mut |rng| bot(rng, 0.4, |_| Smtp::Silent));
        draw(11, 0.5 * load, &mut |rng| {
            let mail = outgoing(rng);
            (client(rng), Smtp::Submission { user: mail.from.clone(), mail })
        });
        draw(12, 0.012 * load, &mut |rng| (client(rng), Smtp::WrongPassword { user: local(rng) }));
        draw(13, 26.0 * guessing, &mut |rng| {
            (format!("203.0.113.{}", rng.range(66, 70)), Smtp::WrongPassword { user: guessed(rng) })
        });
        visits
    }

    /// The logins by POP3.
    pub fn pop3_logins(&self, minute: u64) -> Vec<Visit<Login>> {
        let load = self.load(minute);
        let guessing = self.burst(minute, 13.2, 37.1, 0.7);
        let mut logins = Vec::new();
        self.logins(minute, 20, [0.34 * load, 0.55 * load], [0.015, 0.008], &mut logins);
        self.draw(minute, 24, 17.0 * guessing, &mut logins, &mut |rng| {
            let login = Login { user: guessed(rng), tls: false, ok: false };
            (format!("203.0.113.{}", rng.range(130, 133)), login)
        });
        logins
    }

    /// The logins by IMAP, but for those that webmail makes.
    pub fn imap_logins(&self, minute: u64) -> Vec<Visit<Login>> {
        let load = self.load(minute);
        let guessing = self.burst(minute, 10.1, 29.3, 1.4);
        let mut logins = Vec::new();
        self.logins(minute, 30, [0.11 * load, 1.05 * load], [0.02, 0.007], &mut logins);
        self.draw(minute, 34, 22.0 * guessing, &mut logins, &mut |rng| {
            let login = Login { user: guessed(rng), tls: true, ok: false };
            (format!("203.0.113.{}", rng.range(140, 150)), login)
        });
        logins
    }

    /// The logins through webmail.
    pub fn web_logins(&self, minute: u64) -> Vec<Visit<Login>> {
        let mut logins = Vec::new();
        self.logins(minute, 40, [0.0, 0.16 * self.load(minute)], [0.0, 0.055], &mut logins);
        logins
    }

    /// Plain ones, then those over TLS: how many a minute, and which part has a wrong password.
    fn logins(
        &self,
        minute: u64,
        what: u64,
        mean: [f64; 2],
        wrong: [f64; 2],
        logins: &mut Vec<Visit<Login>>,
    ) {
        for tls in [false, true] {
            let n = usize::from(tls);
            self.draw(minute, what + n as u64, mean[n], logins, &mut |rng| {
                (client(rng), Login { user: local(rng), tls, ok: !rng.chance(wrong[n]) })
            });
        }
    }

    /// Draws what comes in a minute, `mean` of them on average; every `what` has a chance of its own.
    pub fn draw<T>(
        &self,
        minute: u64,
        what: u64,
        mean: f64,
        visits: &mut Vec<Visit<T>>,
        make: &mut dyn FnMut(&mut Rng) -> (String, T),
    ) {
        let mut rng = Rng(self.seed ^ (minute / MINUTE).wrapping_mul(0x9e6d_62d0_6f6a_9a9b) ^ (what << 56));
        rng.next();
        for _ in 0..rng.poisson(mean * self.rate) {
            let at = minute + rng.range(0, MINUTE);
            let (ip, what) = make(&mut rng);
            visits.push(Visit { at, ip, what });
        }
    }

    /// From 0 to 1: how strong a burst is at `at`. One begins `first` hours before the end of the span, another every
    /// `every` hours before that; each lasts `hours`, rises in a sixth of them and falls slowly.
    pub fn burst(&self, at: u64, first: f64, every: f64, hours: f64) -> f64 {
        let (start, end) = self.span();
        let back = end.saturating_sub(at) as f64 / (3_600 * SECOND) as f64;
        // Not at the very same hour with every seed; in a short span all the same.
        let span = (end - start) as f64 / (3_600 * SECOND) as f64;
        let first = (first + 0.7 * Rng(self.seed ^ 0xb0).unit()).min(span / 2.0).max(hours);
        let since = first + every * ((back - first) / every).ceil().max(0.0) - back;
        match since / hours {
            part if part >= 1.0 => 0.0,
            part if part < 1.0 / 6.0 => 6.0 * part,
            part => (1.2 * (1.0 - part)).powf(1.4).min(1.0),
        }
    }
}

fn user(rng: &mut Rng) -> String {
    let name = rng.pick(&USERS);
    if rng.chance(0.4) { format!("{name}{}", rng.range(2, 90)) } else { name.into() }
}

fn local(rng: &mut Rng) -> String {
    format!("{}@{}", user(rng), rng.pick(&LOCAL_DOMAINS))
}

fn remote(rng: &mut Rng) -> String {
    let domain = if rng.chance(0.3) { None } else { Some(rng.pick(&REMOTE_DOMAINS)) };
    let user = user(rng);
    format!("{user}@{}", domain.unwrap_or_else(|| provider_of(&user)))
}

fn nobody(rng: &mut Rng) -> String {
    format!("{}{}@example.org", rng.pick(&GUESSED), rng.range(100, 999))
}

fn guessed(rng: &mut Rng) -> String {
    format!("{}@example.org", rng.pick(&GUESSED))
}

/// A user's address, now and then of IPv6.
fn client(rng: &mut Rng) -> String {
    if rng.chance(0.2) {
        format!("2001:db8::{:x}", rng.range(0x100, 0xfff))
    } else {
        format!("192.0.2.{}", rng.range(100, 250))
    }
}

/// Another mail server.
fn server(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> Smtp) -> (String, Smtp) {
    (format!("198.51.100.{}", rng.range(10, 120)), make(rng))
}

/// One of many machines that send spam; `net` is how many of them are in the second network.
fn bot(rng: &mut Rng, net: f64, make: impl FnOnce(&mut Rng) -> Smtp) -> (String, Smtp) {
    let net = if rng.chance(net) { "203.0.113" } else { "198.51.100" };
    (format!("{net}.{}", rng.range(120, 255)), make(rng))
}

fn listed(rng: &mut Rng, wave: bool) -> (String, Smtp) {
    let (ip, _) = bot(rng, 0.5, |_| Smtp::Silent);
    let mut left = 100.0 * rng.unit();
    let list = LISTS.iter().find(|(ordinary, in_wave, ..)| {
        left -= if wave { in_wave } else { ordinary };
        left < 0.0
    });
    let (_, _, before, behind) = list.unwrap_or(&LISTS[0]);
    let text = format!("{before}{ip}{behind}");
    (ip, Smtp::Listed(text))
}

fn bytes(rng: &mut Rng) -> u64 {
    rng.log_normal(9_500.0, 1.5).clamp(420.0, 26_214_400.0) as u64
}

/// What people write.
fn ordinary(rng: &mut Rng) -> Mail {
    let score =
        if rng.chance(0.06) { 2.0 + 2.9 * rng.unit() } else { (1.5 * rng.normal() - 1.1).clamp(-7.5, 3.0) };
    let seconds = rng.log_normal(1.1, 0.5).clamp(0.2, 30.0);
    let finding = match rng.unit() {
        part if part < 0.004 => Finding::Attachment("setup.exe"),
        part if part < 0.006 => Finding::Pattern,
        _ => Finding::Score(score, seconds),
    };
    Mail { from: remote(rng), to: local(rng), subject: rng.pick(&SUBJECTS), bytes: bytes(rng), finding }
}

/// What gets past the lists; `slow` times longer to scan than usual.
fn spam(rng: &mut Rng, slow: f64) -> Mail {
    let score = rng.log_normal(12.5, 0.45).clamp(3.1, 54.0);
    let seconds = rng.log_normal(2.1 * slow, 0.45).clamp(0.4, 60.0);
    let finding = match rng.unit() {
        part if part < 0.07 => Finding::Virus(rng.pick(&VIRUSES)),
        part if part < 0.09 => Finding::Pattern,
        _ => Finding::Score(score, seconds),
    };
    let bytes = rng.log_normal(5_200.0, 0.8).clamp(600.0, 400_000.0) as u64;
    Mail { from: remote(rng), to: local(rng), subject: rng.pick(&SPAM_SUBJECTS), bytes, finding }
}

fn outgoing(rng: &mut Rng) -> Mail {
    let finding = match rng.unit() {
        part if part < 0.006 => Finding::Virus(rng.pick(&VIRUSES)),
        part if part < 0.025 => Finding::Score(5.2 + 6.0 * rng.unit(), rng.log_normal(2.0, 0.4)),
        _ => Finding::Score((0.6 * rng.normal()).clamp(-2.0, 3.0), rng.log_normal(0.9, 0.4)),
    };
    Mail { from: local(rng), to: remote(rng), subject: rng.pick(&SUBJECTS), bytes: bytes(rng), finding }
}
