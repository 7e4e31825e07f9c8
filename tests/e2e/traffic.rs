//! The generator's promises, checked by a pass that knows only the lines.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;

use chrono::DateTime;

use crate::support::store::{Answer, MAILLOGS, Store};
use crate::support::traffic::{LIMITS, Log, Traffic};
use crate::support::{END, count, lines, traffic};

fn text(log: &[u8]) -> impl Iterator<Item = &str> {
    lines(log).map(|line| std::str::from_utf8(line).expect("UTF-8").trim_end())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(traffic(7, 0.2, 1.0), traffic(7, 0.2, 1.0));
    assert_ne!(traffic(7, 0.2, 1.0), traffic(8, 0.2, 1.0));
}

#[test]
fn labels_rise_within_the_span() {
    let log = traffic(1, 0.5, 1.0);
    let stamps: Vec<u64> = text(&log).map(|line| count::unix_nanos(line).expect("a label")).collect();
    assert!(stamps.is_sorted_by(|before, after| before < after));
    let end = END as u64 * 1_000_000_000;
    assert!(stamps[0] >= end - 43_200_000_000_000);
    assert!(*stamps.last().expect("lines") < end);
}

#[test]
fn without_labels_the_lines_are_the_same() {
    let mut bare = Vec::new();
    let mut server = Traffic { seed: 3, end: END, days: 0.1, rate: 1.0, utc_offset: 0, labels: false };
    server.write(&mut bare).expect("writing to memory");
    let mut labelled = Vec::new();
    server.labels = true;
    let written = server.write(&mut labelled).expect("writing to memory");
    assert!(text(&labelled).map(|line| &line[26..]).eq(text(&bare)));
    assert_eq!(written, text(&bare).count() as u64);
}

/// Reads the log as a bookkeeper would and panics at the first entry that has no ground.
#[test]
fn life_cycles_are_consistent() {
    let log = traffic(5, 3.0, 1.0);
    let mut queue: HashMap<&str, &str> = HashMap::new(); // message → last event
    let mut seen_ids = HashSet::new();
    let mut reused = 0;
    let mut running: HashMap<&str, (&str, usize)> = HashMap::new(); // delivery → message, channel
    let mut in_flight = [0u32; 2];
    for line in text(&log) {
        let words: Vec<&str> = line[26..].split(' ').collect();
        match words[0] {
            "new" => {
                assert!(queue.insert(words[2], "new").is_none(), "new twice: {line}");
                reused += u32::from(!seen_ids.insert(words[2]));
            }
            "info" => {
                let message = words[2].trim_end_matches(':');
                assert_eq!(queue.insert(message, "info"), Some("new"), "{line}");
                assert!(words[4].parse::<u64>().is_ok_and(|bytes| bytes > 0), "{line}");
            }
            "starting" => {
                assert!(queue.contains_key(words[4]), "no such message: {line}");
                let channel = usize::from(words[6] == "remote");
                let delivery = words[2].trim_end_matches(':');
                let before = running.insert(delivery, (words[4], channel));
                assert!(before.is_none(), "started twice: {line}");
                in_flight[channel] += 1;
            }
            "delivery" => {
                let delivery = words[1].trim_end_matches(':');
                let (message, channel) = running.remove(delivery).expect(line);
                assert!(queue.contains_key(message), "ended before its delivery: {line}");
                assert!(["success:", "deferral:", "failure:"].contains(&words[2]), "{line}");
                assert!(words[3].ends_with('/') && words.len() == 4, "{line}");
                in_flight[channel] -= 1;
            }
            "status:" => {
                let [local, remote] = in_flight;
                assert!(local <= LIMITS[0] && remote <= LIMITS[1], "{line}");
                let expected = format!("status: local {local}/{} remote {remote}/{}", LIMITS[0], LIMITS[1]);
                assert_eq!(&line[26..], expected);
            }
            "bounce" => {
                assert_eq!(queue.insert(words[2], "bounce"), Some("info"), "{line}");
            }
            "triple" => {
                let message = words[3].trim_start_matches("bounce/");
                assert_eq!(queue.insert(message, "bounce"), Some("info"), "{line}");
            }
            "end" => {
                assert!(queue.remove(words[2]).is_some(), "no such message: {line}");
                assert!(running.values().all(|(message, _)| *message != words[2]), "{line}");
            }
            _ => panic!("not a line of qmail-send: {line}"),
        }
    }
    assert!(reused > 1_000, "queue ids come back: {reused}");
    let lines = text(&log).count();
    assert!((250_000..600_000).contains(&lines), "{lines} lines in three days");
}

