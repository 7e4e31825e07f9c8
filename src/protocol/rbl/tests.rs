//! What clients and lists choose must not decide what is counted.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use regex::bytes::Regex;

use super::{list_text, protocol};
use crate::line::Parser;
use crate::protocol::card::Protocol;
use crate::protocol::classify::{LogKind, Raise, Settings, Verdict};

/// What `line` raises, and what the classifier says of it.
fn read<'p>(protocol: &'p Protocol, line: &[u8], place: LogKind) -> (BTreeMap<&'p str, i128>, Verdict) {
    let mut values = vec![0i128; protocol.counters.len()];
    let line = Parser::new(10, 1_790_636_400).parse(line);
    let verdict = (protocol.classify)(&line, place, &mut Raise(&mut values));
    let raised = protocol.counters.iter().zip(values).filter(|(_, v)| *v != 0);
    (raised.map(|(c, v)| (c.key, v)).collect(), verdict)
}

/// The keys that `line` raises in a log of its own, without `count`.
fn keys(line: &str) -> String {
    let protocol = protocol(&Settings::default());
    let (mut raised, _) = read(&protocol, line.as_bytes(), LogKind::Dedicated);
    assert_eq!(raised.remove("count"), Some(1), "{line}");
    raised.into_keys().collect::<Vec<_>>().join(" ")
}

/// Settings under which every group is counted in syslog.
fn everything() -> Settings {
    Settings { smtpd_in_syslog: true, spamdyke_in_syslog: true, ..Settings::default() }
}

fn in_syslog(settings: &Settings, line: &str) -> Option<String> {
    let protocol = protocol(settings);
    let (mut raised, verdict) = read(&protocol, line.as_bytes(), LogKind::Shared);
    if verdict == Verdict::Foreign {
        assert_eq!(raised, BTreeMap::new(), "{line}: another program's line was counted");
        return None;
    }
    assert_eq!(raised.remove("count"), Some(1), "{line}");
    Some(raised.into_keys().collect::<Vec<_>>().join(" "))
}

