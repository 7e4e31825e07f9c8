//! Dovecot's own deliveries, by LMTP and by its LDA, with sieve scripts: what its clients were told, and what the server saw to
//! which it sends, is what is counted.

use std::fs::{self, OpenOptions};
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::conversation::address;
use crate::support::dovecot::Dovecot;
use crate::support::recorded::{Ledger, assert_seen, grep};
use crate::support::smtp::{Client, Sink, Transaction};
use crate::support::store::{Answer, Store};

/// Users with sieve scripts.
const SCRIPTS: [(&str, &str); 7] = [
    ("filed", "require \"fileinto\"; fileinto \"Filed\";"),
    ("forward", "redirect \"forwarded@sink.example\";"),
    ("forward-in-vain", "redirect \"x.550.5.1.1@sink.example\";"),
    ("discard", "discard;"),
    ("reject", "require \"reject\"; reject \"no, thank you\";"),
    ("vacation", "require \"vacation\"; vacation \"away\";"),
    ("broken", "redirect \"nobody"),
];

/// A message: see [`MESSAGES`].
type Message = (&'static str, &'static str, &'static str, usize, u16, &'static [&'static str]);

/// Messages: sender, user, Message-ID, kilobytes, the code of the reply, and the counters of what Dovecot does with it. What
/// the sink gets of it is counted there.
const MESSAGES: [Message; 14] = [
    ("a@example.com", "kept", "1", 1, 250, &["saved"]),
    ("a@example.com", "kept", "saved mail to INBOX: sieve: discarded message", 1, 250, &["saved"]),
    ("a@example.com", "filed", "3", 1, 250, &["saved"]),
    ("a@example.com", "forward", "4", 1, 250, &[]),
    ("a@example.com", "forward", "4", 1, 250, &["duplicate", "saved"]),
    ("a@example.com", "forward-in-vain", "5", 1, 250, &["saved"]),
    ("a@example.com", "discard", "6", 1, 250, &["discarded"]),
    ("rejected@sink.example", "reject", "7", 1, 250, &[]),
    ("told@sink.example", "vacation", "8", 1, 250, &["saved"]),
    // It was told already.
    ("told@sink.example", "vacation", "9", 1, 250, &["saved"]),
    // An address that does not stand in the header: nobody is told.
    ("untold@sink.example", "vacation+other", "10", 1, 250, &["saved"]),
    // Its script is no script.
    ("a@example.com", "broken", "11", 1, 250, &["saved"]),
    ("a@example.com", "kept", "12", 200, 552, &["quota"]),
    ("a@example.com", "closed", "13", 1, 451, &["failed"]),
];

fn configuration(mail: &Path, old: bool, lmtp: SocketAddrV4, sink: SocketAddrV4) -> String {
    for (user, script) in SCRIPTS {
        let home = mail.join(format!("{user}@example.org"));
        fs::create_dir(&home).expect("mkdir");
        fs::write(home.join(".dovecot.sieve"), script).expect("a script");
    }
    // A file stands where a directory of its Maildir is to be made.
    fs::create_dir_all(mail.join("closed@example.org/Maildir")).expect("mkdir");
    fs::write(mail.join("closed@example.org/Maildir/tmp"), "").expect("a file");
    if nix::unistd::geteuid().is_root() {
        let owned = Command::new("chown").args(["-R", "mail:mail"]).arg(mail).status().expect("chown");
        assert!(owned.success());
    }
    let dialect = if old {
        "mail_location = maildir:~/Maildir
plugin {
  sieve = file:~/scripts;active=~/.dovecot.sieve
  quota = count:all
  quota_vsizes = yes
  quota_rule = *:storage=100K
}
protocol lmtp {
  mail_plugins = sieve quota
}"
    } else {
        "mail_path = ~/Maildir
sieve_script personal {
  driver = file
  path = ~/scripts
  active_path = ~/.dovecot.sieve
}
quota all {
  driver = count
  storage_size = 100K
  storage_grace = 0
}
userdb static {
  userdb_static_allow_all_users = yes
}
protocol lmtp {
  mail_plugins {
    sieve = yes
    quota = yes
  }
}"
    };
    format!(
        "{dialect}
protocols = imap lmtp
postmaster_address = postmaster@example.org
recipient_delimiter = +
lda_mailbox_autocreate = yes
submission_host = {sink}
service lmtp {{
  inet_listener lmtp {{
    listen = {ip}
    port = {port}
  }}
}}
",
        ip = lmtp.ip(),
        port = lmtp.port()
    )
    .replace("    listen =", if old { "    address =" } else { "    listen =" })
}

/// What arrived where Dovecot sends to: a forwarded message, a rejection, a reply.
fn seen_by_the_sink(transactions: &[Transaction], ledger: &mut Ledger) {
    for (recipient, code) in transactions.iter().flat_map(Transaction::outcomes) {
        match (recipient, code) {
            ("forwarded@sink.example", 250) => ledger.one("forwarded"),
            ("rejected@sink.example", 250) => ledger.one("rejected"),
            ("told@sink.example", 250) => ledger.one("vacation"),
            ("x.550.5.1.1@sink.example", 550) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn message(user: &str, id: &str, kilobytes: usize) -> String {
    let to = user.split('+').next().unwrap_or(user);
    let to = if to == user { to } else { "others" };
    let body = "x".repeat(62) + "\r\n";
    format!(
        "From: a@example.com\r\nTo: <{to}@example.org>\r\nMessage-ID: <{id}@example.com>\r\nSubject: s\r\n\r\n{}",
        body.repeat(16 * kilobytes)
    )
}

#[test]
fn by_lmtp_and_lda_with_sieve() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("dovecot.log");
    let open = || Stdio::from(OpenOptions::new().create(true).append(true).open(&log).expect("the log"));
    let store = Store::with(&format!("logs_syslog = {log:?}"));
    let (sink, lmtp, mut ledger) = (Sink::start(), address(), Ledger::default());
    let mut dovecot = Dovecot::start_with(open(), |mail, old| configuration(mail, old, lmtp, sink.address()));
    dovecot.wait_until_it_runs(|| fs::read_to_string(&log).unwrap_or_default());
    store.run(&["update", "delivery"]);
    for (sender, user, id, kilobytes, code, counters) in MESSAGES {
        let mut client = Client::lmtp(lmtp);
        assert_eq!(client.says(&format!("MAIL FROM:<{sender}>")).code, 250);
        let mut reply = client.says(&format!("RCPT TO:<{user}@example.org>"));
        if reply.code == 250 {
            reply = client.data(&message(user, id, kilobytes));
        }
        let text = || fs::read_to_string(&log).unwrap_or_default();
        assert_eq!(reply.code, code, "{user}: {reply:?}: {}", text());
        counters.iter().for_each(|counter| ledger.one(counter));
        client.says("QUIT");
    }
    store.run(&["update", "delivery"]);
    for id in ["14", "15"] {
        dovecot.lda("kept@example.org", &message("kept", id, 1), open());
        ledger.one("saved");
    }
    dovecot.stop();
    seen_by_the_sink(&sink.transactions(), &mut ledger);
    let text = fs::read_to_string(&log).expect("the log");
    for (key, pattern) in [
        ("saved", ": (saved mail to INBOX|stored mail into mailbox '?[A-Z][A-Za-z]+'?)$"),
        ("forwarded", ": forwarded to <forwarded@sink.example>$"),
        ("duplicate", ": discarded duplicate forward to <"),
        ("rejected", ": rejected message from <"),
        ("vacation", ": sent vacation response to <"),
        ("quota", ": Quota exceeded"),
    ] {
        assert_eq!(grep(&log, pattern), ledger.get(key), "grep: {key} in\n{text}");
    }
    for when in ["a query", "an update"] {
        let answer = Answer::parse(&store.run(&["delivery"]));
        assert_seen(&format!("{when}, of\n{text}"), &answer, &ledger.seen());
        store.run(&["update", "delivery"]);
    }
}
