//! What the programs of Mail-Toaster 6 would write to syslog of the same visitors: Haraka, rspamd, and Dovecot's LMTP server,
//! which stores the mail and lets users sort it by sieve.

use std::io::{self, Write};

use super::events::Events;
use super::pen::{Pen, Stamp};
use super::rng::Rng;
use super::visits::{Finding, Mail, REFUSED, SPAM, Smtp, Visit};
use super::{HERE, MINUTE, SECOND, Traffic, own_address};

enum Event {
    Minute,
    Line(String),
}

/// Lines of the minutes to come.
struct Programs {
    rng: Rng,
    events: Events<Event>,
    number: u64,
}

/// A session of Haraka that goes on.
struct Session {
    id: String,
    ip: String,
    at: u64,
    /// Seconds since `at`.
    now: f64,
    relay: bool,
    early: bool,
    /// Recipients, and messages: accepted, put off, refused.
    recipients: [u64; 3],
    messages: [u64; 3],
    bytes: u64,
    /// What it was told last, if that was no.
    refusal: &'static str,
}

pub fn write(traffic: &Traffic, out: &mut dyn Write) -> io::Result<u64> {
    let (start, end) = traffic.span();
    let mut pen = Pen::new(traffic, Stamp::Date, out);
    let mut programs = Programs { rng: Rng(traffic.seed ^ 0x7a6), events: Events::new(), number: 0 };
    programs.events.plan(start / MINUTE * MINUTE, Event::Minute);
    while let Some((at, event)) = programs.events.next() {
        if at >= end {
            break;
        }
        match event {
            Event::Minute => {
                for visit in traffic.smtp_visits(at).into_iter().filter(|visit| visit.at >= start) {
                    programs.visit(visit);
                }
                programs.sieve_login(at);
                programs.events.plan(at + MINUTE, Event::Minute);
            }
            Event::Line(text) => pen.write(at, &text)?,
        }
    }
    Ok(pen.lines)
}

impl Programs {
    fn say(&mut self, at: u64, after: f64, text: &str) {
        self.events.plan(at + (after * SECOND as f64) as u64, Event::Line(format!("mail {text}")));
    }

    /// A line of Haraka on a session.
    fn haraka(&mut self, session: &mut Session, level: &str, part: &str, text: &str) {
        session.now += 0.01 + 0.3 * self.rng.unit();
        let part = if part.is_empty() { String::new() } else { format!(".{part}") };
        let line = format!("haraka[811]: [{level}] [{}{part}] {text}", session.id);
        self.say(session.at, session.now, &line);
    }

    /// A plugin refuses.
    fn denies(&mut self, session: &mut Session, hook: &str, plugin: &str, why: &str) {
        session.refusal = "550 refused";
        let line = format!(
            "[core]  hook={hook} plugin={plugin} function=hook_{hook} params=\"\" retval=DENY msg=\"{why}\""
        );
        self.haraka(session, "INFO", if hook == "connect" { "" } else { "1" }, &line);
    }

    fn visit(&mut self, Visit { at, ip, what }: Visit<Smtp>) {
        if matches!(what, Smtp::Denied) {
            return;
        }
        let id = |rng: &mut Rng| {
            let (a, b) = (rng.next(), rng.next());
            format!(
                "{:08X}-{:04X}-4{:03X}-A{:03X}-{:012X}",
                a >> 32,
                (a >> 16) & 0xffff,
                a & 0xfff,
                (b >> 48) & 0xfff,
                b & 0xffff_ffff_ffff
            )
        };
        let mut session = Session {
            id: id(&mut self.rng),
            ip,
            at,
            now: 0.0,
            relay: false,
            early: false,
            recipients: [0; 3],
            messages: [0; 3],
            bytes: 0,
            refusal: "",
        };
        let (port, here) = (self.rng.range(30_000, 60_000), own_address(&session.ip));
        let line = format!("[core] connect ip={} port={port} local_ip={here} local_port=25", session.ip);
        self.haraka(&mut session, "NOTICE", "", &line);
        match what {
            Smtp::Denied => {}
            Smtp::Listed(why) => self.denies(&mut session, "connect", "dnsbl", &why),
            Smtp::Nameless => self.denies(&mut session, "connect", "fcrdns", "no reverse DNS"),
            Smtp::BadHelo(name) => {
                self.denies(&mut session, "helo", "helo.checks", &format!("HELO {name} is not valid"));
            }
            Smtp::BadMailFrom(from) => self.sender(&mut session, &from, Some("mail_from.is_resolvable")),
            Smtp::BadRcptTo(to) => self.refused_recipient(&mut session, &to, "rcpt_to.access"),
            Smtp::Unknown { from, to } => {
                self.sender(&mut session, &from, None);
                self.refused_recipient(&mut session, &to, "rcpt_to.qmail_deliverable");
            }
            Smtp::Silent => {
                session.early = self.rng.chance(0.5);
                session.now += 5.0;
                if session.early {
                    self.denies(&mut session, "connect", "early_talker", "You talk too soon");
                }
            }
            Smtp::Incoming(mail) => self.incoming(&mut session, &mail),
            Smtp::Submission { user, mail } => {
                let line = format!("[auth/auth_vpopmaild] AUTH user=\"{user}\" success=true");
                self.haraka(&mut session, "INFO", "", &line);
                session.relay = true;
                self.outgoing(&mut session, &mail);
            }
            Smtp::WrongPassword { .. } => {
                self.haraka(&mut session, "NOTICE", "", "[auth/auth_vpopmaild] delaying for 2 seconds");
                session.now += 2.0;
            }
        }
        self.disconnect(&mut session);
    }

