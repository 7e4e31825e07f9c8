//! The server's syslog: logins by vchkpw and dovecot, roundcube's, spamd's and qmail-scanner's verdicts, and what
//! other programs write.

use std::io::{self, Write};

use super::events::Events;
use super::pen::{Pen, Stamp};
use super::rng::Rng;
use super::visits::{Finding, Login, Mail, SPAM, Smtp, Visit};
use super::{MINUTE, SECOND, Traffic, own_address};

enum Event {
    Minute,
    Line(String),
}

/// Lines of the minutes to come.
struct Syslog<'a> {
    traffic: &'a Traffic,
    rng: Rng,
    events: Events<Event>,
    pid: u64,
}

pub fn write(traffic: &Traffic, out: &mut dyn Write) -> io::Result<u64> {
    let (start, end) = traffic.span();
    let mut pen = Pen::new(traffic, Stamp::Date, out);
    let mut log = Syslog { traffic, rng: Rng(traffic.seed ^ 0x514), events: Events::new(), pid: 1_204 };
    log.events.plan(start / MINUTE * MINUTE, Event::Minute);
    while let Some((at, event)) = log.events.next() {
        if at >= end {
            break;
        }
        match event {
            Event::Minute => log.minute(at, start),
            Event::Line(text) => pen.write(at, &text)?,
        }
    }
    Ok(pen.lines)
}