#[test]
fn forged_lines() {
    for (line, expected) in [
        // HELO.
        (
            "CHKUSER rejected rcpt: from <b@example.com::> remote <spamhaus:unknown:198.51.100.9> rcpt <> : x",
            "chkuser",
        ),
        (
            "CHKUSER rejected rcpt: from <b@example.com::> remote <CHKUSER accepted rcpt:unknown:198.51.100.9>",
            "chkuser",
        ),
        ("qmail-smtpd[7]: badhelo: <badmailfrom: x> at 198.51.100.8", "badhelo"),
        ("qmail-smtpd[7]: badhelo: <Reverse spamhaus auth: auth-success > at 198.51.100.8", "badhelo"),
        (
            "Reject::SNDR::Bad_Helo: P:SMTP S:198.51.100.8:unknown H:Accept::RCPT::x F:b@example.com",
            "reject reject_sndr",
        ),
        (
            "Reject::SNDR::Bad_Helo: P:SMTP S:198.51.100.8:unknown H:Reject::AUTH::x F:b@example.com",
            "reject reject_sndr",
        ),
        (
            "qlogenvelope: result=accepted code=250 reason=rcptto detail= helo=result=rejected_reason=chkuser",
            "qlog_rcptto",
        ),
        ("qlogenvelope: result=accepted code=250 reason=rcptto detail= helo=x reason=spf", "qlog_rcptto"),
        // Sender.
        ("rblsmtpd:  pid 4714 from 198.51.100.9: Sender <spamcop@spamhaus.example>", "other"),
        (
            "rblsmtpd:  pid 4714 from 198.51.100.9: Sender <x@example.com> 451 https://www.spamhaus.org/",
            "other",
        ),
        (
            "qmail-smtpd: message rejected (qmail-dnsbl) (bl.spamcop.net): spamhaus@example.com from 192.0.2.1",
            "spamcop",
        ),
        ("qmail-smtpd[7]: badmailfrom: <badhelo:@spamhaus.org> at 198.51.100.8", "badmailfrom"),
        ("mail recv: pid 210394 from <x@spamcop.net> qp 210429", "other"),
        ("policy_check: local CHKUSER accepted rcpt: -> remote x (AUTHENTICATED SENDER)", "other"),
        // User.
        (
            "qmail-smtpd[7]: auth: auth-failed type=login user=<auth: auth-success type=x>",
            "qmail_smtpd_auth_fail",
        ),
        ("qmail-smtpd[7]: AUTH failed for qmail-smtpd[7]: auth: auth-success  from 198.51.100.54", "other"),
        // Host names.
        ("rblsmtpd: relays.ordb.org blocked 192.0.2.107 spamcop.sorbs.njabl.example.com -", "ordb"),
        ("rblsmtpd: bl.example.net blocked 192.0.2.107 zen.spamhaus.org -", "other"),
        (
            "tcpserver: ok 7 mail.example.com:192.0.2.10:25 badhelo.CHKUSER.simscan.example:198.51.100.5::4000",
            "tcp_ok",
        ),
        (
            "tcpserver: ok 7 mail.example.com:192.0.2.10:25 x:198.51.100.5:tcpserver: status: 9/9:4000",
            "tcp_ok",
        ),
        (
            "spamdyke[7]: ALLOWED from: b@example.com to: a@example.org origin_rdns: DENIED_OTHER.example.com",
            "spamdyke_allowed",
        ),
        (
            "spamdyke[7]: DENIED_RBL_MATCH from: x reason: zen.spamhaus.org",
            "denied_rbl_match spamdyke_denied",
        ),
        // Subjects and names of viruses.
        (
            "simscan:[7]:SPAM REJECT (15.10/5.00):0.6s:this is CLEAN (0.00/5.00):198.51.100.8:b@example.com",
            "spamassassin",
        ),
        ("simscan:[7]:CLEAN (0.9990/0.7000):0.1s:VIRUS: read this:2001:db8::5:b@example.com", "ham"),
        ("simscan:[7]:VIRUS:0.02s:Win.Clean-7 (CLEAN (:198.51.100.8:b@example.com", "virus"),
        ("simscan:[7]:REGEX:0.01s:^Subject.*virus\\: clean:198.51.100.8:b@example.com", "simscan_regex"),
        // What a list answers.
        ("rblsmtpd: 192.0.2.1 pid 7 bl.example.net: 451 https://www.spamhaus.org/", "other"),
        ("rblsmtpd: 192.0.2.1 pid 7: 451 rblsmtpd: 192.0.2.1 pid 7: 451 tcpserver: ok 7 x", "other"),
        (
            "qmail-smtpd[7]: rbl: ip=192.0.2.1 query=bl.example.net result=reject message='spamhaus result=pass'",
            "other",
        ),
        (
            "qmail-smtpd[7]: rbl: ip=192.0.2.1 query=zen.spamhaus.org result=pass message='result=reject '",
            "other",
        ),
        // A program's name must stand at the very beginning.
        (" rblsmtpd: 192.0.2.1 pid 7: 451 spamhaus", "other"),
        ("x tcpserver: ok 7 x", "other"),
        ("qmail-smtpd: qmail-smtpd: CHKUSER accepted rcpt: x", "other"),
        ("chkuser accepted rcpt: x", "other"),
        ("RBLSMTPD: 192.0.2.1 pid 7: 451 spamhaus", "other"),
    ] {
        assert_eq!(keys(line), expected, "{line}");
    }
}