    fn sender(&mut self, session: &mut Session, from: &str, refused_by: Option<&str>) {
        if let Some(plugin) = refused_by {
            self.denies(session, "mail", plugin, "no MX for your FROM address");
        }
        let code = if refused_by.is_some() { "DENY" } else { "CONT" };
        self.haraka(session, "NOTICE", "1", &format!("[core] sender <{from}> code={code} msg=\"\""));
    }

    fn refused_recipient(&mut self, session: &mut Session, to: &str, plugin: &str) {
        self.denies(session, "rcpt", plugin, "no mailbox here by that name");
        session.recipients[2] += 1;
        let line = format!("[core] recipient <{to}> code=DENY msg=\"no mailbox here\" sender=a@example.com");
        self.haraka(session, "NOTICE", "1", &line);
    }

    fn message(&mut self, session: &mut Session, mail: &Mail, refused: Option<(&str, &str)>) {
        session.bytes = mail.bytes;
        session.now += (mail.bytes as f64 / 400_000.0).min(45.0);
        if let Some((plugin, why)) = refused {
            self.denies(session, "data_post", plugin, why);
        }
        let (code, delay) = (if refused.is_some() { "DENY" } else { "CONT" }, 0.2 + self.rng.unit());
        self.number += 1;
        let line = format!(
            "[core] message mid=<{}@example.com> size={} rcpts=1/0/0 delay={delay:.3} code={code} msg=\"\"",
            self.number, mail.bytes
        );
        self.haraka(session, "NOTICE", "1", &line);
        session.messages[if refused.is_some() { 2 } else { 0 }] += 1;
    }

    fn incoming(&mut self, session: &mut Session, mail: &Mail) {
        self.sender(session, &mail.from, None);
        session.recipients[0] += 1;
        let line = format!("[core] recipient <{}> code=OK msg=\"\" sender={}", mail.to, mail.from);
        self.haraka(session, "NOTICE", "1", &line);
        let refused = match mail.finding {
            Finding::Score(score, seconds) => {
                self.rspamd(session, mail, score, seconds);
                (score >= REFUSED).then_some(("rspamd", "Detected as spam"))
            }
            Finding::Virus(name) => Some(("clamd", name)),
            Finding::Attachment(_) => Some(("attachment", "a file of a forbidden type")),
            Finding::Pattern => Some(("data.headers", "forbidden words")),
        };
        self.message(session, mail, refused);
        if refused.is_none() {
            let line = format!("[core] queue code=OK msg=\"saved ({}.1)\"", session.id);
            self.haraka(session, "NOTICE", "1", &line);
            self.stored(session, mail);
        }
    }

    fn rspamd(&mut self, session: &Session, mail: &Mail, score: f64, seconds: f64) {
        let action = match score {
            score if score >= REFUSED => "reject",
            score if score >= SPAM + 3.0 => "rewrite subject",
            score if score >= SPAM => "add header",
            score if score >= SPAM - 1.0 => "greylist",
            _ => "no action",
        };
        let (spam, ms) = (if score >= SPAM { 'T' } else { 'F' }, 40.0 + 110.0 * seconds);
        let (Mail { from, to, bytes, .. }, requests) = (mail, self.rng.range(5, 40));
        let line = format!(
            "rspamd[4249]: <{:06x}>; task; rspamd_task_write_log: id: <{}@example.com>, qid: <{}>, ip: {}, from: <{from}>, \
             (default: {spam} ({action}): [{score:.2}/15.00] [R_SPF_ALLOW(-0.20){{}}]), len: {bytes}, time: {ms:.3}ms, \
             dns req: {requests}, digest: <{:016x}>, rcpts: <{to}>",
            self.rng.next() & 0xff_ffff,
            self.number + 1,
            session.id,
            session.ip,
            self.rng.next(),
        );
        self.say(session.at, session.now + 0.1, &line);
        if self.rng.chance(0.02) {
            let class = if spam == 'T' { "spam" } else { "ham" };
            let line = format!(
                "rspamd[4249]: <{:06x}>; controller; rspamd_controller_learn_fin_task: <127.0.0.1> learned message as {class}: {}@example.com",
                self.rng.next() & 0xff_ffff,
                self.number
            );
            self.say(session.at, session.now + 40.0, &line);
        }
    }

