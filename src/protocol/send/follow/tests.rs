//! Texts that are made to mislead: they count only as what they are.
use super::super::SEND;
use super::*;
use crate::line::Parser;
use crate::protocol::attempts::Attempts;
use crate::protocol::memory::{Deliveries, Messages};
use crate::protocol::{Raise, Verdict};

/// What these lines, one a second, raise in the sections of providers and times, without the buckets of times.
fn raised(place: LogKind, lines: &[&str]) -> Vec<(&'static str, i128)> {
    let mut values = vec![0; SEND.counters.len()];
    let (mut deliveries, mut messages) = (Deliveries::default(), Messages::default());
    let mut parser = Parser::new(10, 1_790_635_513).of_own_log(place == LogKind::Dedicated);
    for (second, text) in lines.iter().enumerate() {
        let line = match place {
            LogKind::Dedicated => format!("@400000006abaee{second:02x}00000000 {text}"),
            LogKind::Shared => format!("2026-09-28T22:45:{second:02}+00:00 {text}"),
        };
        let (deliveries, messages) = (&mut deliveries, &mut messages);
        let mut memory = Memory { deliveries, messages, attempts: &mut Attempts::default(), time: 0 };
        let verdict = SEND.count(&parser.parse(line.as_bytes()), place, &mut memory, &mut Raise(&mut values));
        let _: Verdict = verdict;
    }
    let is_asked = |key: &str| {
        ["go_", "ok_", "def_", "fail_"].iter().any(|begin| key.starts_with(begin)) || key.ends_with("_unseen")
    };
    let all = SEND.counters.iter().zip(values);
    all.filter(|(counter, value)| is_asked(counter.key) && *value != 0)
        .map(|(counter, value)| (counter.key, value))
        .collect()
}

#[test]
fn the_domain_of_the_recipient_decides_and_nothing_else_does() {
    let went = |recipient: &str, report: &str| {
        raised(
            LogKind::Dedicated,
            &[&format!("starting delivery 2: msg 5 to remote {recipient}"), &format!("delivery 2: {report}")],
        )
    };
    let took = "success: 192.0.2.1_accepted_message./Remote_host_said:_250_ok/";
    for (recipient, report, counted) in [
        ("u@gmail.com", took, ["go_google", "ok_google"]),
        ("u@GMAIL.com", took, ["go_google", "ok_google"]),
        // What the recipient's address looks like.
        ("x@gmail.com.example.org", took, ["go_other", "ok_other"]),
        ("\"u@gmail.com\"@example.org", took, ["go_other", "ok_other"]),
        ("u@gmail.com@example.org", took, ["go_other", "ok_other"]),
        ("gmail.com", took, ["go_other", "ok_other"]),
        ("u@gmail.com_", took, ["go_other", "ok_other"]),
        ("gmail.com@example.org", took, ["go_other", "ok_other"]),
        ("u@example.org@gmail.com", took, ["go_google", "ok_google"]),
        // Of two at-signs the last one counts, which qmail-remote sends to.
        ("\"@example.org\"@gmx.de", took, ["go_gmx", "ok_gmx"]),
        ("delivery_3:_success:@yahoo.com", took, ["go_yahoo", "ok_yahoo"]),
        // What servers say of themselves, and of others.
        (
            "u@example.org",
            "success: 192.0.2.1_accepted_message./Remote_host_said:_250_2.0.0_OK_1_-_gsmtp/",
            ["go_other", "ok_other"],
        ),
        (
            "u@example.org",
            "failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_gmail.com_said_user_unknown_-_gsmtp/Giving_up_on_192.0.2.1./",
            ["go_other", "fail_other"],
        ),
        (
            "u@gmail.com",
            "deferral: 192.0.2.1_does_not_like_recipient./Remote_host_said:_450_success:_delivery_3:_success:/Giving_up_on_192.0.2.1./",
            ["go_google", "def_google"],
        ),
        ("u@gmail.com", "failure: success: failure: x/", ["go_google", "fail_google"]),
        // The sender of a message, in a prefix of the report.
        (
            "u@example.org",
            "success: <From:u@gmail.com_To:u@example.org>_192.0.2.1_accepted_message./",
            ["go_other", "ok_other"],
        ),
    ] {
        assert_eq!(went(recipient, report), counted.map(|key| (key, 1)), "{recipient} {report}");
    }
}

#[test]
fn what_only_looks_like_a_line_of_a_delivery_is_none() {
    for lines in [
        &["info msg 5: bytes 12 from <starting delivery 2: msg 5 to remote u@gmail.com> qp 1 uid 1"][..],
        &["starting delivery 2: msg 5 to local u@gmail.com"],
        &["starting delivery 2: msg 5 to local example.org-to remote u@gmail.com"],
        &["starting delivery x: msg 5 to remote u@gmail.com"],
        &["starting delivery 2: msg x to remote u@gmail.com"],
        &["starting delivery 2 msg 5 to remote u@gmail.com"],
        &["starting delivery 2: msg 5 to supplx u@gmail.com"],
        &["starting delivery 2: msg 5 to remote"],
        &["starting delivery 18446744073709551616: msg 5 to remote u@gmail.com"],
        &["warning: starting delivery 2: msg 5 to remote u@gmail.com"],
    ] {
        assert_eq!(raised(LogKind::Dedicated, lines), [], "{lines:?}");
    }
    // A local delivery is no provider's, whoever its recipient is.
    let local = ["starting delivery 2: msg 5 to local u@gmail.com", "delivery 2: success: did_1+0+0/"];
    assert_eq!(raised(LogKind::Dedicated, &local), []);
}

