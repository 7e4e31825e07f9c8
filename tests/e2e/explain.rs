//! `maillogs explain`: what a line counts, and by which rule. What is expected is decided by hand, by `sort | uniq -c`, or by
//! what an update of the same log counts.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, stderr};

/// `maillogs explain WORDS` with `input` on its standard input.
fn explain(store: &Store, words: &[&str], input: &[u8]) -> Output {
    let mut child = store
        .command(MAILLOGS)
        .arg("explain")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("maillogs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // Who has understood the command line wrongly does not read.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("maillogs");
    writer.join().expect("writing");
    output
}

/// Its standard output; it has to succeed.
fn said(store: &Store, words: &[&str], input: &[u8]) -> String {
    let output = explain(store, words, input);
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Lines of ten programs, and what stands in the block of each.
const TEN: [(&str, &[&str]); 10] = [
    (
        "@400000006abaeefa03d5e41f delivery 7: failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_550_5.1.1_<u@example.org>:_User_unknown/Giving_up_on_192.0.2.2./",
        &[
            "time          2026-09-28 22:49:20; counts in the minute 2026-09-28 22:49",
            "send          delivery 1, delivery_failure 1  (as a log of its own)",
            "reasons       why_user_unknown 1",
            "class user_unknown: no such mailbox, or it is closed",
            "phase rcpt, code 550, status 5.1.1",
            "to do: clean the list of recipients; many at once hurt the reputation",
            "verdict       counted",
        ],
    ),
    (
        "@400000006abaeefa03d5e41f CHKUSER accepted sender: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <> : sender accepted",
        &["rbl           count 1, sender_accepted 1  (as a log of its own)", "verdict       counted"],
    ),
    (
        "2026-11-28T18:00:01Z mx1 vpopmail[7009]: vchkpw-smtp: password fail alice@example.org:192.0.2.7",
        &[
            "time          2026-11-28 18:00:01; counts in the minute 2026-11-28 18:00",
            "host          mx1",
            "program       vpopmail",
            "text          vchkpw-smtp: password fail alice@example.org:192.0.2.7",
            "smtp          smtp_auth_connect 1, smtp_auth_fail 1  (as syslog)",
            "counts the same if it is cut behind \"vchkpw-smtp:\"",
        ],
    ),
    (
        "2026-11-28T18:00:02Z mx1 dovecot: imap-login: Login: user=<alice@example.org>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, mpid=7, TLS, session=<a>",
        &["program       dovecot", "imap          imap_ssl_success 1, imap_ssl_connect 1  (as syslog)"],
    ),
    (
        "2026-11-28T18:00:03Z mx1 dovecot: lmtp(u@example.org)<7><S1>: msgid=<o@example.com>: saved mail to INBOX",
        &["delivery      saved 1  (as syslog)"],
    ),
    (
        "2026-11-28T18:00:04Z mx1 postfix/smtp[7]: 4AFE: to=<u@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1.5, delays=1/0/0/0.5, dsn=2.0.0, status=sent (250 ok)",
        &["program       postfix/smtp", "postfix       sent 1, delay_sum 1.5  (as syslog)"],
    ),
    (
        "2026-11-28T18:00:05Z mx1 dovecot: submission-login: Words of tomorrow: user=<alice@example.org>",
        &["verdict       not understood"],
    ),
    ("2026-11-28T18:00:06Z mx1 sshd[7]: Accepted publickey for root", &["verdict       of another program"]),
    (
        "2026-11-28T18:00:07Z mx1 qmail: new msg 7",
        &[
            "note          send would understand it, but does not read syslog",
            "verdict       of another program",
        ],
    ),
    (
        "2026-11-28T18:00:08Z mx1 dovecot: imap-login: ID sent: name=x: user=<>, rip=192.0.2.7, lip=192.0.2.1",
        &["imap          nothing  (as syslog)", "verdict       understood, counts nothing"],
    ),
];

#[test]
fn ten_lines_of_ten_programs() {
    let store = Store::new();
    let log: String = TEN.iter().map(|(line, _)| format!("{line}\n")).collect();
    let text = said(&store, &[], log.as_bytes());
    let blocks: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(blocks.len(), 11, "{text}");
    for (n, ((line, rows), block)) in TEN.iter().zip(&blocks).enumerate() {
        assert!(block.starts_with(&format!("-:{}\n", n + 1)), "{block}");
        for row in *rows {
            assert!(block.contains(row), "{row}\n{line}\n{block}");
        }
    }
    // The rule is the one that stands at that line of the table.
    let table = include_str!("../../src/protocol/reasons/reasons.toml");
    let line = blocks[0].split(", line ").nth(1).expect("a line").split(' ').next().expect("a number");
    let line: usize = line.parse().expect("a number");
    assert_eq!(table.lines().nth(line - 1), Some("[[reply]]"), "{}", blocks[0]);
    assert_eq!(table.lines().nth(line), Some("class = \"user_unknown\""), "{}", blocks[0]);
    let summary = blocks[10];
    for row in [
        "Lines: 10",
        "6  counted",
        "1  understood, count nothing",
        "1  not understood",
        "2  of other programs",
    ] {
        assert!(summary.contains(row), "{row}\n{summary}");
    }
    // One line alone has no summary.
    let one = said(&store, &[], format!("{}\n", TEN[2].0).as_bytes());
    assert!(one.contains("smtp_auth_fail 1") && !one.contains("Lines:"), "{one}");
}

#[test]
fn definitions_of_toaster_conf_say_whether_their_match_hits() {
    let store = Store::with(
        "[[rbl]]\nname = \"example\"\nmatch = 'dnsbl\\.example\\.net'\n\
         [[rbl]]\nname = \"second\"\nmatch = 'example'\n\
         [[counter]]\nprotocol = \"rbl\"\nname = \"bounced_off\"\nmatch = 'pid (\\d+)'\nsum = 1\n\
         [protocol.opendkim]\nsource = \"syslog\"\n\
         [[counter]]\nprotocol = \"opendkim\"\nname = \"signed\"\ntag = \"opendkim\"\nmatch = 'DKIM-Signature field added'\n",
    );
    let log = "@400000006abaeefa03d5e41f rblsmtpd: 198.51.100.77 pid 7: 451 see http://dnsbl.example.net/x\n\
               @400000006abaeefa03d5e41f tcpserver: ok 7 example:192.0.2.1:25 :198.51.100.4::1\n\
               2026-11-28T18:00:01Z mx1 opendkim[3]: 4AFE: DKIM-Signature field added (s=a, d=example.org)\n\
               2026-11-28T18:00:01Z mx1 other[3]: 4AFE: DKIM-Signature field added\n";
    let text = said(&store, &["--protocol", "rbl", "--protocol", "opendkim"], log.as_bytes());
    for row in [
        "[[rbl]]       example: match hits \"dnsbl.example.net\"; counts",
        "[[rbl]]       second: match hits \"example\"; does not count: the list example hits before it",
        "[[rbl]]       second: match hits \"example\"; does not count: the line does not say that a list turned a client away",
        "[[counter]]   bounced_off of rbl: match hits \"pid 7\"; counts, and adds 7 (sum captures \"7\")",
        "[[counter]]   signed of opendkim: match hits \"DKIM-Signature field added\"; counts",
        "[[counter]]   signed of opendkim: match hits \"DKIM-Signature field added\"; does not count: tag = \"opendkim\" is another program",
        "opendkim      signed 1  (as syslog)",
        "bounced_off 7, bounced_off_lines 1",
        "        1         1  [[rbl]] example",
        "        2         1  [[counter]] signed of opendkim",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
}

#[test]
fn what_nothing_understood_is_grouped_as_sort_and_uniq_group_it() {
    let store = Store::new();
    let mut log = String::new();
    let mut state = 7u64;
    for _ in 0..3_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (n, kind) = (state >> 40, state >> 60);
        let text = match kind {
            0..=6 => format!("sshd[{n}]: closed by 192.0.2.{} port {n}", n % 256),
            7..=10 => format!("cron[{n}]: job {n} of mx{}.example.org", n % 7),
            11 => format!("dovecot: submission-login: Words of tomorrow: user=<u{n}@example.org>"),
            12 => format!("dovecot: submission-login: Words of the day after {n}: user=<u@example.org>"),
            _ => "vpopmail[1]: vchkpw-smtp: password fail alice@example.org:192.0.2.7".to_owned(),
        };
        log += &format!("2026-11-28T18:00:01Z mx1 {text}\n");
    }
    let text = said(&store, &["--unknown"], log.as_bytes());
    let file = store.path("log.txt");
    fs::write(&file, &log).expect("a file");
    // The placeholders once more, as sed writes them; the classifiers' part is grep's.
    let sed = r"s/^[^ ]* mx1 //; s/\[[0-9]*\]: /: /; s/<[^>]*@[^>]*>/<{mail}>/; s/[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/{ip}/; s/mx[0-9]\.example\.org/{host}/; s/\b[0-9]+\b/{n}/g";
    let by_hand = |pattern: &str| -> Vec<String> {
        let script = format!("grep -E '{pattern}' \"$1\" | sed -E '{sed}' | sort | uniq -c | sort -rn");
        let output = Command::new("sh").args(["-c", &script, "sh"]).arg(&file).output().expect("sh");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| line.trim().replacen(' ', "  ", 1)).collect()
    };
    let (unknown, foreign) = text.split_once("\n\n").expect("two groups");
    for (group, pattern, heading) in [
        (unknown, "dovecot", "Not understood, by shape: "),
        (foreign, "sshd|cron", "Of other programs, which no protocol counts, by shape: "),
    ] {
        let expected = by_hand(pattern);
        assert_eq!(expected.len(), 2, "{expected:?}");
        let mut lines = group.lines();
        let lines_of_all: u64 = expected
            .iter()
            .map(|line| line.split(' ').next().expect("a number").parse::<u64>().expect("a number"))
            .sum();
        assert_eq!(lines.next(), Some(&*format!("{heading}{lines_of_all} lines")));
        for (line, expected) in lines.zip(&expected) {
            assert!(line.trim().starts_with(&format!("{expected}  (-:")), "{expected}\n{line}");
        }
    }
    assert!(!text.contains("password fail"), "{text}");
}

#[test]
fn a_day_of_the_archive_plain_and_packed_is_as_its_lines() {
    let store = Store::new();
    let log = include_bytes!("../data/samples/qmail-send/classic.log");
    assert!(store.postprocess(log).status.success());
    let days = store.archive();
    let mut compared = 0;
    for (day, lines) in &days {
        let date = day.replace('/', "-");
        let plain = store.base().join(day).join("sendlog");
        let by_stdin = said(&store, &["--protocol", "send"], lines);
        let by_day = said(&store, &["--archive", &date], b"");
        let name = plain.display().to_string();
        assert_same_bytes(&date, by_day.replace(&name, "-").as_bytes(), by_stdin.as_bytes());
        let by_file = said(&store, &[&name], b"");
        assert_same_bytes(
            "the file by its name",
            by_file.replace(&name, "-").as_bytes(),
            by_stdin.as_bytes(),
        );
        // Packed by the real programs.
        for (program, end) in [("gzip", "gz"), ("zstd", "zst")] {
            let packed = format!("{name}.{end}");
            let status = Command::new(program)
                .args(["-q", "-c"])
                .arg(&plain)
                .stdout(fs::File::create(&packed).expect("a file"))
                .status();
            assert!(status.expect(program).success());
            fs::rename(&plain, store.path("away")).expect("rename");
            let by_day = said(&store, &["--archive", &date], b"");
            assert_same_bytes(&packed, by_day.replace(&packed, "-").as_bytes(), by_stdin.as_bytes());
            fs::rename(store.path("away"), &plain).expect("rename");
            fs::remove_file(&packed).expect("remove");
            compared += 1;
        }
    }
    assert!(compared >= 2, "{days:?}");
    let none = explain(&store, &["--archive", "1999-01-01"], b"");
    assert_eq!((none.status.code(), &none.stdout[..]), (Some(1), &b""[..]));
    assert!(stderr(&none).contains("1999/01/01"), "{}", stderr(&none));
}

#[test]
fn hostile_lines_reach_no_terminal_and_passwords_nobody() {
    let store =
        Store::with("[[counter]]\nprotocol = \"smtp\"\nname = \"fails\"\nmatch = 'password fail .*'\n");
    let log = b"2026-11-28T18:00:01Z mx1 vpopmail[7]: vchkpw-smtp: password fail (pass: 'geh'eim') u@example.org:192.0.2.7\n\
        2026-11-28T18:00:01Z mx1 dovecot: auth: sql(u): Password mismatch (given password: geheim)\n\
        2026-11-28T18:00:01Z mx1 evil\x1b[2J: \x1b]0;x\x07 \xff\xfe\x9b31m \xe2\x80\xae password=geheim\n\
        \x1b[2J nothing \x00 password: geheim";
    for words in
        [&[][..], &["--unknown"], &["--format", "json"], &["--unknown", "--format", "json"], &["--summary"]]
    {
        let output = explain(&store, words, log);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!text.contains("geh") && !text.contains("eim"), "{words:?}: {text}");
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(acts), "{words:?}: {text:?}");
    }
    let text = said(&store, &[], log);
    for row in [
        "text          vchkpw-smtp: password fail (pass: ***) u@example.org:192.0.2.7",
        "[[counter]]   fails of smtp: match hits \"password fail (pass: ***) u@example.org:192.0.2.7\"; counts",
        "Password mismatch (given password: ***)",
        "\\x1b]0;x\\x07",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
    // A file may be called anything.
    let name = "\u{1b}[2Jlog";
    fs::write(store.path(name), log).expect("a file");
    let text = said(&store, &[name], b"");
    assert!(text.starts_with("\\x1b[2Jlog:1\n"), "{text:?}");
}