#[test]
fn an_outage_shows_as_a_hump_of_deferrals() {
    let log = traffic(1, 3.0, 1.0);
    let hours = count::by_bin(&log, 3_600);
    let deferrals: BTreeMap<u64, u128> =
        hours.iter().map(|(end, counts)| (*end, counts["delivery_deferral"])).collect();
    let mut sorted: Vec<u128> = deferrals.values().copied().collect();
    sorted.sort_unstable();
    let median = sorted[sorted.len() / 2];
    let humps = deferrals.values().filter(|&&count| count > 8 * median).count();
    assert!((2..=8).contains(&humps), "{humps} hours above eight times {median}");
    let busiest = text(&log)
        .filter_map(|line| line[26..].strip_prefix("status: local "))
        .filter_map(|status| status.split([' ', '/']).nth(3)?.parse::<u32>().ok())
        .max();
    assert!((60..=LIMITS[1]).contains(&busiest.expect("status lines")), "{busiest:?}");
}

#[test]
fn no_two_hours_are_alike() {
    let log = traffic(1, 3.0, 1.0);
    let hours = count::by_bin(&log, 3_600);
    let loads: Vec<u128> = hours.values().map(|counts| counts["message_new"]).collect();
    let distinct: HashSet<u128> = loads.iter().copied().collect();
    assert!(distinct.len() * 10 > loads.len() * 8, "{loads:?}");
    let (least, most) = (loads.iter().min().expect("hours"), loads.iter().max().expect("hours"));
    assert!(most > &(5 * least), "by day {most}, by night {least}");
}

/// Six hours of one of the server's logs.
fn of(log: Log, seed: u64) -> Vec<u8> {
    let server = Traffic { seed, end: END, days: 0.25, rate: 1.0, utc_offset: 3_600, labels: true };
    let mut bytes = Vec::new();
    let written = server.write_log(log, &mut bytes).expect("writing to memory");
    assert_eq!(written, lines(&bytes).count() as u64);
    bytes
}

/// The lines of one of them behind their labels.
fn unlabelled(log: &[u8]) -> impl Iterator<Item = &str> {
    text(log).map(|line| &line[26..])
}

#[test]
fn each_log_is_the_same_for_the_same_seed() {
    for (name, log) in Log::ALL {
        let bytes = of(log, 7);
        assert!(bytes == of(log, 7), "{name}");
        assert!(bytes != of(log, 8), "{name}");
        assert!(lines(&bytes).count() > 1_000, "{name}: {} lines", lines(&bytes).count());
    }
}

#[test]
fn the_stamps_of_each_log_rise_within_the_span() {
    for (name, log) in Log::ALL {
        let bytes = of(log, 1);
        let stamp = |line: &str| match log {
            Log::Syslog | Log::Toaster6 => {
                let (date, _) = line.split_once(' ').expect("a date");
                assert!(date.ends_with("+01:00"), "{line}");
                let date = DateTime::parse_from_rfc3339(date).expect("RFC 3339");
                u64::try_from(date.timestamp_nanos_opt().expect("nanoseconds")).expect("after 1970")
            }
            _ => count::unix_nanos(line).expect("a label"),
        };
        let stamps: Vec<u64> = text(&bytes).map(stamp).collect();
        assert!(stamps.is_sorted_by(|before, after| before < after), "{name}");
        let end = END as u64 * 1_000_000_000;
        assert!(stamps[0] >= end - 21_600_000_000_000, "{name}");
        assert!(*stamps.last().expect("lines") < end, "{name}");
    }
}

