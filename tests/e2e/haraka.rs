//! Real Haraka in each of its log formats: what its clients did, and what the server saw to which it delivered, is what is
//! counted. Where Haraka could not be fetched, the sessions are read that were recorded.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::support::haraka::{Auth, Haraka, NAME, installed};
use crate::support::recorded::{self, Ledger, Seen, assert_seen, grep, in_pieces, sum};
use crate::support::smtp::{Client, Reply, Sink, Transaction, base64};
use crate::support::store::{Answer, Store, name_of};
use crate::support::wait_until;

use super::logger_logs::logger;

/// What stands where in a line.
struct Format {
    name: &'static str,
    /// What every line has.
    every: &'static str,
    connect: &'static str,
    disconnect: &'static str,
    message: &'static str,
    queued: &'static str,
    /// Of a refusal by a plugin.
    denied: &'static str,
    /// Of a delivery.
    delivered: &'static str,
    /// The beginning of what `outbound` says.
    outbound: &'static str,
    /// What stands between a key and its value.
    is: &'static str,
}

const FORMATS: [Format; 3] = [
    Format {
        name: "default",
        every: r"\[[A-Z]+\] \[[-0-9A-F.]+\] \[",
        connect: r"\[core\] connect ip=",
        disconnect: r"\[core\] disconnect ip=",
        message: r"\[core\] message mid=",
        queued: r"\[core\] queue code=OK",
        denied: r"\[core\]  hook=(mail|rcpt|data_post) .*retval=DENY",
        delivered: r"\[outbound\]  delivered file=",
        outbound: r"\[outbound\] ",
        is: "=",
    },
    Format {
        name: "logfmt",
        every: r"level=[A-Z]+ uuid=[-0-9A-F.]+ origin=",
        connect: "origin=core message=connect ip=",
        disconnect: "origin=core message=disconnect ip=",
        message: "origin=core message=message mid=",
        queued: "origin=core message=queue code=OK",
        denied: r#"origin=core message="" hook=(mail|rcpt|data_post) .*retval=DENY"#,
        delivered: r#"origin=outbound message="" delivered file="#,
        outbound: r#"origin=outbound message=""#,
        is: "=",
    },
    Format {
        name: "json",
        every: r#"\{"level":"[A-Z]+","uuid":"[-0-9A-F.]+","origin":""#,
        connect: r#""origin":"core","message":"connect","ip":"#,
        disconnect: r#""origin":"core","message":"disconnect","ip":"#,
        message: r#""origin":"core","message":"message","mid":"#,
        queued: r#""origin":"core","message":"queue","code":"OK""#,
        denied: r#""origin":"core","message":"","hook":"(mail|rcpt|data_post)",.*"retval":"DENY"#,
        delivered: r#""origin":"outbound","message":"","delivered file":"#,
        outbound: r#""origin":"outbound","message":""#,
        is: r#"":"#,
    },
];

/// What Haraka writes of itself before it has read its configuration, in no format.
const OF_THE_START: &str = "(loglevel: |log format: |Starting up Haraka version |loaded TLD files: |\
                            loaded Public Suffixes: |Using iconv-lite only)";

const HELO: &str = "client.example";

/// How long a message is, as Haraka counts it: with the dot that ends it.
fn message(header: &str) -> (String, u64) {
    let text = format!(
        "From: a@example.com\r\nTo: b@example.org\r\nMessage-ID: <1@example.com>\r\n\
         Date: Mon, 30 Nov 2026 00:00:00 +0000\r\n{header}\r\nhello\r\n"
    );
    let length = u64::try_from(text.len() + ".\r\n".len()).expect("a length");
    (text, length)
}

/// A client's session, which notes what Haraka replied.
struct Session<'a> {
    client: Client,
    ledger: &'a mut Ledger,
    auth: Auth,
    is_refused: bool,
    may_relay: bool,
}

impl<'a> Session<'a> {
    fn begin(haraka: &Haraka, auth: Auth, ledger: &'a mut Ledger) -> Self {
        let client = Client::connect(haraka.address(), HELO);
        ledger.one("connect");
        Self { client, ledger, auth, is_refused: false, may_relay: false }
    }

    fn begin_tls(haraka: &Haraka, auth: Auth, ledger: &'a mut Ledger) -> Self {
        let client = Client::connect_tls(haraka.address(), HELO);
        ledger.one("connect");
        ledger.one("tls");
        Self { client, ledger, auth, is_refused: false, may_relay: false }
    }

