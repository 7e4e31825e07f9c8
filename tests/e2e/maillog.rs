//! The six protocols that live in syslog, on one mixed maillog of 10 MB, against one `grep` command each.
//!
//! The commands are the rules of the counters written once more, as regular expressions of grep -P. They share
//! nothing with the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::store::{Answer, Store};

const SIZE: usize = 10_000_000;
const SEED: u64 = 20_260_928;

/// Lines of every program's samples as a syslogd writes them, and of programs that are not ours.
fn sample_lines() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut lines = Vec::new();
    for folder in ["courier", "dovecot", "vchkpw", "webmail", "spamd", "qmail-scanner", "other"] {
        let mut files: Vec<_> = fs::read_dir(root.join(folder))
            .expect("samples")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "log"))
            .collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(file).expect("a sample");
            lines.extend(text.lines().filter(|line| has_header(line)).map(str::to_owned));
        }
    }
    assert!(lines.len() > 250, "{} lines", lines.len());
    for n in 0..40 {
        lines.push(format!("Sep 28 22:45:{n:02} mx1 kernel: [12345.{n}] eth0: link up, 1000 Mbps"));
        lines.push(format!("Sep 28 22:45:{n:02} mx1 cron[{n}]: (root) CMD (vchkpw-smtp: login success)"));
        lines.push(format!(
            "Sep 28 22:45:{n:02} mx1 sshd[{n}]: Failed password for LOGIN, user=x from 192.0.2.{n}"
        ));
    }
    lines
}

/// Does it begin as syslogd's lines do? Repetitions depend on the line before and are not of this test.
fn has_header(line: &str) -> bool {
    let dated = line.trim_start_matches(|c: char| c == '<' || c == '>' || c.is_ascii_digit());
    let month = line.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
        || (dated.len() < line.len() && line.starts_with('<'));
    (month || line.as_bytes().get(10) == Some(&b'T'))
        && !line.contains("repeated")
        && !line.starts_with("Feb 30")
}

/// Lines picked at random, to the size wanted.
fn maillog() -> String {
    let lines = sample_lines();
    let mut state = SEED;
    let mut text = String::with_capacity(SIZE + 1000);
    while text.len() < SIZE {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text += &lines[usize::try_from(state >> 33).expect("31 bits") % lines.len()];
        text.push('\n');
    }
    text
}

/// `$H`: stamp and host. `$P`: `[PID]: `. `$T`: a byte of dovecot's head. `$E`: the head's end.
const VARIABLES: &str = r#"
H='^(?:<\d+>)?(?:(?:[A-Z][a-z][a-z] )?[A-Z][a-z][a-z] +\d+ [\d:.]+ (?:\d{4} )?|[\d-]+T[\d:.]+(?:Z|[+-][\d:]+) )(?:[^ :\[]+ )?'
P='(?:\[\d+\])?: '
T='(?:(?!: user=<|: method=|: rip=).)'
E='(?:: user=<|: method=|: rip=)'
dovecot() { echo "$H(?:dovecot$P)?(?:Info: )?$1-login: (?:Info: )?+"; }
good() { echo "$(dovecot $1)(?:(?:Login|Logged in)$E|proxy\([^)]*\): [Ss]tarted proxying to $T*$E)"; }
bad="(?:$T*(?:\(auth failed|\(authorization failed|\(proxy dest auth|\(tried to use dis|\(user disabled\)|\(password expired\)|\(login disabled\)|\([1-9]\d* authentication attempts\))$T*|Aborted login)$E"
failed() { echo "$(dovecot $1)(?!(?:Login|Logged in)$E)(?!proxy\([^)]*\): [Ss]tarted proxying to $T*$E)$bad"; }
off() { echo "$(dovecot $1)(?!$bad)(?!(?:Login|Logged in)$E|proxy\(|Error: |Warning: |Debug: |ID sent: )$T+(?=$E)(?=.* rip=)"; }
tls=' rip=[^<>]*, (?:TLS|TSL)(?:,|:| handshaking|$)'
vchkpw() { echo "${H}vpopmail${P}vchkpw-(?:$1): "; }
stdout='^[\d-]+T[\d:.]+Z (?:stdout F )?userlogins: (?:<[^>]*> )?'
ok='(?:login success |\(\S+\) login success |system password login success )'
count() { grep -acP "$1" "$LOG"; }
with() { grep -aP "$1" "$LOG" | grep -acP "$2"; }
without() { grep -aP "$1" "$LOG" | grep -avcP "$2"; }
sum() { n=0; for i in "$@"; do n=$((n + i)); done; echo $n; }
spam="(?:${H}spamd$P|${H}\[\d+\] info: )(?:spamd: )?+"
of=' \(-?[\d.]+/-?[\d.]+\) for .* in [\d.]+ seconds, \d+ bytes\.$'
"#;