/// Every session begins, is let in or not, says what it says while it lasts, and ends once.
#[test]
fn sessions_are_consistent() {
    for (log, limit) in [(Log::Smtpd, 40), (Log::Pop3d, 30)] {
        let bytes = of(log, 3);
        let mut sessions: HashMap<&str, &str> = HashMap::new(); // pid → last event
        let mut most = 0;
        let mut status = None;
        for line in unlabelled(&bytes) {
            let words: Vec<&str> = line.split(' ').collect();
            let said = |pid: &str| assert_eq!(sessions.get(pid), Some(&"ok"), "{line}");
            match words[..] {
                ["tcpserver:", "status:", now] => {
                    status = Some(now);
                    let (now, max) = now.split_once('/').expect("a fraction");
                    assert_eq!(max, limit.to_string());
                    // It counts the connection that is told of next.
                    let now: usize = now.parse().expect("a number");
                    assert!(now <= limit && now.abs_diff(sessions.len()) <= 1, "{line}: {}", sessions.len());
                    most = most.max(now);
                }
                ["tcpserver:", "pid", pid, "from", _] => {
                    assert!(sessions.insert(pid, "pid").is_none(), "twice: {line}");
                    assert_eq!(status, Some(format!("{}/{limit}", sessions.len()).as_str()), "{line}");
                }
                ["tcpserver:", verdict @ ("ok" | "deny"), pid, ..] => {
                    assert_eq!(sessions.insert(pid, verdict), Some("pid"), "{line}");
                }
                ["tcpserver:", "end", pid, "status", code] => {
                    let before = sessions.remove(pid).expect(line);
                    assert!(before == "ok" || (before == "deny" && code == "25600"), "{line}");
                }
                ["rblsmtpd:", _, "pid", pid, ..] => said(pid.trim_end_matches(':')),
                [by, ..] if by.starts_with("qmail-smtpd[") || by.starts_with("simscan:[") => {
                    let pid = by.split(['[', ']']).nth(1).expect("a pid");
                    said(pid);
                }
                ["CHKUSER" | "qmail-smtpd:", ..] => assert!(!sessions.is_empty(), "{line}"),
                _ => panic!("not a line of this log: {line}"),
            }
        }
        assert!(most >= 5, "at most {most} at once");
    }
}

/// What one program says, another one confirms; what is in flight at the end has only one of them.
#[test]
fn the_logs_are_of_one_server() {
    let (smtpd, pop3d, syslog) = (of(Log::Smtpd, 5), of(Log::Pop3d, 5), of(Log::Syslog, 5));
    let number = |log: &[u8], pieces: &[&str]| {
        text(log).filter(|line| pieces.iter().all(|piece| line.contains(piece))).count()
    };
    let refused =
        number(&smtpd, &[" simscan:[", "]:SPAM REJECT ("]) + number(&smtpd, &[" simscan:[", "]:SPAM PASS ("]);
    let clean = number(&smtpd, &[" simscan:[", "]:CLEAN ("]);
    let skipped = number(&syslog, &[" spamd[", "skipped large message"]);
    for (what, one, other, apart) in [
        ("spam", refused, number(&syslog, &[" spamd[", ": identified spam ("]), 3),
        ("ham", clean, number(&syslog, &[" spamd[", ": clean message ("]) + skipped, 3),
        (
            "sent",
            number(&smtpd, &["auth: auth-success"]),
            number(&syslog, &["vchkpw-submission: (PLAIN)"]),
            3,
        ),
        ("guesses", number(&smtpd, &["auth: auth-failed"]), number(&syslog, &["vchkpw-smtp: "]), 3),
        ("pop3", number(&pop3d, &["tcpserver: ok "]), number(&syslog, &["vchkpw-pop3: "]), 3),
    ] {
        assert!(one > 50 && one.abs_diff(other) <= apart, "{what}: {one} and {other}");
    }
}