    /// Says a command, whose reply is to have this code.
    fn says(&mut self, command: &str, code: u16) {
        let reply = self.client.says(command);
        assert_eq!(reply.code, code, "{command}: {reply:?}");
        self.refused(&reply);
        let by_code = |[ok, put_off, refused]: [&'static str; 3]| match code {
            ..400 => ok,
            400..500 => put_off,
            _ => refused,
        };
        match command.split(' ').next() {
            Some("MAIL") => self.ledger.one("txns"),
            Some("RCPT") => self.ledger.one(by_code(["rcpt_ok", "rcpt_defer", "rcpt_reject"])),
            Some("AUTH") if code == 235 => {
                self.may_relay = true;
                if self.auth == Auth::Proxy {
                    self.ledger.one("auth_ok");
                }
            }
            Some("AUTH") => self.ledger.one("auth_fail"),
            _ => self.ledger.one("errors"),
        }
    }

    /// Sends a message, the reply to which is to have this code.
    fn data(&mut self, header: &str, code: u16) {
        let (text, length) = message(header);
        let reply = self.client.data(&text);
        assert_eq!(reply.code, code, "{reply:?}");
        self.refused(&reply);
        self.ledger.one("message");
        self.ledger.add("bytes", length);
        match code {
            250 => {
                self.ledger.one("msg_ok");
                self.ledger.one("queued");
            }
            400..500 => self.ledger.one("msg_defer"),
            _ => self.ledger.one("msg_reject"),
        }
    }

    fn refused(&mut self, reply: &Reply) {
        self.is_refused |= reply.code >= 400;
        if reply.text.starts_with("asked: ") {
            self.ledger.one("deny");
            self.ledger.one("deny_other");
        }
    }

    fn login(&mut self, password: &str, code: u16) {
        let words = base64(&format!("\0alice@example.org\0{password}"));
        self.says(&format!("AUTH PLAIN {words}"), code);
    }

    fn end(mut self) {
        assert_eq!(self.client.says("QUIT").code, 221);
        self.ledger.one("disconnect");
        self.ledger.add("relay", self.may_relay.into());
        self.ledger.add("refused", self.is_refused.into());
    }
}

/// What comes from outside.
fn inbound(haraka: &Haraka, auth: Auth, ledger: &mut Ledger) {
    let mut session = Session::begin(haraka, auth, ledger);
    session.says("MAIL FROM:<a@example.com>", 250);
    session.says("RCPT TO:<u@elsewhere.example>", 550);
    session.says("RCPT TO:<put-off@example.org>", 450);
    session.says("RCPT TO:<denied@example.org>", 550);
    session.says("RCPT TO:<u@example.org>", 250);
    // No plugin takes it.
    session.data("", 451);
    session.says("BLURB", 500);
    session.end();

    let mut session = Session::begin_tls(haraka, auth, ledger);
    session.says("MAIL FROM:<denied@example.com>", 550);
    session.says("MAIL FROM:<put-off@example.com>", 450);
    session.says("MAIL FROM:<let-through@example.com>", 250);
    session.says("RCPT TO:<kept@example.org>", 250);
    session.data("", 250);
    for key in ["deny", "deny_other", "deny_overridden"] {
        session.ledger.one(key);
    }
    session.end();

    let mut session = Session::begin(haraka, auth, ledger);
    for (header, code) in [("X-Asked: denied\r\n", 550), ("X-Asked: put-off\r\n", 450)] {
        session.says("MAIL FROM:<a@example.com>", 250);
        session.says("RCPT TO:<kept@example.org>", 250);
        session.data(header, code);
    }
    session.end();

    // Without TLS not every plugin lets clients log in.
    let mut session = Session::begin_tls(haraka, auth, ledger);
    session.login("wrong", 535);
    session.end();
    Session::begin(haraka, auth, ledger).end();
}

/// Senders and recipients of what is to be delivered elsewhere; those of a line are of one message.
const OUTBOUND: [(&str, &[&str]); 9] = [
    ("alice@example.org", &["taken@sink.example"]),
    ("alice@example.org", &["once-a.451.4.2.1@sink.example"]),
    ("alice@example.org", &["b.451.4.2.1@sink.example"]),
    ("alice@example.org", &["c.550.5.1.1@sink.example"]),
    ("alice@example.org", &["taken@sink.example", "d.451.4.2.1@sink.example", "e.550.5.1.1@sink.example"]),
    ("alice@example.org", &["dot-f.550.5.7.1@sink.example"]),
    ("alice.550.5.1.1@example.org", &["g.550.5.1.1@sink.example"]),
    ("alice@example.org", &["nobody@closed.example"]),
    ("alice@example.org", &["kept@loop.example"]),
];

