//! Several log directories of one protocol, and logs that stand in syslog instead.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Child, Stdio};

use crate::support::store::{Answer, MAILLOGS, Store};

fn value(store: &Store, protocol: &str, key: &str) -> u64 {
    Answer::parse(&store.run(&[protocol])).text(key).parse().expect("a whole number")
}

/// A multilog that rolls into `dir` by the processor `processor`, and keeps up to 100,000 chunks.
fn multilog(store: &Store, processor: &str, dir: &str) -> Child {
    let link = store.path("bin").join(processor);
    if !link.exists() {
        symlink(MAILLOGS, &link).expect("symlink");
    }
    let dir = store.base().join(dir);
    fs::create_dir_all(&dir).expect("mkdir");
    store
        .command("multilog")
        .args(["n100000", "s32768"])
        .arg(format!("!exec '{}'", link.display()))
        .arg(dir)
        .stdin(Stdio::piped())
        .spawn()
        .expect("multilog")
}

/// Line `n`, at its own second and with a number that only it has.
fn line(n: u64, text: &str) -> String {
    format!("@40000000{:08x}{n:08x} {text}\n", 1_790_635_500 + 10 + n / 50)
}

/// Two listeners that roll at the same moment, cron and a poller in between: nothing is lost, nothing doubled.
#[test]
fn two_directories_that_roll_at_once() {
    const LINES: u64 = 20_000;
    let store = Store::with("logs_smtp_dirs = [\"smtp\", \"submit\"]\n");
    let mut listeners = [multilog(&store, "smtplog", "smtp"), multilog(&store, "smtplog", "submit")];
    let texts = [
        "rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/",
        "badmailfrom: <x@example.org> at 192.0.2.7",
    ];
    std::thread::scope(|scope| {
        for (child, text) in listeners.iter_mut().zip(texts) {
            let mut stdin = child.stdin.take().expect("a pipe");
            scope.spawn(move || {
                for n in 0..LINES {
                    stdin.write_all(line(n, text).as_bytes()).expect("multilog reads");
                }
            });
        }
        scope.spawn(|| {
            let mut before = 0;
            for n in 0..15 {
                if n % 3 == 0 {
                    store.run(&["update", "rbl"]);
                }
                let count = value(&store, "rbl", "count");
                assert!(count >= before, "a query went back from {before} to {count}");
                before = count;
            }
        });
    });
    for child in &mut listeners {
        assert!(child.wait().expect("multilog").success());
    }
    store.run(&["update", "--flush"]);
    let both = ["spamhaus", "badmailfrom", "count"].map(|key| value(&store, "rbl", key));
    assert_eq!(both, [LINES, LINES, 2 * LINES]);
    // Every line of both is archived, each once.
    let mut archived: Vec<String> = Vec::new();
    for (_, day) in store.archive_of("smtplog") {
        archived.extend(String::from_utf8(day).expect("UTF-8").lines().map(str::to_owned));
    }
    for dir in ["smtp", "submit"] {
        let current = fs::read_to_string(store.base().join(dir).join("current")).expect("current");
        archived.extend(current.lines().map(str::to_owned));
    }
    let mut expected: Vec<String> =
        texts.iter().flat_map(|text| (0..LINES).map(move |n| line(n, text).trim_end().to_owned())).collect();
    archived.sort();
    expected.sort();
    assert!(archived == expected, "{} lines archived of {}", archived.len(), expected.len());
}

#[test]
fn pop3s_directory_counts_through_pop3log() {
    let store = Store::with("pop3_log_method = \"multilog\"\n");
    let mut child = multilog(&store, "pop3log", "pop3");
    let mut stdin = child.stdin.take().expect("a pipe");
    for n in 0..1000 {
        let text = match n % 4 {
            0 => "tcpserver: pid 9 from 192.0.2.7",
            1 => "vpopmail[7]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7",
            2 => "vpopmail[7]: vchkpw-pop3s: password fail alice@example.org:192.0.2.7",
            _ => "tcpserver: status: 3/40",
        };
        stdin.write_all(line(n, text).as_bytes()).expect("multilog reads");
    }
    drop(stdin);
    assert!(child.wait().expect("multilog").success());
    let keys = ["tcp_connect", "pop3_success", "pop3_ssl_fail", "tcp_status"];
    assert_eq!(keys.map(|key| value(&store, "pop3", key)), [250; 4]);
}