/// The keys of a protocol and what a line has to be to raise each.
type Table = [(&'static str, fn(&str) -> bool)];

/// Panics unless `maillogs PROTOCOL` has for each key the number of lines, and 0 for every key that is not named
/// here, but for those in `else_`.
fn assert_counted(store: &Store, protocol: &str, log: &[u8], table: &Table, else_: &[&str]) {
    let answer = Answer::parse(&store.run(&[protocol]));
    for key in answer.keys().into_iter().filter(|key| !else_.contains(key)) {
        let rule = table.iter().find(|(named, _)| *named == key);
        let expected = rule.map_or(0, |(_, is)| text(log).filter(|line| is(line)).count());
        assert_eq!(answer.text(key), expected.to_string(), "{protocol}: {key}");
    }
    for (key, is) in table {
        assert!(text(log).any(is), "no line raises {key}");
        assert!(answer.keys().contains(key), "{protocol} has no {key}");
    }
}

fn is_smtpd(line: &str, beginning: &str) -> bool {
    let by = line[26..].split_once(": ").filter(|(by, _)| by.starts_with("qmail-smtpd["));
    by.is_some_and(|(_, rest)| rest.starts_with(beginning))
}

fn is_simscan(line: &str, state: &str) -> bool {
    let rest = line[26..].strip_prefix("simscan:[").and_then(|rest| rest.split_once("]:"));
    rest.is_some_and(|(_, rest)| rest.split([':', '(']).next().is_some_and(|found| found.trim_end() == state))
}

fn is_listed(line: &str, list: &str) -> bool {
    line[26..].starts_with("rblsmtpd: ") && line.contains(" 451 ") && line.contains(list)
}

#[test]
fn what_is_generated_is_counted() {
    let own = "[[rbl]]\nname = \"example_list\"\nmatch = 'bl\\.example\\.org'\n\
               [protocol.greylist]\nsource = \"multilog:greylist\"\n\
               [[counter]]\nprotocol = \"greylist\"\nname = \"deferred\"\nmatch = '^deferred '\n";
    let store = Store::with_syslog();
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), config + own).expect("toaster.conf");
    for (dir, log) in [("smtp", Log::Smtpd), ("pop3", Log::Pop3d), ("greylist", Log::Greylist)] {
        fs::create_dir(store.base().join(dir)).expect("mkdir");
        fs::write(store.base().join(dir).join("current"), of(log, 9)).expect("current");
    }
    let (smtpd, pop3d, syslog, greylist) =
        (of(Log::Smtpd, 9), of(Log::Pop3d, 9), of(Log::Syslog, 9), of(Log::Greylist, 9));
    fs::write(store.syslog(), &syslog).expect("the syslog");
    store.run(&["update"]);

    let tcp: &Table = &[
        ("tcp_connect", |line| line[26..].starts_with("tcpserver: pid ")),
        ("tcp_ok", |line| line[26..].starts_with("tcpserver: ok ")),
        ("tcp_deny", |line| line[26..].starts_with("tcpserver: deny ")),
        ("tcp_end", |line| line[26..].starts_with("tcpserver: end ")),
        ("tcp_status", |line| line[26..].starts_with("tcpserver: status: ")),
    ];
    let rbl: &Table = &[
        ("count", |_| true),
        ("badhelo", |line| is_smtpd(line, "badhelo: ")),
        ("badmailfrom", |line| is_smtpd(line, "badmailfrom: ")),
        ("badmailto", |line| is_smtpd(line, "badrcptto: ")),
        ("qmail_smtpd_auth_ok", |line| is_smtpd(line, "auth: auth-success ")),
        ("qmail_smtpd_auth_fail", |line| is_smtpd(line, "auth: auth-failed ")),
        ("dns", |line| line[26..].starts_with("qmail-smtpd: Reverse DNS ")),
        ("chkuser", |line| line[26..].starts_with("CHKUSER rejected rcpt:")),
        ("sender_accepted", |line| line[26..].starts_with("CHKUSER accepted sender:")),
        ("ham", |line| line[26..].starts_with("CHKUSER accepted rcpt:") || is_simscan(line, "CLEAN")),
        ("other", |line| line[26..].starts_with("CHKUSER relaying rcpt:")),
        ("spamassassin", |line| is_simscan(line, "SPAM REJECT")),
        ("simscan_pass", |line| is_simscan(line, "SPAM PASS")),
        ("simscan_regex", |line| is_simscan(line, "REGEX")),
        ("simscan_relay", |line| is_simscan(line, "RELAYCLIENT")),
        ("virus", |line| is_simscan(line, "VIRUS") || is_simscan(line, "ATTACH")),
        ("spamhaus", |line| is_listed(line, "spamhaus.org")),
        ("barracuda", |line| is_listed(line, "barracudanetworks.com")),
        ("spamcop", |line| is_listed(line, "spamcop.net")),
        ("sorbs", |line| is_listed(line, "sorbs.net")),
        ("uceprotect", |line| is_listed(line, "uceprotect.net")),
        ("psbl", |line| is_listed(line, "psbl.org")),
        ("mailspike", |line| is_listed(line, "mailspike.org")),
        ("spfbl", |line| is_listed(line, "spfbl.net")),
        ("example_list", |line| is_listed(line, "bl.example.org")),
    ];
    assert_counted(&store, "rbl", &smtpd, &[rbl, tcp].concat(), &["peak_smtp"]);
    assert_counted(
        &store,
        "greylist",
        &greylist,
        &[("deferred", |line| line[26..].starts_with("deferred "))],
        &[],
    );
    let all_pop3 = [pop3d, syslog.clone()].concat();
    let pop3: &Table = &[
        ("pop3_connect", |line| line.contains(" vchkpw-pop3: ")),
        ("pop3_success", |line| line.contains(" vchkpw-pop3: (") && line.contains(") login success ")),
        ("pop3_fail", |line| line.contains(" vchkpw-pop3: ") && !line.contains(") login success ")),
        ("pop3_ssl_connect", |line| line.contains(" vchkpw-pop3s: ")),
        ("pop3_ssl_success", |line| line.contains(" vchkpw-pop3s: (PLAIN) login success ")),
        ("pop3_ssl_fail", |line| line.contains(" vchkpw-pop3s: ") && !line.contains(" login success ")),
    ];
    assert_counted(&store, "pop3", &all_pop3, &[pop3, tcp].concat(), &["peak_pop3"]);
    assert_counted(
        &store,
        "smtp",
        &syslog,
        &[
            ("smtp_auth_connect", |line| {
                line.contains(" vchkpw-smtp: ") || line.contains(" vchkpw-submission: ")
            }),
            ("smtp_auth_success", |line| line.contains(" vchkpw-submission: (PLAIN) login success ")),
            ("smtp_auth_fail", |line| line.contains(" vchkpw-smtp: ")),
        ],
        &[],
    );
    let imap: &Table = &[
        ("imap_connect", |line| line.contains(" imap-login: ") && !line.contains(", TLS, ")),
        ("imap_success", |line| line.contains(" imap-login: Login: ") && !line.contains(", TLS, ")),
        ("imap_fail", |line| {
            line.contains(" imap-login: Disconnected (auth failed") && !line.contains(", TLS, ")
        }),
        ("imap_ssl_connect", |line| line.contains(" imap-login: ") && line.contains(", TLS, ")),
        ("imap_ssl_success", |line| line.contains(" imap-login: Login: ") && line.contains(", TLS, ")),
        ("imap_ssl_fail", |line| {
            line.contains(" imap-login: Disconnected (auth failed") && line.contains(", TLS, ")
        }),
    ];
    assert_counted(&store, "imap", &syslog, imap, &[]);
    let webmail: &Table = &[
        ("webmail_connect", |line| {
            line.contains("> Successful login for ") || line.contains("> Failed login for ")
        }),
        ("webmail_success", |line| line.contains("> Successful login for ")),
        ("webmail_fail", |line| line.contains("> Failed login for ")),
    ];
    assert_counted(&store, "webmail", &syslog, webmail, &[]);
    let qmailscanner: &Table = &[
        ("qs_clean", |line| line.contains("]: Clear:RC:1(")),
        ("qs_virii", |line| line.contains("]: CLAMDSCAN:")),
        ("qs_spam", |line| line.contains("]: SA:SPAM-TAGGED:RC:1(")),
    ];
    assert_counted(&store, "qmailscanner", &syslog, qmailscanner, &[]);
    spamd_is_counted(&store, &syslog);
}