/// What Haraka says of them in the end, and how often, counted by hand: what is given back is delivered to the sender, and what
/// is put off a second time is given back. The last session is Haraka's own.
const IN_THE_END: [(&str, usize); 5] = [
    ("delivered file", 1 + 1 + 1 + 1 + (1 + 2) + 1 + 1 + 1),
    ("Temp failing ", 1 + 1 + 1 + 1),
    ("bouncing mail: ", 1 + 1 + 2 + 1 + 2 + 1),
    ("Double bounce: ", 1),
    // Only of a session that has ended.
    ("txns", 5 + OUTBOUND.len() + 1),
];

fn outbound(haraka: &Haraka, auth: Auth, ledger: &mut Ledger) {
    for (sender, recipients) in OUTBOUND {
        let mut session = Session::begin_tls(haraka, auth, ledger);
        session.login("right", 235);
        session.says(&format!("MAIL FROM:<{sender}>"), 250);
        for recipient in recipients {
            session.says(&format!("RCPT TO:<{recipient}>"), 250);
        }
        session.data("", 250);
        session.end();
    }
}

/// What the sink saw of what Haraka delivers.
fn seen_by_the_sink(transactions: &[Transaction], ledger: &mut Ledger) {
    let mut put_off: Vec<&str> = Vec::new();
    for transaction in transactions {
        let of = |kind: u16| transaction.outcomes().filter(move |(_, code)| code / 100 == kind);
        let was_put_off = of(2).any(|(to, _)| put_off.contains(&to));
        let again = of(4).any(|(to, _)| put_off.contains(&to));
        put_off.extend(of(4).map(|(to, _)| to));
        if of(2).count() > 0 {
            ledger.one("out_delivered");
            ledger.add("out_rcpt", of(2).count().try_into().expect("a number"));
            ledger.add("out_first", (!was_put_off).into());
        }
        if of(4).count() > 0 {
            ledger.one(if again { "out_bounced" } else { "out_deferred" });
        }
        if of(5).count() > 0 {
            ledger.one("out_bounced");
            ledger.add("out_double", transaction.sender.is_empty().into());
        }
    }
}

/// What the sink cannot see: Haraka delivers to itself, with TLS, and somewhere nobody listens.
fn unseen_by_the_sink(ledger: &mut Ledger) {
    for key in ["connect", "disconnect", "tls", "txns", "rcpt_ok", "message", "msg_ok", "queued"] {
        ledger.one(key);
    }
    for key in ["out_delivered", "out_rcpt", "out_first", "out_tls"] {
        ledger.one(key);
    }
    ledger.one("out_deferred");
    ledger.one("out_bounced");
}

/// What grep and awk find is what was seen; the sums of seconds nobody but Haraka knows, so that they are added to it.
fn completed(format: &Format, log: &Path, mut seen: Seen) -> Seen {
    let Format { name, is, disconnect, .. } = format;
    let own = sum(log, &format!(r"{disconnect}.*helo{is}.?{NAME}.*bytes{is}\K[0-9]+"));
    let client = sum(log, &format!(r"{disconnect}.*helo{is}.?{HELO}.*bytes{is}\K[0-9]+"));
    assert_eq!(client, format!("{}.000", seen["bytes"]), "{name}: bytes");
    seen.insert("bytes".into(), (whole(&client) + whole(&own)).to_string());
    for (key, pattern) in [
        ("connect", format.connect.to_owned()),
        ("disconnect", disconnect.to_string()),
        ("message", format.message.to_owned()),
        ("queued", format.queued.to_owned()),
        ("deny", format.denied.to_owned()),
        ("out_delivered", format.delivered.to_owned()),
        ("out_deferred", format!("{}Temp failing ", format.outbound)),
        ("out_bounced", format!("{}bouncing mail: ", format.outbound)),
        ("out_double", format!("{}Double bounce: ", format.outbound)),
        ("auth_fail", "delaying for 1 seconds".to_owned()),
    ] {
        assert_eq!(grep(log, &pattern).to_string(), seen[key], "{name}: grep finds {key}: {pattern}");
    }
    for (key, pattern) in [
        ("session_seconds", format!(r"{disconnect}.*[ ,].?time{is}\K[0-9.]+")),
        ("data_seconds", format!(r"{}.*[ ,].?delay{is}\K[0-9.]+", format.message)),
        ("out_seconds", format!(r"{}.*[ ,].?delay{is}\K[0-9.]+", format.delivered)),
    ] {
        seen.insert(key.into(), sum(log, &pattern));
    }
    let others = grep(log, &format!("^(?!.*({}|{OF_THE_START}))", format.every));
    seen.insert("haraka_other".into(), others.to_string());
    seen
}