#[test]
fn which_lines_no_rule_knows() {
    let protocol = protocol(&Settings::default());
    for (line, verdict) in [
        ("", Verdict::Known),
        ("rblsmtpd: 192.0.2.1 pid 7: 451 nothing that we know", Verdict::Known),
        ("rblsmtpd: 192.0.2.1 pid 7: 451", Verdict::Known),
        ("rblsmtpd: 192.0.2.1 pid 7: 550 x", Verdict::Unknown),
        ("rblsmtpd: 192.0.2.1 pid x: 451 x", Verdict::Unknown),
        ("rblsmtpd: 192.0.2.1 pid 7 bl.example.net: 550 x", Verdict::Unknown),
        ("rblsmtpd:  pid 7 from 192.0.2.1 x", Verdict::Unknown),
        ("rblsmtpd: ", Verdict::Unknown),
        ("rbl: ip=192.0.2.1 query=x result=moon", Verdict::Unknown),
        ("rbl: ip=192.0.2.1", Verdict::Unknown),
        ("CHKUSER must auth: x", Verdict::Known),
        ("CHKUSER wonders: x", Verdict::Unknown),
        ("CHKUSER accepted rcpts: x", Verdict::Unknown),
        ("simscan:[1]: debug", Verdict::Known),
        ("simscan:[1]:NEW STATE:x", Verdict::Unknown),
        ("spamdyke[1]: EXCESSIVE(f()@f.c:1): x", Verdict::Known),
        ("spamdyke[1]: ERRORS", Verdict::Unknown),
        ("spamdyke[1]: FAILED_NEW from: x", Verdict::Unknown),
        ("spamdyke[1]: ALLOWED_NEW from: x", Verdict::Known),
        ("spamdyke[1]: ALLOWEDX from: x", Verdict::Unknown),
        ("Accept::NEW::x", Verdict::Unknown),
        ("Accept:: :: x", Verdict::Unknown),
        ("pid 7 Accept::RCPT::x", Verdict::Known),
        ("pid x Accept::RCPT::x", Verdict::Unknown),
        ("421 badiprbl: ip 192.0.2.1 rbl: example.com", Verdict::Known),
        ("421 badiprbl: ip 192.0.2.1", Verdict::Unknown),
        ("message rejected (qmail-dnsbl) (x", Verdict::Unknown),
        ("auth: something", Verdict::Unknown),
        ("Reverse DNS", Verdict::Known),
        ("reverse dns", Verdict::Unknown),
        ("qmail-smtpd[7]: validrcptto: accepted address <a@example.org> at 192.0.2.1", Verdict::Known),
        ("qmail-smtpd[7]: GREETDELAY: 5s", Verdict::Known),
        (
            "qmail-smtpd: message too big: b@example.com from 192.0.2.1 to a@example.org helo x",
            Verdict::Known,
        ),
        ("qmail-smtpd: pid 7 from 192.0.2.1 HELO <x> MAIL from <b@example.com>", Verdict::Known),
        ("rcptcheck: badrcptto 7 192.0.2.1 a@example.org", Verdict::Known),
        ("qmail-rcptcheck: from b@example.com to a@example.org", Verdict::Known),
        ("mail recv: pid 7 from <b@example.com> qp 8", Verdict::Known),
        ("policy_check: local a@example.org -> remote b@example.com (AUTHENTICATED SENDER)", Verdict::Known),
        ("sslserver: ssl 7 accept ", Verdict::Known),
        ("tcpsvd: info: start 7 mx1.example.org:192.0.2.1 ::192.0.2.2:38282", Verdict::Known),
        ("sslio[7]: info: bytes in: 1262", Verdict::Known),
        ("sslio[7]: bytes in: 1262", Verdict::Unknown),
        ("pid 7 of 192.0.2.1", Verdict::Unknown),
        ("qmail-smtpd: mail: recv", Verdict::Unknown),
    ] {
        assert_eq!(read(&protocol, line.as_bytes(), LogKind::Dedicated).1, verdict, "{line}");
    }
}

#[test]
fn syslog_tells_the_program_by_its_tag() {
    for (line, expected) in [
        (
            "qmail: 1157520813.485077 rblsmtpd: 198.51.100.77 pid 7: 451 https://www.spamhaus.org/",
            Some("spamhaus"),
        ),
        ("rblsmtpd: 198.51.100.77 pid 7: 451 https://www.spamhaus.org/", Some("spamhaus")),
        ("rblsmtpd[7]: 198.51.100.77 pid 7: 451 https://www.spamhaus.org/", Some("spamhaus")),
        ("qmail: 1157520813.485077 tcpserver: end 7 status 0", Some("tcp_end")),
        ("tcpserver: tcpserver: end 7 status 0", Some("tcp_end")),
        ("tcpserver: end 7 status 0", Some("tcp_end")),
        ("tcpserver: CHKUSER accepted rcpt: x", Some("ham")),
        ("tcpsvd: info: end 7 exit 0", Some("tcp_end")),
        ("spamdyke[7]: ALLOWED from: x", Some("spamdyke_allowed")),
        ("qmail: 1157520813.485077 spamdyke[7]: ALLOWED from: x", Some("spamdyke_allowed")),
        ("simscan:[7]:CLEAN (0.00/0.00):3.3s:x", Some("ham")),
        ("qmail: 1157520813.485077 simscan:[7]:CLEAN (0.00/0.00):3.3s:x", Some("ham")),
        ("qmail-smtpd[3]: badhelo: <x> at 198.51.100.8", Some("badhelo")),
        ("qmail-smtpd[3]: pid 7 Accept::RCPT::x", Some("accept")),
        ("qmail-smtpd[3]: Reverse DNS lookup failed", Some("dns")),
        ("qmail: 1157520813.485077 qmail-smtpd: message too big: x", Some("other")),
        ("smtpd: CHKUSER accepted rcpt: x", Some("ham")),
        ("qlogenvelope: result=accepted code=250 reason=rcptto detail=", Some("qlog_rcptto")),
        // qmail-send's, and of no group.
        ("qmail: 1157520813.485077 new msg 71198", None),
        ("qmail: 1157520813.485077 Reverse", None),
        ("qmail: 1157520813.485077+rblsmtpd: 198.51.100.77 pid 7: 451 https://www.spamhaus.org/", None),
        ("smtpd[7]: 5f3e smtp connected address=192.0.2.1", None),
        // Other programs'.
        ("dovecot: auth: auth-success x", None),
        ("auth: auth-success x", None),
        ("spamd[7]: CHKUSER accepted rcpt: x", None),
        ("vpopmail[7]: tcpserver: ok 7 x", None),
        ("postfix/smtpd[7]: Reject::SNDR::x", None),
        ("named[7]: rblsmtpd: 198.51.100.77 pid 7: 451 https://www.spamhaus.org/", None),
        ("last message repeated 3 times", None),
        ("", None),
    ] {
        let line = format!("Sep 28 22:45:13 mx1 {line}");
        assert_eq!(in_syslog(&everything(), &line).as_deref(), expected, "{line}");
    }
}