/// Its sums, from the words of its lines, in tenths.
fn spamd_is_counted(store: &Store, syslog: &[u8]) {
    let answer = Answer::parse(&store.run(&["spamassassin"]));
    for (verdict, name) in [("identified spam", "spam"), ("clean message", "ham")] {
        let (mut number, mut score, mut seconds, mut bytes) = (0, 0, 0, 0);
        for line in text(syslog) {
            let Some((_, rest)) = line.split_once(&format!(": {verdict} (")) else { continue };
            let tenths = |word: &str| word.replace('.', "").parse::<i64>().expect("tenths");
            let words: Vec<&str> = rest.split(' ').collect();
            number += 1;
            score += tenths(words[0].split('/').next().expect("a score"));
            seconds += tenths(words[4]);
            bytes += words[6].parse::<i64>().expect("bytes");
        }
        assert!(number > 50);
        assert_eq!(answer.text(&format!("sa_{name}")), number.to_string());
        assert_eq!(answer.text(&format!("{name}_bytes_sum")), bytes.to_string());
        for (key, sum) in [("score_sum", score), ("seconds_sum", seconds)] {
            let found: f64 = answer.text(&format!("{name}_{key}")).parse().expect("a number");
            assert!((found - sum as f64 / 10.0).abs() < 1e-6, "{name}_{key}: {found} and {sum} tenths");
        }
    }
}