fn whole(sum: &str) -> u64 {
    sum.strip_suffix(".000").and_then(|number| number.parse().ok()).expect("a whole number")
}

/// Who knows the passwords in a format's session.
fn auth_of(format: &Format) -> Auth {
    if format.name == "logfmt" { Auth::Proxy } else { Auth::FlatFile }
}

/// All that was logged in `dir`, also what was rolled.
fn gathered(dir: &Path) -> Vec<u8> {
    let entries =
        fs::read_dir(dir).expect("the log's directory").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|path| name_of(path).starts_with('@')).collect();
    files.sort();
    files.push(dir.join("current"));
    // One may be renamed meanwhile: then it is looked for again.
    files.iter().flat_map(|file| fs::read(file).unwrap_or_default()).collect()
}

/// Live. The log of logfmt stands under multilog, which rolls it.
fn session(format: &Format) {
    let Some(program) = installed() else {
        recorded::said("Haraka could not be fetched from npm's registry");
        recorded_session(format);
        return;
    };
    let auth = auth_of(format);
    let dir = tempfile::tempdir().expect("a directory");
    let (log, whole) = (dir.path().join("current"), dir.path().join("whole.log"));
    let mut multilog = None;
    let stdout = if format.name == "logfmt" {
        let mut child = logger("multilog", 4_096, dir.path()).spawn().expect("multilog");
        let stdin = child.stdin.take().expect("a pipe");
        multilog = Some(child);
        Stdio::from(stdin)
    } else {
        Stdio::from(File::create(&log).expect("the log"))
    };
    let store = Store::with(&format!("logs_haraka_files = [{log:?}]"));
    let (sink, mut ledger) = (Sink::start(), Ledger::default());
    let haraka = Haraka::start(&program, format.name, auth, sink.address(), stdout);
    // Of a log that is new to it, maillogs reads nothing that was rolled before.
    wait_until("Haraka writes", || fs::metadata(&log).is_ok_and(|log| log.len() > 0));
    store.run(&["update", "haraka"]);
    inbound(&haraka, auth, &mut ledger);
    store.run(&["update", "haraka"]);
    outbound(&haraka, auth, &mut ledger);
    store.run(&["update", "haraka"]);
    wait_until("all is delivered or given back, and all sessions have ended", || {
        let text = String::from_utf8_lossy(&gathered(dir.path())).into_owned();
        IN_THE_END.iter().all(|(words, often)| text.matches(words).count() == *often)
    });
    haraka.stop();
    if let Some(mut multilog) = multilog {
        assert!(multilog.wait().expect("multilog").success());
    }
    fs::write(&whole, gathered(dir.path())).expect("the whole log");
    seen_by_the_sink(&sink.transactions(), &mut ledger);
    unseen_by_the_sink(&mut ledger);
    recorded::keep(&format!("haraka-{}", format.name), &fs::read(&whole).expect("the log"), &ledger.seen());

    let seen = completed(format, &whole, ledger.seen());
    for when in ["a query", "an update"] {
        assert_seen(&format!("{}, {when}", format.name), &Answer::parse(&store.run(&["haraka"])), &seen);
        store.run(&["update", "haraka"]);
    }
}

fn recorded_session(format: &Format) {
    let dir = tempfile::tempdir().expect("a directory");
    let (log, seen) = recorded::read(&format!("haraka-{}", format.name));
    let file = dir.path().join("log");
    fs::write(&file, &log).expect("the log");
    let seen = completed(format, &file, seen);
    let answer = in_pieces("logs_haraka_files = [\"LOG\"]\n", "haraka", &log);
    assert_seen(&format!("{}, as recorded", format.name), &answer, &seen);
}

#[test]
fn in_the_default_format() {
    session(&FORMATS[0]);
}

#[test]
fn as_logfmt_under_multilog() {
    session(&FORMATS[1]);
}

#[test]
fn as_json() {
    session(&FORMATS[2]);
}

#[test]
fn as_it_was_recorded() {
    FORMATS.iter().for_each(recorded_session);
}