const RULES: [(&str, &str, &str); 31] = [
    (
        "smtp",
        "smtp_auth_connect",
        r#"sum $(count "$(vchkpw 'smtp|smtps|submission')") $(count "$(good submission)") $(count "$(failed submission)") $(count "$(off submission)")"#,
    ),
    (
        "smtp",
        "smtp_auth_success",
        r#"sum $(count "$(vchkpw 'smtp|smtps|submission')$ok") $(count "$(good submission)")"#,
    ),
    (
        "smtp",
        "smtp_auth_fail",
        r#"sum $(count "$(vchkpw 'smtp|smtps|submission')(?!$ok)") $(count "$(failed submission)")"#,
    ),
    (
        "pop3",
        "pop3_connect",
        r#"sum $(count "$(vchkpw pop3)") $(count "$H(?:pop3d|courierpop3login|pop3login|courier-pop3d)${P}Connection, ip=") $(without "$(good pop3)" "$tls") $(without "$(failed pop3)" "$tls") $(without "$(off pop3)" "$tls")"#,
    ),
    (
        "pop3",
        "pop3_ssl_connect",
        r#"sum $(count "$(vchkpw pop3s)") $(count "${H}(?:pop3d-ssl|courier-pop3s)${P}Connection, ip=") $(with "$(good pop3)" "$tls") $(with "$(failed pop3)" "$tls") $(with "$(off pop3)" "$tls")"#,
    ),
    (
        "pop3",
        "pop3_success",
        r#"sum $(count "$(vchkpw pop3)$ok") $(count "$H(?:pop3d|courierpop3login|pop3login|courier-pop3d)${P}LOGIN, user=") $(without "$(good pop3)" "$tls")"#,
    ),
    (
        "pop3",
        "pop3_ssl_success",
        r#"sum $(count "$(vchkpw pop3s)$ok") $(count "${H}(?:pop3d-ssl|courier-pop3s)${P}LOGIN, user=") $(with "$(good pop3)" "$tls")"#,
    ),
    (
        "pop3",
        "pop3_fail",
        r#"sum $(count "$(vchkpw pop3)(?!$ok)") $(count "$H(?:pop3d|courierpop3login|pop3login|courier-pop3d)${P}LOGIN FAILED") $(without "$(failed pop3)" "$tls")"#,
    ),
    (
        "pop3",
        "pop3_ssl_fail",
        r#"sum $(count "$(vchkpw pop3s)(?!$ok)") $(count "${H}(?:pop3d-ssl|courier-pop3s)${P}LOGIN FAILED") $(with "$(failed pop3)" "$tls")"#,
    ),
    (
        "imap",
        "imap_connect",
        r#"sum $(count "$(vchkpw imap)") $(count "$H(?:imapd|imaplogin|courier-imapd)${P}Connection, ip=") $(without "$(good imap)" "$tls") $(without "$(failed imap)" "$tls") $(without "$(off imap)" "$tls")"#,
    ),
    (
        "imap",
        "imap_ssl_connect",
        r#"sum $(count "$(vchkpw imaps)") $(count "${H}(?:imapd-ssl|courier-imaps)${P}Connection, ip=") $(with "$(good imap)" "$tls") $(with "$(failed imap)" "$tls") $(with "$(off imap)" "$tls")"#,
    ),
    (
        "imap",
        "imap_success",
        r#"sum $(count "$(vchkpw imap)$ok") $(count "$H(?:imapd|imaplogin|courier-imapd)${P}LOGIN, user=") $(without "$(good imap)" "$tls")"#,
    ),
    (
        "imap",
        "imap_ssl_success",
        r#"sum $(count "$(vchkpw imaps)$ok") $(count "${H}(?:imapd-ssl|courier-imaps)${P}LOGIN, user=") $(with "$(good imap)" "$tls")"#,
    ),
    (
        "imap",
        "imap_fail",
        r#"sum $(count "$(vchkpw imap)(?!$ok)") $(count "$H(?:imapd|imaplogin|courier-imapd)${P}LOGIN FAILED") $(without "$(failed imap)" "$tls")"#,
    ),
    (
        "imap",
        "imap_ssl_fail",
        r#"sum $(count "$(vchkpw imaps)(?!$ok)") $(count "${H}(?:imapd-ssl|courier-imaps)${P}LOGIN FAILED") $(with "$(failed imap)" "$tls")"#,
    ),
    (
        "webmail",
        "webmail_connect",
        r#"sum $(count "$(vchkpw webmail)") $(count "${H}sqwebmaild${P}LOGIN(?: FAILED)?, ") $(count "$H[^ :\[]+$P(?:Successful|Failed) webmail login: by ") $(count "${H}roundcube$P(?:<[^>]*> )?(?:Successful|Failed|FAILED) login for ") $(count "$stdout(?:Successful|Failed) login for ")"#,
    ),
    (
        "webmail",
        "webmail_success",
        r#"sum $(count "$(vchkpw webmail)$ok") $(count "${H}sqwebmaild${P}LOGIN, ") $(count "$H[^ :\[]+${P}Successful webmail login: by ") $(count "${H}roundcube$P(?:<[^>]*> )?Successful login for ") $(count "${stdout}Successful login for ") $(count "${H}(?:courier-)?imapd${P}LOGIN, user=.*ip=\[(?:127\.[\d.]+|::1|::ffff:127\.[\d.]+)\](?:, (?:port|protocol|stls)=[^, ]+)*$")"#,
    ),
    (
        "webmail",
        "webmail_fail",
        r#"sum $(count "$(vchkpw webmail)(?!$ok)") $(count "${H}sqwebmaild${P}LOGIN FAILED, ") $(count "$H[^ :\[]+${P}Failed webmail login: by ") $(count "${H}roundcube$P(?:<[^>]*> )?(?:Failed|FAILED) login for ")"#,
    ),
    ("spamassassin", "sa_spam", r#"count "${spam}identified spam$of""#),
    ("spamassassin", "sa_ham", r#"count "${spam}clean message$of""#),
    ("spamassassin", "sa_other", r#"count "$spam(?!identified spam$of|clean message$of)""#),
    (
        "spamassassin",
        "spam_bytes_sum",
        r#"grep -aP "${spam}identified spam$of" "$LOG" | sed -E 's/.* ([0-9]+) bytes\.$/\1/' | awk '{ s += $1 } END { printf "%d\n", s }'"#,
    ),
    (
        "spamassassin",
        "ham_bytes_sum",
        r#"grep -aP "${spam}clean message$of" "$LOG" | sed -E 's/.* ([0-9]+) bytes\.$/\1/' | awk '{ s += $1 } END { printf "%d\n", s }'"#,
    ),
    (
        "spamassassin",
        "spam_seconds_sum",
        r#"grep -aP "${spam}identified spam$of" "$LOG" | sed -E 's/.* in ([0-9]+)\.([0-9]) seconds, [0-9]+ bytes\.$/\1\2/' | awk '{ s += $1 } END { t = sprintf("%.1f", s / 10); sub(/\.0$/, "", t); print t }'"#,
    ),
    (
        "spamassassin",
        "ham_seconds_sum",
        r#"grep -aP "${spam}clean message$of" "$LOG" | sed -E 's/.* in ([0-9]+)\.([0-9]) seconds, [0-9]+ bytes\.$/\1\2/' | awk '{ s += $1 } END { t = sprintf("%.1f", s / 10); sub(/\.0$/, "", t); print t }'"#,
    ),
    (
        "spamassassin",
        "spam_score_sum",
        r#"grep -aP "${spam}identified spam$of" "$LOG" | sed -E 's/.*identified spam \((-?[0-9]+)\.([0-9])\/.*/\1\2/' | awk '{ s += $1 } END { t = sprintf("%.1f", s / 10); sub(/\.0$/, "", t); print t }'"#,
    ),
    (
        "spamassassin",
        "ham_score_sum",
        r#"grep -aP "${spam}clean message$of" "$LOG" | sed -E 's/.*clean message \((-?[0-9]+)\.([0-9])\/.*/\1\2/' | awk '{ s += $1 } END { t = sprintf("%.1f", s / 10); sub(/\.0$/, "", t); print t }'"#,
    ),
    (
        "spamassassin",
        "threshold_sum",
        r#"grep -aP "${spam}(?:clean message|identified spam)$of" "$LOG" | sed -E 's/.*(message|spam) \(-?[0-9.]+\/([0-9]+)\.([0-9])\) for.*/\2\3/' | awk '{ s += $1 } END { t = sprintf("%.1f", s / 10); sub(/\.0$/, "", t); print t }'"#,
    ),
    ("qmailscanner", "qs_clean", r#"count "${H}qmail-scanner${P}Clear:RC:""#),
    ("qmailscanner", "qs_spam", r#"count "${H}qmail-scanner$P(?:SA:)?SPAM-(?:(?!:RC:).)*:RC:""#),
    ("qmailscanner", "qs_virii", r#"count "${H}qmail-scanner$P(?!Clear:RC:|(?:SA:)?SPAM-).*:RC:""#),
];

#[test]
fn six_protocols_as_grep_counts_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("maillog");
    fs::write(&log, maillog()).expect("the log");
    let store = Store::with(&format!("logs_syslog = {log:?}\n"));
    store.run(&["update"]);
    let mut wrong = Vec::new();
    for (protocol, key, rule) in &RULES {
        let script = format!("export LC_ALL=C\n{VARIABLES}\n{rule}\n");
        let output = Command::new("bash").args(["-c", &script]).env("LOG", &log).output().expect("bash");
        let counted = String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned();
        let answer = Answer::parse(&store.run(&[protocol]));
        let ours = answer.text(key);
        let said = String::from_utf8_lossy(&output.stderr);
        println!("{protocol:13} {key:19} grep {counted:>12}   maillogs {ours:>12}   {said}");
        if counted != ours || counted == "0" {
            wrong.push(format!("{protocol} {key}: grep {counted}, maillogs {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