impl Syslog<'_> {
    fn minute(&mut self, minute: u64, start: u64) {
        let traffic = self.traffic;
        for visit in traffic.smtp_visits(minute).into_iter().filter(|visit| visit.at >= start) {
            self.smtp(visit);
        }
        for visit in traffic.pop3_logins(minute).into_iter().filter(|visit| visit.at >= start) {
            let service = if visit.what.tls { "pop3s" } else { "pop3" };
            self.vchkpw(visit.at + SECOND / 2, service, &visit.what.user, visit.what.ok, &visit.ip);
        }
        for visit in traffic.imap_logins(minute).into_iter().filter(|visit| visit.at >= start) {
            self.imap(&visit);
        }
        for visit in traffic.web_logins(minute).into_iter().filter(|visit| visit.at >= start) {
            self.web(&visit);
        }
        if self.rng.chance(0.3) {
            let (pid, seconds) = (self.pid(), self.rng.unit() * 60.0);
            let text = match self.rng.range(0, 3) {
                0 => format!("CRON[{pid}]: (root) CMD (test -x /usr/sbin/anacron)"),
                1 => format!("sshd[{pid}]: Connection closed by 203.0.113.9 port 40112 [preauth]"),
                _ => format!(
                    "dovecot: imap(anna@example.org)<{pid}><x>: Disconnected: Logged out in=46 out=347"
                ),
            };
            self.say(minute, seconds, &text);
        }
        self.events.plan(minute + MINUTE, Event::Minute);
    }

    fn say(&mut self, at: u64, after: f64, text: &str) {
        self.events.plan(at + (after * SECOND as f64) as u64, Event::Line(format!("mail {text}")));
    }

    fn pid(&mut self) -> u64 {
        self.pid += self.rng.range(1, 9);
        if self.pid > 32_767 {
            self.pid = self.rng.range(300, 400);
        }
        self.pid
    }

    fn smtp(&mut self, Visit { at, ip, what }: Visit<Smtp>) {
        match what {
            Smtp::WrongPassword { user } => self.vchkpw(at + SECOND / 2, "smtp", &user, false, &ip),
            Smtp::Submission { user, mail } => {
                self.vchkpw(at + SECOND / 2, "submission", &user, true, &ip);
                self.scanner(at, &mail, &ip);
            }
            Smtp::Incoming(mail) => self.spamd(at, &mail),
            _ => {}
        }
    }

    fn vchkpw(&mut self, at: u64, service: &str, user: &str, ok: bool, ip: &str) {
        let pid = self.pid();
        let text = match ok {
            true if service == "pop3" && self.rng.chance(0.2) => "(APOP) login success",
            true => "(PLAIN) login success",
            false if self.rng.chance(0.3) => "vpopmail user not found",
            false => "password fail",
        };
        self.say(at, 0.0, &format!("vpopmail[{pid}]: vchkpw-{service}: {text} {user}:{ip}"));
    }

    fn imap(&mut self, Visit { at, ip, what: Login { user, tls, ok } }: &Visit<Login>) {
        let pid = self.pid();
        let session = format!("{:012x}", self.rng.next() >> 16);
        let tls = if *tls { ", TLS" } else { "" };
        let lip = own_address(ip);
        let told = if *ok {
            format!("Login: user=<{user}>, method=PLAIN, rip={ip}, lip={lip}, mpid={pid}{tls}")
        } else {
            format!(
                "Disconnected (auth failed, 1 attempts in 2 secs): user=<{user}>, method=PLAIN, rip={ip}, \
                 lip={lip}{tls}"
            )
        };
        self.say(*at, 0.3, &format!("dovecot: imap-login: {told}, session=<{session}>"));
        if *ok && self.rng.chance(0.02) {
            // It looks whether the port answers.
            let told = "Disconnected (no auth attempts in 0 secs): user=<>, rip=198.51.100.9, lip=192.0.2.10";
            self.say(*at, 4.0, &format!("dovecot: imap-login: {told}{tls}, session=<{session}>"));
        }
    }

    fn web(&mut self, Visit { at, ip, what: Login { user, ok, .. } }: &Visit<Login>) {
        let (pid, session) = (self.pid(), format!("{:016x}", self.rng.next()));
        let by = format!("roundcube[{pid}]: <{}>", &session[..8]);
        if *ok {
            self.say(
                *at,
                0.4,
                &format!(
                    "{by} Successful login for {user} (ID: {}) from {ip} in session {session}",
                    1 + pid % 90
                ),
            );
            return;
        }
        self.say(
            *at,
            0.4,
            &format!(
                "{by} IMAP Error: Login failed for {user} against localhost from {ip}. AUTHENTICATE PLAIN: \
                 Authentication failed. in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php on line 221 \
                 (POST /?_task=login&_action=login)"
            ),
        );
        self.say(
            *at,
            0.41,
            &format!("{by} Failed login for {user} from {ip} in session {session} (error: 0)"),
        );
    }

    /// spamd judges what simscan gives it.
    fn spamd(&mut self, at: u64, mail: &Mail) {
        let Finding::Score(score, seconds) = mail.finding else { return };
        let (pid, before) = (self.pid(), 0.6 + (mail.bytes as f64 / 400_000.0).min(45.0));
        let by = format!("spamd[{pid}]: spamd:");
        if mail.bytes > 1_048_576 {
            return self.say(at, before, &format!("{by} skipped large message in 0.0 seconds"));
        }
        let (to, bytes) = (&mail.to, mail.bytes);
        let id = format!(
            "<{pid}.{:08x}@{}>",
            self.rng.next() >> 32,
            mail.from.split('@').nth(1).unwrap_or_default()
        );
        let verdict = if score >= SPAM { "identified spam" } else { "clean message" };
        self.say(at, before, &format!("{by} processing message {id} for {to}:89"));
        let line = format!(
            "{by} {verdict} ({score:.1}/{SPAM:.1}) for {to}:89 in {seconds:.1} seconds, {bytes} bytes."
        );
        self.say(at, before + seconds, &line);
        let (sign, tests) =
            if score >= SPAM { ('Y', "BAYES_99,URIBL_BLACK") } else { ('.', "DKIM_SIGNED,SPF_PASS") };
        let line = format!(
            "{by} result: {sign} {} - {tests} scantime={seconds:.1},size={bytes},user={to},uid=89,\
             required_score={SPAM:.1},rhost=localhost,raddr=127.0.0.1,rport={},mid={id},autolearn=no",
            score.trunc() as i64,
            40_000 + pid,
        );
        self.say(at, before + seconds + 0.001, &line);
    }

    /// qmail-scanner looks at what users send.
    fn scanner(&mut self, at: u64, mail: &Mail, ip: &str) {
        let pid = self.pid();
        let (verdict, score, seconds) = match mail.finding {
            Finding::Score(score, seconds) if score >= SPAM => {
                ("SA:SPAM-TAGGED".to_owned(), format!(":SA:1({score:.1}/{SPAM:.1})"), seconds)
            }
            Finding::Score(score, seconds) => {
                ("Clear".into(), format!(":SA:0({score:.1}/{SPAM:.1})"), seconds)
            }
            Finding::Virus(name) => (format!("CLAMDSCAN:{name}"), ":SA:0(0.0/5.0)".into(), 0.281_359),
            Finding::Attachment(_) | Finding::Pattern => ("Policy:BANNED".into(), String::new(), 0.095_255),
        };
        let Mail { from, to, bytes, .. } = mail;
        let subject = mail.subject.replace(' ', "_");
        let stamp = at / SECOND;
        let before = 0.8 + (*bytes as f64 / 400_000.0).min(45.0);
        let line = format!(
            "qmail-scanner[{pid}]: {verdict}:RC:1({ip}){score}: {seconds:.6} {bytes} {from} {to} {subject} \
             <{pid}.{stamp}@example.org> {stamp}.{}-0.mail:134",
            pid + 2,
        );
        self.say(at, before + seconds, &line);
    }
}