/// The lines of all samples that a syslogd wrote, those that tell of repetitions among them.
fn mixed() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut files: Vec<_> = fs::read_dir(root)
        .expect("samples")
        .flat_map(|folder| fs::read_dir(folder.expect("a folder").path()).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    files.sort();
    let mut log = Vec::new();
    for file in files {
        let text = fs::read(file).expect("a sample");
        for line in text.split_inclusive(|b| *b == b'\n') {
            let is_dated = line.first().is_some_and(u8::is_ascii_uppercase) && line.get(3) == Some(&b' ');
            if is_dated || line.get(10) == Some(&b'T') {
                log.extend_from_slice(line);
            }
        }
    }
    for n in 1..60 {
        log.extend_from_slice(
            format!(
                "2026-11-28T18:00:{n:02}Z mx1 vpopmail[7]: vchkpw-smtp: password fail a@example.org:192.0.2.7\n\
                 2026-11-28T18:00:{n:02}Z mx{} last message repeated {n} times\n\
                 2026-11-28T18:00:{n:02}Z mx1 vpopmail[7]: message repeated 2 times: [ vchkpw-pop3: password fail a@example.org:192.0.2.7]\n",
                n % 3
            )
            .as_bytes(),
        );
    }
    log
}

#[test]
fn the_sums_are_what_an_update_of_the_same_log_counts() {
    let store = Store::with(&format!(
        "send_log_method = \"syslog\"\nsmtpd_log_method = \"syslog\"\npop3_log_method = \"syslog\"\n\
         logs_spamdyke = \"syslog\"\nlogs_vchkpw_ports = {{ 2525 = \"smtp\" }}\nlogs_syslog = {:?}\n\
         [[rbl]]\nname = \"mine\"\nmatch = 'spamhaus'\n\
         [[counter]]\nprotocol = \"imap\"\nname = \"seconds\"\nmatch = ' in ([0-9.]+) seconds'\nsum = 1\n",
        "maillog"
    ));
    // The path is one below logs_base if it is relative; here it has to be whole.
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let config = config.replace("\"maillog\"", &format!("{:?}", store.syslog()));
    fs::write(store.config(), config).expect("toaster.conf");
    let log = mixed();
    fs::write(store.syslog(), &log).expect("a log");
    store.run(&["update"]);
    let name = store.syslog().display().to_string();
    let text = said(&store, &["--summary", "--format", "json", &name], b"");
    let summary: Value = serde_json::from_str(&text).expect("JSON");
    let summary = &summary["summary"];
    assert_eq!(summary["lines"], log.iter().filter(|b| **b == b'\n').count());
    let names = [
        "send",
        "reasons",
        "rbl",
        "smtp",
        "pop3",
        "imap",
        "webmail",
        "spamassassin",
        "qmailscanner",
        "delivery",
        "postfix",
        "haraka",
        "rspamd",
    ];
    let mut moved = 0;
    for name in names {
        let answer = Answer::parse(&store.run(&[name]));
        let help = store.run(&[name, "--help"]);
        let counters = summary["counters"][name].as_object().cloned().unwrap_or_default();
        for key in answer.keys() {
            // What the last full minute had, and what is computed from others, is no sum.
            let about = help.split(&format!("\n  {key} ")).nth(1).expect("a key of the help");
            let end = about.match_indices("\n  ").find(|(at, _)| about.as_bytes().get(at + 3) != Some(&b' '));
            let about = end.map_or(about, |(at, _)| &about[..at]);
            if about.contains("(gauge)")
                || about.split_whitespace().collect::<Vec<_>>().join(" ").contains("(computed from others)")
            {
                continue;
            }
            let ours = counters.get(key).map_or("0".to_owned(), Value::to_string);
            assert_eq!(ours, answer.text(key), "{name} {key}");
            moved += usize::from(ours != "0");
        }
    }
    assert!(moved > 150, "{moved}");
}