#[test]
fn a_protocol_of_ones_own_has_a_processor_too() {
    let own = "[protocol.gate]\nsource = \"multilog:gate\"\n[[counter]]\nprotocol = \"gate\"\nname = \"opened\"\nmatch = '^opened '\n";
    let store = Store::with(own);
    let mut child = multilog(&store, "gatelog", "gate");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text: String = (0..3000).map(|n| line(n, "opened by somebody")).collect();
    stdin.write_all(text.as_bytes()).expect("multilog reads");
    drop(stdin);
    assert!(child.wait().expect("multilog").success());
    assert_eq!(value(&store, "gate", "opened"), 3000);
    let mut archived: Vec<u8> = store.archive_of("gatelog").into_values().flatten().collect();
    archived.extend(fs::read(store.base().join("gate/current")).expect("current"));
    assert_eq!(String::from_utf8(archived).expect("UTF-8"), text);
}

#[test]
fn qmails_own_logs_in_syslog() {
    let dir = tempfile::tempdir().expect("a directory");
    let syslog = dir.path().join("maillog");
    fs::write(
        &syslog,
        "Jun 19 09:12:24 mx1 qmail: 1276913544.622077 new msg 78833\n\
         Jun 19 09:12:24 mx1 qmail: 1276913544.622512 info msg 78833: bytes 3042 from <alice@example.com> qp 44209 uid 89\n\
         Jun 19 09:12:24 mx1 qmail: 1276913544.601122 simscan:[25608]:CLEAN (0.00/0.00):3.3011s::(null):root@example.org:x@example.org\n\
         Jun 19 09:12:25 mx1 rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/\n\
         Jun 19 09:12:26 mx1 spamdyke[9]: DENIED_RDNS_MISSING from: a to: b origin_ip: 192.0.2.7 origin_rdns: x auth: y encryption: z\n\
         Jun 19 09:12:27 mx1 dovecot: imap-login: Login: user=<new msg 1>, rip=192.0.2.7\n\
         Jun 19 09:12:28 mx1 vpopmail[1]: vchkpw-smtp: (PLAIN) login success new msg 2:192.0.2.7\n",
    )
    .expect("the syslog");
    let named = format!("logs_syslog = {syslog:?}\n");
    let all = named.clone()
        + "send_log_method = \"syslog\"\nsmtpd_log_method = \"syslog\"\nlogs_spamdyke = \"syslog\"\n";
    let store = Store::with(&all);
    store.run(&["update"]);
    assert_eq!(["message_new", "message_bytes"].map(|key| value(&store, "send", key)), [1, 3042]);
    assert_eq!(
        ["ham", "spamhaus", "spamdyke_denied", "count"].map(|key| value(&store, "rbl", key)),
        [1, 1, 1, 3]
    );
    // Only spamdyke's lines where only spamdyke writes there.
    let store = Store::with(&(named.clone() + "logs_spamdyke = \"syslog\"\n"));
    assert_eq!(
        ["ham", "spamhaus", "spamdyke_denied", "count"].map(|key| value(&store, "rbl", key)),
        [0, 0, 1, 1]
    );
    assert_eq!(value(&store, "send", "message_new"), 0);
    // Nothing where toaster.conf does not say so.
    let store = Store::with(&named);
    assert_eq!(["ham", "spamdyke_denied", "count"].map(|key| value(&store, "rbl", key)), [0, 0, 0]);
}

#[test]
fn a_file_that_cannot_be_read_is_said_once_and_keeps_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
    let login =
        "Sep 28 22:45:00 mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n";
    fs::write(&good, login).expect("a log");
    fs::create_dir(&bad).expect("something that is no log");
    let store = Store::with(&format!("logs_syslog = [{bad:?}, {good:?}]\n"));
    let output = store.maillogs(&["update"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("bad") && said.contains("wait"), "{said}");
    let counted = fs::read_to_string(store.path("log/counters/smtp_auth.txt")).expect("a counter file");
    assert!(counted.contains("success:1\n"), "{counted}");
    // A query would not know what to answer: the one before may have known lines of it.
    let query = store.maillogs(&["smtp"]);
    assert_eq!((query.status.code(), query.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&query.stderr).contains("bad: cannot open"));
    let again = store.maillogs(&["update"]);
    assert_eq!(String::from_utf8_lossy(&again.stderr), "", "cron needs no second mail");
    fs::remove_dir(&bad).expect("removing it");
    fs::write(&bad, login).expect("a log");
    store.run(&["update"]);
    assert_eq!(value(&store, "smtp", "smtp_auth_success"), 2, "its lines waited");
}

#[test]
fn a_syslog_that_appears_later_counts_from_its_beginning() {
    let dir = tempfile::tempdir().expect("a directory");
    let syslog = dir.path().join("maillog");
    let store = Store::with(&format!("logs_syslog = {syslog:?}\n"));
    store.run(&["update"]);
    let login =
        "Sep 28 22:45:00 mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n";
    fs::write(&syslog, login.repeat(3)).expect("a log");
    assert_eq!(value(&store, "smtp", "smtp_auth_success"), 3);
    store.run(&["update"]);
    store.run(&["update"]);
    assert_eq!(value(&store, "smtp", "smtp_auth_success"), 3);
}