#[test]
fn toaster_conf_tells_what_is_in_syslog() {
    let smtpd = Settings { smtpd_in_syslog: true, ..Settings::default() };
    let send = Settings { send_in_syslog: true, ..Settings::default() };
    let spamdyke = Settings { spamdyke_in_syslog: true, ..Settings::default() };
    let none = Settings::default();
    let chkuser = "Sep 28 22:45:13 mx1 qmail: 1157520813.485077 CHKUSER accepted rcpt: x";
    let allowed = "Sep 28 22:45:13 mx1 spamdyke[7]: ALLOWED from: x";
    for (settings, chkuser_counts, spamdyke_counts) in
        [(smtpd, true, false), (send, true, false), (spamdyke, false, true), (none, false, false)]
    {
        assert_eq!(in_syslog(&settings, chkuser).is_some(), chkuser_counts, "{settings:?}");
        assert_eq!(in_syslog(&settings, allowed).is_some(), spamdyke_counts, "{settings:?}");
    }
}

#[test]
fn own_lists_are_tested_first_and_on_the_same_part_of_the_line() {
    let list = |name: &str, pattern: &str| (name.to_owned(), Regex::new(pattern).unwrap());
    let lists = vec![
        list("mine", r"bl\.example\.net|spamhaus\.org/own"),
        list("a_list_with_a_long_name", "moon"),
        list("spamcop", "spamcop-mirror"),
    ];
    let protocol = protocol(&Settings { lists, ..Settings::default() });
    for (line, expected) in [
        ("rblsmtpd: 192.0.2.1 pid 7: 451 see https://www.spamhaus.org/own/", "mine"),
        ("rblsmtpd: 192.0.2.1 pid 7: 451 see https://www.spamhaus.org/", "spamhaus"),
        ("rblsmtpd: bl.example.net blocked 192.0.2.1 moon.example.com -", "mine"),
        ("rblsmtpd: 192.0.2.1 pid 7: 451 the moon", "a_list_with_a_long_name"),
        ("rblsmtpd: 192.0.2.1 pid 7: 451 spamcop-mirror.example.net", "spamcop"),
        ("rblsmtpd:  pid 7 from 192.0.2.1: Sender <x@bl.example.net>", "other"),
        ("rbl: ip=192.0.2.1 query=bl.example.net result=delay message='moon'", "mine"),
        ("421 badiprbl: ip 192.0.2.1 rbl: bl.example.net", "mine"),
        ("message rejected (qmail-dnsbl) (bl.example.net): moon@example.com", "mine"),
    ] {
        let (mut raised, _) = read(&protocol, line.as_bytes(), LogKind::Dedicated);
        raised.remove("count");
        assert_eq!(raised.into_iter().collect::<Vec<_>>(), [(expected, 1)], "{line}");
    }
    let last: Vec<&str> = protocol.counters.iter().rev().take(2).map(|c| c.key).collect();
    assert_eq!(last, ["a_list_with_a_long_name", "mine"]);
}

/// The sample lines of the programs that write here.
fn lines() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let folders = "chkuser simscan spamdyke sqmail qlog qmail-smtpd rblsmtpd tcpserver";
    let files = folders.split(' ').flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let logs =
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "log"));
    logs.flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// May a client have written the end of this line? Of the others the end is the list's answer, by which it is known,