#[test]
fn exit_codes_and_what_is_refused() {
    let store = Store::new();
    for words in [
        &["--archive", "2026-02-30"][..],
        &["--archive", "2026-11-28", "file"],
        &["--protocol", "nonsense"],
        &["--unknown", "--summary"],
    ] {
        assert_eq!(explain(&store, words, b"").status.code(), Some(2), "{words:?}");
    }
    let missing = explain(&store, &["none", "-"], b"@400000006abaeefa03d5e41f new msg 1\n");
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("none: cannot open"), "{}", stderr(&missing));
    assert!(String::from_utf8_lossy(&missing.stdout).contains("message_new 1"));
    let nothing = explain(&store, &[], b"");
    assert_eq!(
        (nothing.status.code(), &*String::from_utf8_lossy(&nothing.stdout)),
        (Some(0), "Lines: 0\nCounters: none moved\n")
    );
    // It leaves nothing behind.
    let below: Vec<_> =
        fs::read_dir(store.base()).expect("logs_base").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(below, ["send"]);
}

/// A server that refuses often says who it is. A client can put the same words into an address, and nowhere else.
#[test]
fn whose_words_a_reply_has_is_told_and_not_counted() {
    let store = Store::new();
    let line = |reply: &str| {
        format!(
            "@400000006abaeefa03d5e41f delivery 7: failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_{reply}/Giving_up_on_192.0.2.2./\n"
        )
    };
    for (reply, service) in [
        ("550-5.1.1_No_such_user./550_5.1.1_see_x7_-_gsmtp", Some("google")),
        ("550_5.4.1_Access_denied._[CY4.namprd05.prod.outlook.com]", Some("microsoft")),
        ("550_5.1.1_<senders.yahooinc.com@example.org>:_User_unknown", None),
        ("550_5.1.1_\"support.apple.com/\"@example.org:_User_unknown", None),
        ("550_5.1.1_User_unknown", None),
    ] {
        let text = said(&store, &[], line(reply).as_bytes());
        let rows: Vec<&str> = text.lines().filter(|row| row.contains("signed: ")).collect();
        match service {
            Some(service) => {
                assert_eq!(rows.len(), 1, "{text}");
                assert!(rows[0].contains(&format!("words of {service} in it")), "{text}");
            }
            None => assert!(rows.is_empty(), "{text}"),
        }
        assert!(text.contains("providers     to_unseen 1"), "{text}");
        let json: Value = serde_json::from_str(
            said(&store, &["--format", "json"], line(reply).as_bytes()).lines().next().expect("a line"),
        )
        .expect("JSON");
        let parts = json["protocols"].as_array().expect("parts");
        let reasons = parts.iter().find(|part| part["name"] == "reasons").expect("reasons");
        assert_eq!(reasons["signed"].as_str(), service, "{json}");
    }
}