#[test]
fn deliveries_of_other_hosts_queues_and_runs_are_told_apart() {
    let (google, unseen) = (("ok_google", 1), [("to_unseen", 1), ("delivery_unseen", 1)]);
    let two_hosts = raised(
        LogKind::Shared,
        &[
            "mx1 qmail: starting delivery 2: msg 5 to remote u@gmail.com",
            "mx2 qmail: starting delivery 2: msg 5 to remote u@gmx.de",
            "mx1 qmail: delivery 2: success: x/",
            "mx2 qmail: delivery 2: deferral: x/",
        ],
    );
    assert_eq!(two_hosts, [("go_google", 1), google, ("go_gmx", 1), ("def_gmx", 1)]);
    let two_queues = raised(
        LogKind::Dedicated,
        &[
            "starting delivery 2.queue1: msg 5 to remote u@gmail.com queue1",
            "starting delivery 2.queue2: msg 5 to remote u@gmx.de queue2",
            "delivery 2.queue2: deferral: x/ queue2",
            "delivery 2.queue1: success: x/ queue1",
        ],
    );
    assert_eq!(two_queues, two_hosts);
    let restarted = raised(
        LogKind::Dedicated,
        &["starting delivery 7: msg 5 to remote u@gmail.com", "status: exiting", "delivery 7: success: x/"],
    );
    assert_eq!(restarted, [[("go_google", 1)].as_slice(), &unseen].concat());
    let killed = raised(
        LogKind::Dedicated,
        &[
            "starting delivery 7: msg 5 to remote u@gmail.com",
            "starting delivery 1: msg 5 to remote u@gmail.com",
            "delivery 7: success: x/",
            "delivery 1: success: x/",
        ],
    );
    assert_eq!(killed, [[("go_google", 2), google].as_slice(), &unseen].concat());
}

#[test]
fn a_delivery_whose_report_cannot_be_read_is_over() {
    let lines = [
        "starting delivery 7: msg 5 to remote u@gmail.com",
        "delivery 7: report mangled, will defer",
        "delivery 7: success: x/",
    ];
    let unseen = [("go_google", 1), ("to_unseen", 1), ("delivery_unseen", 1)];
    assert_eq!(raised(LogKind::Dedicated, &lines), unseen);
}

/// A counter of toaster.conf may hit lines of any program; then the classifier's verdict is that they are known.
#[test]
fn in_syslog_only_lines_of_qmail_send_are_followed() {
    let follow = Follow { providers: (Providers::Shipped, 0), times: Some(200), reasons: Reasons::Shipped };
    let mut values = vec![0; 400];
    let (mut deliveries, mut messages) = (Deliveries::default(), Messages::default());
    let mut read = |text: &str| {
        let (deliveries, messages) = (&mut deliveries, &mut messages);
        let mut memory = Memory { deliveries, messages, attempts: &mut Attempts::default(), time: 0 };
        let text = format!("2026-09-28T22:45:01+00:00 mx1 {text}");
        let line = Parser::new(10, 1_790_635_513).parse(text.as_bytes());
        follow.line(&line, LogKind::Shared, &mut memory, &mut Raise(&mut values));
        std::mem::take(&mut values[usize::from(providers::OTHER) * 5 + providers::DELIVERED])
    };
    let took = "delivery 7: success: x/";
    assert_eq!(read("qmail: starting delivery 7: msg 5 to remote u@example.org"), 0);
    for text in ["status: exiting", "starting delivery 1: msg 5 to remote u@gmail.com", took] {
        assert_eq!(read(&format!("logger: {text}")), 0, "{text}");
    }
    assert_eq!(read(&format!("qmail: {took}")), 1);
}

/// The local part is known wherever it stands, and of a virtual domain it is what stands behind the domain.
#[test]
fn the_recipient_is_marked_by_the_local_part() {
    use crate::protocol::attempts::mark_of;
    let of = |recipient: &str, is_local| recipient_of(recipient.as_bytes(), recipient.rfind('@'), is_local);
    assert_eq!(of("example.com-joe@example.com", true), mark_of(b"joe"));
    assert_eq!(of("example.com-joe@example.com", false), mark_of(b"example.com-joe"));
    for is_local in [true, false] {
        assert_eq!(of("Joe@example.com", is_local), mark_of(b"joe"));
        assert_eq!(of("example.org-joe@example.com", is_local), mark_of(b"example.org-joe"));
        assert_eq!(of("alias-joe.with.a.long.name@x", is_local), mark_of(b"ALIAS-joe.with.a.long.name"));
        assert_eq!((of("joe", is_local), of("@x", is_local), of("", is_local)), (0, 0, 0));
    }
    assert_eq!(of("x-@x", true), 0);
}