/// or there is no program's name to go by.
fn ends_with_the_clients_words(line: &str) -> bool {
    let parts = [
        "CHKUSER ",
        "simscan:[",
        " from: ",
        "::",
        "qlog",
        "badhelo: ",
        "badmail",
        "badrcptto: ",
        "auth: ",
        "Sender <",
    ];
    parts.iter().any(|part| line.contains(part)) || line.contains(" blocked ") || line.contains(": ok ")
}

const WORDS: &[&str] = &[
    "spamhaus",
    "<spamcop@sorbs.net>",
    " 451 https://www.spamhaus.org/",
    "CHKUSER accepted rcpt: ",
    "simscan:[7]:CLEAN (0.00/0.00):",
    ":VIRUS:",
    "spamdyke[7]: DENIED_OTHER ",
    "reason=chkuser",
    "result=rejected code=553 reason=spf ",
    "Accept::AUTH::x",
    " Reject::AUTH::x",
    "badhelo: ",
    "auth: auth-success ",
    "tcpserver: ok 7 x",
    "status: 99/99",
    "Reverse",
    "rblsmtpd: 192.0.2.1 pid 7: 451 spamhaus",
];

proptest! {
    #[test]
    fn forged_words_change_nothing(
        line in prop::sample::select(lines()),
        words in prop::collection::vec(prop::sample::select(WORDS), 1..4),
        noise in prop::collection::vec(any::<u8>().prop_filter("no newline", |b| *b != b'\n' && *b != b'\r'), 0..8),
    ) {
        prop_assume!(ends_with_the_clients_words(&line));
        let protocol = protocol(&everything());
        let mut forged = line.clone().into_bytes();
        forged.extend(words.concat().bytes());
        forged.extend(noise);
        for place in [LogKind::Dedicated, LogKind::Shared] {
            prop_assert_eq!(read(&protocol, line.as_bytes(), place), read(&protocol, &forged, place));
        }
    }

    #[test]
    fn any_bytes_are_counted_once_or_not_at_all(
        line in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            (prop::sample::select(lines()), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(line, at, byte)| {
                let mut line = line.into_bytes();
                let at = at.index(line.len());
                line[at] = byte;
                line
            }),
            (prop::sample::select(lines()), any::<prop::sample::Index>()).prop_map(|(line, at)| {
                line.as_bytes()[..at.index(line.len())].to_vec()
            }),
        ],
        shared in any::<bool>(),
    ) {
        let protocol = protocol(&everything());
        let place = if shared { LogKind::Shared } else { LogKind::Dedicated };
        let (raised, verdict) = read(&protocol, &line, place);
        let expected = (!raised.is_empty()).then_some(1);
        prop_assert_eq!(raised.get("count").copied(), expected);
        prop_assert!(verdict != Verdict::Foreign || (shared && raised.is_empty()));
        // Every counted line is counted in something besides.
        prop_assert!(raised.is_empty() || raised.len() > 1, "{:?}", raised);
    }
}

/// A list that any text matches counts exactly the lines of the samples that name a list.
#[test]
fn the_text_that_is_told_of_is_the_one_that_lists_are_compared_with() {
    let any = ("any".to_owned(), Regex::new("").unwrap());
    let settings = Settings {
        smtpd_in_syslog: true,
        send_in_syslog: true,
        spamdyke_in_syslog: true,
        lists: vec![any],
        ..Settings::default()
    };
    let protocol = protocol(&settings);
    let counter = protocol.index("any").unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let (mut named, mut all) = (0, 0);
    for folder in ["rblsmtpd", "qmail-smtpd", "spamdyke", "sqmail", "qlog", "simscan", "by-line", "other"] {
        for file in fs::read_dir(samples.join(folder)).unwrap() {
            let log = fs::read(file.unwrap().path()).unwrap();
            for raw in log.split(|&b| b == b'\n') {
                let line = Parser::new(10, 1_790_636_400).parse(raw);
                for place in [LogKind::Dedicated, LogKind::Shared] {
                    let mut values = vec![0; protocol.counters.len()];
                    let verdict = (protocol.classify)(&line, place, &mut Raise(&mut values));
                    if verdict == Verdict::Foreign {
                        continue;
                    }
                    let text = list_text(&line, place);
                    assert_eq!(values[counter], i128::from(text.is_some()), "{}", raw.escape_ascii());
                    named += usize::from(text.is_some());
                    all += 1;
                }
            }
        }
    }
    assert!(named > 20 && all > 200, "{named} {all}");
}
