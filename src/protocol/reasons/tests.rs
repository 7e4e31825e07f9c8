//! Reports with the class that a person gave each of them, and texts that are made to mislead.
use super::*;
use std::collections::BTreeMap;

/// The class of a report, and whether the message was given up.
fn reason(report: &str, outcome: Outcome) -> (&'static str, bool) {
    let why = Reasons::Shipped.why(report.as_bytes(), outcome).unwrap();
    (CLASSES[why.reason + 1], why.expired == Some(EXPIRED))
}

/// Reports of real servers: `outcome`, `class`, `report` and, with tabs between, by hand.
const REPORTS: &str = include_str!("../../../tests/data/reasons/reports.tsv");

#[test]
fn each_class_has_its_counter_and_says_what_to_do() {
    assert_eq!(COUNTERS.len(), CLASSES.len());
    for (class, counter) in CLASSES[1..].iter().zip(COUNTERS) {
        assert_eq!(format!("why_{class}"), counter.key);
        assert!(counter.help.contains(';'), "{class}: what it means, and what to do");
    }
    assert_eq!((COUNTERS[OTHER].key, COUNTERS[EXPIRED].key), ("why_other", "expired"));
}

#[test]
fn reports_of_real_servers_are_put_where_a_person_put_them() {
    let (mut right, mut wrong) = (BTreeMap::<&str, u32>::new(), Vec::new());
    for line in REPORTS.lines().filter(|line| !line.starts_with('#')) {
        let [outcome, class, report] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let outcome = Outcome::named(outcome).unwrap();
        if outcome == Outcome::Success {
            assert_eq!(class, "accepted");
            continue;
        }
        match reason(report, outcome).0 {
            is if is == class => *right.entry(class).or_default() += 1,
            is => wrong.push(format!("{class}, but {is}: {report}")),
        }
    }
    println!("{right:?}");
    assert!(right.values().sum::<u32>() > 450, "{right:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a client chose, or another server quotes, in reports that say something else.
#[test]
fn forged_texts_count_as_what_they_are() {
    let said = |reply: &str| {
        format!("192.0.2.1_does_not_like_recipient./Remote_host_said:_{reply}/Giving_up_on_192.0.2.1./")
    };
    for (report, class) in [
        // The recipient's address, as the other server repeats it.
        (said("550_5.1.1_<spamhaus.dmarc.over-quota@example.org>:_Recipient_address_rejected:_User_unknown"), "user_unknown"),
        (said("550_5.1.1_<\"greylist_tls_required\"@example.org>:_User_unknown"), "user_unknown"),
        (said("550_5.1.1_spamhaus@blocked-using.example.org:_User_unknown"), "user_unknown"),
        (said("550_5.1.1_\"too_many_hops\"@example.org_User_unknown"), "user_unknown"),
        (said("452_4.2.2_<virus@spam.example.org>_Mailbox_full"), "mailbox_full"),
        (said("451_4.7.1_<dkim.spf.dmarc@example.org>:_Greylisted"), "greylisted"),
        // The HELO name, which servers repeat in brackets.
        (said("550_5.7.1_<rbl.spamhaus.org>:_Helo_command_rejected:_need_fully-qualified_hostname"), "identity"),
        // Addresses in the prefix of a patch hold what qmail-remote and servers write.
        ("<From:\"550_5.7.1_spamhaus\"@a.example_To:u@b.example>_192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_User_unknown/Giving_up_on_192.0.2.1./".into(), "user_unknown"),
        ("<From:a@b_To:\"x>_192.0.2.9_failed_on_DATA_command./Remote_host_said:_452_over_quota\"@c>_192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_User_unknown/Giving_up_on_192.0.2.1./".into(), "user_unknown"),
        ("(\"y)_192.0.2.9_accepted_message\"@c)_192.0.2.1_does_not_like_recipient./Remote_host_said:_451_Greylisted/".into(), "greylisted"),
        // A reply that quotes another report is one reply.
        (said("550_5.1.1_User_unknown_(was:_192.0.2.9_failed_on_DATA_command._452_Mailbox)"), "user_unknown"),
        // A server that says qmail's own words said them; they are not qmail's.
        (said("550_CNAME_lookup_failed_temporarily._(#4.4.3)_No_such_user"), "user_unknown"),
        (said("550_no_such_user_TLS_connect_failed"), "user_unknown"),
        // An enhanced code inside of an address is none.
        (said("550_<5.2.2@example.org>_rejected"), "policy"),
        // A status of one digit too much is none.
        (said("550_5.2.22222_no_such_user"), "user_unknown"),
        // Words of another case, and words joined by what is no letter.
        (said("550_5.1.1_USER,_UNKNOWN"), "user_unknown"),
        // Without the end of a line before it, it is not the reply.
        ("qmail-local_says_Remote_host_said:_550_User_unknown/".into(), "local_trouble"),
        ("Sorry,_no_mailbox_here_by_that_name._spamhaus_(#5.1.1)/".into(), "user_unknown"),
        // A domain that qmail quotes, and the output of a program of a user.
        ("Sorry,_I_couldn't_find_any_host_named_a/Remote_host_said:_550_5.7.1_dkim._(#5.1.2)/".into(), "dns"),
        ("it_went_wrong/Remote_host_said:_550_5.7.1_dkim/".into(), "other"),
        ("user_is_over_quota_blocked_using_spamhaus/".into(), "mailbox_full"),
        ("Connected_to_192.0.2.1_but_authentication_was_rejected_(LOGIN)./Remote_host_said:_535_5.7.8_user_unknown_spamhaus/".into(), "policy"),
        (String::new(), "other"),
    ] {
        assert_eq!(reason(&report, Outcome::Failure).0, class, "{report}");
    }
    // Only the very end says that a message was given up.
    let words = "I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./";
    assert!(reason(&format!("Sorry._(#4.4.1)/{words}"), Outcome::Failure).1);
    assert!(!reason(&said(&format!("550_{words}_no")), Outcome::Failure).1);
}

#[test]
fn a_table_that_is_wrong_is_refused_with_its_line() {
    let class = "version = 2\n[[class]]\nkey = \"tls\"\nmeans = \"x\"\ndo = \"y\"\n";
    let error = |text: &str| Table::parse(&format!("{class}{text}")).unwrap_err();
    for (text, line, why) in [
        ("[[reply]]\nclass = \"tsl\"\nany = [\"x\"]\n", 7, "is no class: there are accepted, greylisted"),
        ("[[reply]]\nclass = \"tls\"\n", 6, "no condition"),
        ("[[reply]]\nclass = \"tls\"\nany = [\"Upper\"]\n", 8, "can never be found"),
        ("[[reply]]\nclass = \"tls\"\nany = [\"with_underscore\"]\n", 8, "can never be found"),
        ("[[reply]]\nclass = \"tls\"\nany = [\"\"]\n", 8, "can never be found"),
        ("[[reply]]\nclass = \"tls\"\ncode = [\"5x\"]\n", 8, "one to three digits"),
        ("[[reply]]\nclass = \"tls\"\nstatus = [\"5.7\"]\n", 8, "is no enhanced code"),
        ("[[reply]]\nclass = \"tls\"\nphase = [\"end\"]\n", 8, "is no phase"),
        ("[[reply]]\nclass = \"tls\"\nregex = [\"x\"]\n", 8, "unknown field"),
        ("[[own]]\nclass = \"tls\"\nbegins = []\n", 6, "never holds"),
        (
            "[[own]]\nclass = \"tls\"\nbegins = [\"x\"]\nwhen = \"later\"\n",
            9,
            "none of success, deferral, failure",
        ),
        ("[[own]\n", 6, ""),
    ] {
        let error = error(text);
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(why), "{text}: {error}");
    }
    assert!(Table::parse("").unwrap_err().contains("version"));
    assert_eq!(Table::parse(class).unwrap().version, 2);
}

#[test]
fn another_table_decides_otherwise_and_none_decides_nothing() {
    let text = "version = 9\nclass = []\n[[reply]]\nclass = \"tls\"\nall = [\"no such\", \"user\"]\nnone = [\"here\"]\n";
    let own = Reasons::Of(Box::leak(Box::new(Table::parse(text).unwrap())));
    let why = |reply: &str| {
        let report = format!("192.0.2.1_failed_on_DATA_command./Remote_host_said:_{reply}/");
        own.why(report.as_bytes(), Outcome::Failure).unwrap().reason
    };
    assert_eq!(
        [why("550_no_such_user"), why("550_no_such_user_here"), why("550_user")]
            .map(|class| CLASSES[class + 1]),
        ["tls", "other", "other"]
    );
    // One of the first list and one of the second.
    let text = "version = 9\nclass = []\n[[reply]]\nclass = \"tls\"\nany = [\"user\", \"box\"]\nwith = [\"gone\", \"shut\"]\n";
    let own = Reasons::Of(Box::leak(Box::new(Table::parse(text).unwrap())));
    let class = |reply: &str| {
        let report = format!("192.0.2.1_failed_on_DATA_command./Remote_host_said:_{reply}/");
        CLASSES[own.why(report.as_bytes(), Outcome::Failure).unwrap().reason + 1]
    };
    assert_eq!(
        ["550_box_gone", "550_user_shut", "550_user_box", "550_gone", "550_ok"].map(class),
        ["tls", "tls", "other", "other", "other"]
    );
    assert_eq!(Reasons::Off.why(b"x", Outcome::Failure), None);
}