/// The programs of Mail-Toaster 6 write nothing that is not understood, and what they write is counted as awk counts it.
#[test]
fn the_programs_of_mail_toaster_6_are_understood() {
    let log = of(Log::Toaster6, 9);
    let store = Store::new();
    let file = store.path("maillog");
    fs::write(&file, &log).expect("a log");
    let file = file.to_str().expect("UTF-8");
    let output = store.command(MAILLOGS).args(["explain", "--summary", file]).output().expect("maillogs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!told.contains("not understood") && !told.contains("of other programs"), "{told}");
    for (key, pattern) in [
        ("msg_ok", "[core] disconnect .* msgs=1/0/0 "),
        ("out_deferred", "[outbound] Temp failing "),
        ("auth_fail", "[auth/auth_vpopmaild] delaying for "),
        ("reject", "(default: T (reject): "),
        ("saved", "sieve: msgid=.* stored mail into mailbox "),
    ] {
        let pattern = regex::Regex::new(&regex::escape(pattern).replace("\\.\\*", ".*")).expect("a pattern");
        let count = text(&log).filter(|line| pattern.is_match(line)).count();
        assert!(count > 0, "{key}");
        assert!(
            told.contains(&format!(" {key} {count},")) || told.contains(&format!(" {key} {count}\n")),
            "{key} {count}: {told}"
        );
    }
}
