//! The counter files that the Perl maillogs left: their values go on, and nothing that it counted counts again.

use std::fs;
use std::path::PathBuf;

use crate::support::store::{Answer, Store, stderr};

/// A store as the Perl program left it: counter files and a syslog file whose lines it has counted.
fn left_by_perl(files: &[(&str, &str)]) -> (Store, PathBuf) {
    let store = Store::with_syslog();
    let syslog = store.syslog();
    fs::write(&syslog, LOGINS.repeat(10)).expect("the syslog");
    fs::create_dir(store.path("log/counters")).expect("mkdir");
    for (name, text) in files {
        fs::write(store.path("log/counters").join(name), text).expect("a counter file");
    }
    (store, syslog)
}

const LOGINS: &str = "\
Sep 28 22:45:00 mx1 vpopmail[7000]: vchkpw-smtp: (PLAIN) login success alice@example.org:192.0.2.7
Sep 28 22:45:06 mx1 vpopmail[7006]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7
Sep 28 22:45:02 mx1 imapd-ssl: LOGIN, user=alice@example.org, ip=[192.0.2.7], port=[40002], protocol=IMAP
Feb 21 10:24:41 mx1 sqwebmaild: LOGIN, user=alice@example.net, ip=[192.0.2.209]
Sep 28 22:51:04 mx1 spamd[8004]: spamd: clean message (-1.2/5.0) for alice:89 in 1.9 seconds, 4120 bytes.
Sep 28 22:52:06 mx1 qmail-scanner[4006]: Clear:RC:1(192.0.2.7): 0.095255 1371 alice@example.org bob@example.com x <a6@example.com> 1
";

/// Protocol, key, value in the file, what one block of [`LOGINS`] raises.
const FIVE: [(&str, &str, u64, u64); 9] = [
    ("smtp", "smtp_auth_connect", 120, 1),
    ("smtp", "smtp_auth_success", 100, 1),
    ("pop3", "pop3_success", 70, 1),
    ("imap", "imap_ssl_success", 33, 1),
    ("webmail", "webmail_success", 12, 1),
    ("spamassassin", "sa_ham", 4_294_967_290, 1),
    ("spamassassin", "sa_spam", 17, 0),
    ("qmailscanner", "qs_clean", 55, 1),
    ("qmailscanner", "qs_virii", 3, 0),
];

fn ask(store: &Store, protocol: &str, key: &str) -> u64 {
    Answer::parse(&store.run(&[protocol])).text(key).parse().expect("a whole number")
}

#[test]
fn the_files_of_5_go_on_and_syslog_is_read_from_its_end() {
    let (store, syslog) = left_by_perl(&[
        ("smtp_auth.txt", "connect:120\nsuccess:100\ncreated:1120000000\nconnect_last:5\nsuccess_last:4\n"),
        ("pop3.txt", "pop3_success:70\npop3_connect:80\n"),
        ("imap.txt", "imap_success:1\nimap_ssl_success:33\n"),
        ("webmail.txt", "connect:20\nsuccess:12\n"),
        ("spam.txt", "sa_spam:17\nsa_ham:4294967290\navg_spam_score:1250\nthreshhold:500\n"),
        ("virus.txt", "qs_clean:55\nqs_virus:3\n"),
    ]);
    for (protocol, key, value, _) in FIVE {
        assert_eq!(ask(&store, protocol, key), value, "{protocol} {key} before the first update");
    }
    store.run(&["update"]);
    for (protocol, key, value, _) in FIVE {
        assert_eq!(ask(&store, protocol, key), value, "{protocol} {key} after it");
    }
    let mut text = fs::read_to_string(&syslog).expect("the syslog");
    text += LOGINS;
    fs::write(&syslog, text).expect("the syslog");
    for (protocol, key, value, more) in FIVE {
        assert_eq!(ask(&store, protocol, key), value + more, "{protocol} {key}: a query");
    }
    store.run(&["update"]);
    for (protocol, key, value, more) in FIVE {
        assert_eq!(ask(&store, protocol, key), value + more, "{protocol} {key}: an update");
    }
    // Other pollers read the files: their names stay, and what else stood there.
    let auth = fs::read_to_string(store.path("log/counters/smtp_auth.txt")).expect("smtp_auth.txt");
    for line in ["connect:121", "success:101", "created:1120000000", "connect_last:5", "success_last:4"] {
        assert!(auth.lines().any(|l| l == line), "{line} in {auth}");
    }
    let virus = fs::read_to_string(store.path("log/counters/virus.txt")).expect("virus.txt");
    assert!(virus.lines().any(|l| l == "qs_virus:3"), "{virus}");
}

#[test]
fn the_file_of_4_holds_two_protocols() {
    let rbl = "smtp_block_spamhaus:40\nsmtp_block_spamcop:7\nsmtp_auth_connect:300\nsmtp_auth_success:200\ncreated:1100000000\n";
    let (store, _) = left_by_perl(&[("smtp_rbl.txt", rbl), ("spam.txt", "sa_clean:9\nsa_spam:1\n")]);
    store.run(&["update"]);
    assert_eq!(ask(&store, "rbl", "spamhaus"), 40);
    assert_eq!(ask(&store, "rbl", "spamcop"), 7);
    assert_eq!(ask(&store, "smtp", "smtp_auth_connect"), 300);
    assert_eq!(ask(&store, "smtp", "smtp_auth_success"), 200);
    assert_eq!(ask(&store, "spamassassin", "sa_ham"), 9);
}

#[test]
fn the_names_that_5_used_when_toaster_conf_was_silent_are_found() {
    let (store, _) = left_by_perl(&[
        ("rbl.txt", "spamhaus:41\ncount:100\n"),
        ("smtp.txt", "connect:3\nsuccess:2\n"),
        ("web.txt", "connect:6\nsuccess:5\n"),
    ]);
    let said = stderr(&store.maillogs(&["update"]));
    assert!(said.contains("rbl.txt"), "{said}");
    assert_eq!(ask(&store, "rbl", "spamhaus"), 41);
    assert_eq!(ask(&store, "smtp", "smtp_auth_success"), 2);
    assert_eq!(ask(&store, "webmail", "webmail_connect"), 6);
    assert_eq!(
        fs::read_to_string(store.path("log/counters/web.txt")).expect("web.txt"),
        "connect:6\nsuccess:5\n"
    );
}

#[test]
fn without_perls_files_syslog_counts_from_its_beginning() {
    let (store, _) = left_by_perl(&[]);
    store.run(&["update"]);
    assert_eq!(ask(&store, "smtp", "smtp_auth_success"), 10);
    assert_eq!(ask(&store, "spamassassin", "sa_ham"), 10);
}

#[test]
fn current_is_counted_from_its_beginning_and_orphans_are_known() {
    let (store, _) = left_by_perl(&[("smtp_rbl.txt", "count:1000\nspamhaus:10\n")]);
    let dir = store.path("log/smtp");
    fs::create_dir(&dir).expect("mkdir");
    let line = |n: u32| {
        format!(
            "@400000006abaee{n:02x}1529cb14 rblsmtpd: 192.0.2.54 pid 9: 451 https://www.spamhaus.org/{n}\n"
        )
    };
    fs::write(dir.join("@400000006abaed0000000000.u"), line(1)).expect("an orphan");
    fs::write(dir.join("current"), line(2) + &line(3)).expect("current");
    store.run(&["update"]);
    assert_eq!(ask(&store, "rbl", "spamhaus"), 12);
    assert_eq!(ask(&store, "rbl", "count"), 1002);
}