    /// What Dovecot does with a message.
    fn stored(&mut self, session: &Session, mail: &Mail) {
        let spam = matches!(mail.finding, Finding::Score(score, _) if score >= SPAM);
        let sieve = format!("sieve: msgid=<{}@example.com>:", self.number);
        let text = match self.rng.unit() {
            chance if chance < 0.012 => {
                format!(
                    "{sieve} fileinto action: failed to store into mailbox 'INBOX': Quota exceeded (mailbox for user is full)"
                )
            }
            _ if spam => format!("{sieve} fileinto action: stored mail into mailbox 'Junk'"),
            chance if chance < 0.07 => format!("{sieve} forwarded to <v@example.net>"),
            chance if chance < 0.08 => format!("{sieve} discard action: discarded message"),
            chance if chance < 0.10 => format!("{sieve} sent vacation response to <{}>", mail.from),
            _ => format!("{sieve} stored mail into mailbox 'INBOX'"),
        };
        let line = format!(
            "dovecot: lmtp({})<{}><{:012x}>: {text}",
            mail.to,
            7_000 + self.number % 900,
            self.rng.next() >> 16
        );
        self.say(session.at, session.now + 0.2, &line);
    }

    /// A user looks at the rules now and then.
    fn sieve_login(&mut self, minute: u64) {
        if !self.rng.chance(0.06) {
            return;
        }
        let (told, seconds) = match self.rng.chance(0.85) {
            true => (
                "Login: user=<anna@example.org>, method=PLAIN, rip=198.51.100.9, lip=192.0.2.10, mpid=8, TLS",
                12.0,
            ),
            false => (
                "Disconnected (auth failed, 1 attempts in 2 secs): user=<anna@example.org>, method=PLAIN, rip=198.51.100.9, lip=192.0.2.10, TLS",
                31.0,
            ),
        };
        self.say(minute, seconds, &format!("dovecot: managesieve-login: {told}, session=<x>"));
    }

    /// What a user sends, and what becomes of it.
    fn outgoing(&mut self, session: &mut Session, mail: &Mail) {
        self.sender(session, &mail.from, None);
        session.recipients[0] += 1;
        let line = format!("[core] recipient <{}> code=OK msg=\"\" sender={}", mail.to, mail.from);
        self.haraka(session, "NOTICE", "1", &line);
        self.message(session, mail, None);
        let line = format!("[core] queue code=OK msg=\"Message Queued ({}.1)\"", session.id);
        self.haraka(session, "NOTICE", "1", &line);
        let domain = mail.to.rsplit('@').next().unwrap_or_default();
        let (mut after, mut fails) = (session.now + 0.4 + 3.0 * self.rng.unit(), 0);
        let by = |text: &str| format!("haraka[811]: {text}");
        let id = format!("{}.1.1", session.id);
        loop {
            match self.rng.unit() {
                chance if chance < 0.06 && fails < 3 => {
                    let pause = 64u64 << fails;
                    let line = format!(
                        "[INFO] [{id}] [outbound] Temp failing {}_1 for {pause} seconds: Upstream error: 451 try later",
                        self.number
                    );
                    self.say(session.at, after, &by(&line));
                    (after, fails) = (after + pause as f64, fails + 1);
                }
                chance if chance < 0.08 => {
                    let line = format!("[INFO] [{id}] [outbound] bouncing mail: 550 5.1.1 No such user");
                    return self.say(session.at, after, &by(&line));
                }
                _ => {
                    let tls = if self.rng.chance(0.9) { 'Y' } else { 'N' };
                    let line = format!(
                        "[NOTICE] [{id}] [outbound]  delivered file={}_1_{HERE} domain={domain} host=mx.{domain} ip=192.0.2.74 \
                         port=25 mode=SMTP tls={tls} auth=N response=\"ok\" delay={after:.3} fails={fails} rcpts=1/0/0",
                        self.number
                    );
                    return self.say(session.at, after, &by(&line));
                }
            }
        }
    }

    fn disconnect(&mut self, session: &mut Session) {
        let yes = |is: bool| if is { 'Y' } else { 'N' };
        let tls = yes(self.rng.chance(if session.messages[0] > 0 { 0.9 } else { 0.2 }));
        let transactions = u64::from(session.recipients.iter().sum::<u64>() > 0);
        let of = |[ok, later, no]: [u64; 3]| format!("{ok}/{later}/{no}");
        let line = format!(
            "[core] disconnect ip={} rdns=client.example.net helo=client.example.net relay={} early={} esmtp=Y tls={tls} pipe=N \
             errors=0 txns={transactions} rcpts={} msgs={} bytes={} lr=\"{}\" time={:.3}",
            session.ip,
            yes(session.relay),
            yes(session.early),
            of(session.recipients),
            of(session.messages),
            session.bytes,
            session.refusal,
            session.now + 0.1,
        );
        self.haraka(session, "NOTICE", "", &line);
    }
}
