//! The counter files of versions 3, 4 and 5 go on, and a query before the first commit says the same.
use std::fs;

use super::*;
use crate::protocol::send::SEND;
use crate::protocol::{CounterKind, Known, count, of_kind};
use crate::store::counters::{format, parse};
use crate::store::files::Legacy;
use crate::store::session::StateOrigin;

fn mean(_: &Known<'_>) -> i128 {
    0
}

fn named(name: &'static str, table: &'static Protocol) -> &'static Protocol {
    Box::leak(Box::new(Protocol { name, ..table.clone() }))
}

fn smtp() -> &'static Protocol {
    const TABLE: &[Counter] = &[
        count("smtp_auth_connect", "smtp_auth_connect", ""),
        count("smtp_auth_success", "smtp_auth_success", ""),
    ];
    named("smtp", protocol(TABLE, &[("smtp_auth_connect", "connect"), ("smtp_auth_success", "success")], &[]))
}

fn webmail() -> &'static Protocol {
    const TABLE: &[Counter] =
        &[count("webmail_connect", "webmail_connect", ""), count("webmail_success", "webmail_success", "")];
    named("webmail", protocol(TABLE, &[("webmail_connect", "connect"), ("webmail_success", "success")], &[]))
}

fn rbl() -> &'static Protocol {
    const TABLE: &[Counter] = &[
        count("count", "count", ""),
        count("dns", "dns", ""),
        count("ham", "ham", ""),
        count("njabl", "njabl", ""),
        count("other", "other", ""),
        count("spamhaus", "spamhaus", ""),
        of_kind(CounterKind::Peak, "peak_smtp", ""),
    ];
    const ALIASES: &[(&str, &str)] = &[
        ("smtp_block_count", "count"),
        ("smtp_block_dns", "dns"),
        ("smtp_block_njabl", "njabl"),
        ("smtp_block_other", "other"),
        ("smtp_block_spamhaus", "spamhaus"),
    ];
    named("rbl", protocol(TABLE, &[], ALIASES))
}

fn spamassassin() -> &'static Protocol {
    const TABLE: &[Counter] = &[
        count("sa_spam", "sa_spam", ""),
        count("sa_ham", "sa_ham", ""),
        of_kind(CounterKind::Derived(mean), "spam_score", ""),
        of_kind(CounterKind::Net, "spam_score_sum", ""),
        of_kind(CounterKind::Net, "ham_score_sum", ""),
    ];
    named("spamassassin", protocol(TABLE, &[("spam_score", "avg_spam_score")], &[("sa_clean", "sa_ham")]))
}

const NANO: i128 = 1_000_000_000;

fn perl(file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/perl").join(file)).unwrap()
}

/// A store whose counter directory holds these files of a Perl maillogs: (as, from).
fn world(
    protocol: &'static Protocol,
    configured: &str,
    files: &[(&str, &str)],
) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let counters = dir.path().join("counters");
    fs::create_dir(&counters).unwrap();
    for (name, from) in files {
        fs::write(counters.join(name), perl(from)).unwrap();
    }
    let mut store = store(dir.path(), protocol, 60);
    store.counter_file = counters.join(configured);
    store.legacy = Legacy::candidates(protocol.name, &counters, &store.counter_file);
    (dir, store)
}

/// Where from, counters that are not 0, what is kept besides.
type Begun = (StateOrigin, Vec<(&'static str, i128)>, Vec<(String, String)>);

/// What the first commit begins with. The query before it, the commit itself and the query after it agree.
fn begins_with(store: &Store) -> Begun {
    let (query, query_origin) = store.before_first_commit().unwrap();
    let mut session = store.open(AT_ONCE, DAY0).unwrap();
    assert_eq!((&query.totals, &query.extra), (&session.state.totals, &session.state.extra));
    assert_eq!(query_origin, session.origin);
    let origin = session.origin;
    let state = session.state.clone();
    if session.edited {
        session.commit(state.clone(), vec![], DAY0).unwrap();
        assert_eq!(store.read().unwrap().unwrap().totals, state.totals);
        // Once taken over, it is not done again, and what was written reads the same.
        drop(session);
        let again = store.open(AT_ONCE, DAY0).unwrap();
        assert_eq!((again.origin, again.edited), (StateOrigin::Known, false));
        assert_eq!(again.state.totals, state.totals);
        let file = parse(store.protocol, &fs::read(&store.counter_file).unwrap());
        assert!(file.rejected.is_empty());
        assert_eq!(file.extra, state.extra);
    }
    let counters = store.protocol.counters.iter().zip(&state.totals);
    let moved = counters.filter(|(_, v)| **v != 0).map(|(c, v)| (c.key, *v)).collect();
    (origin, moved, state.extra.into_iter().collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn version_3_in_any_order_and_with_perls_numbers() {
    let (_dir, store) = world(&SEND, "send.txt", &[("send.txt", "3.x/send.txt")]);
    let (origin, counters, extra) = begins_with(&store);
    assert_eq!(origin, StateOrigin::TakenOver);
    let mut want = vec![
        ("delivery", 4_294_967_295),
        ("delivery_success", 1_048_580),
        ("message_bytes", 4_294_970_000),
        ("message_end", 20_483),
        ("message_new", 20_491),
        ("start_delivery_remote", 98_311),
        ("status", 812_345),
        ("status_localp", 15_000),
        ("status_remotep", 40_617 * NANO + 250_000_001),
    ];
    want.sort_unstable();
    let mut counters = counters;
    counters.sort_unstable();
    assert_eq!(counters, want);
    assert_eq!(extra, pairs(&[("created", "1079654400"), ("end_msg_last", "1088640000")]));
}

#[test]
fn version_4_under_its_older_names_with_the_counters_of_another_protocol_among_them() {
    let files = [("smtp_rbl.txt", "4.x/smtp_rbl.txt")];
    let (_dir, store) = world(rbl(), "smtp_rbl.txt", &files);
    let (_, counters, extra) = begins_with(&store);
    // `count` is named twice: smtp_block_count is the older name of it.
    assert_eq!(
        counters,
        [("count", 190_533), ("dns", 7), ("ham", 3_100_000), ("spamhaus", 90_210)],
        "an empty value is 0"
    );
    let housekeeping = pairs(&[
        ("connect_last", "12"),
        ("created", "1118000000"),
        ("smtp_auth_connect", "530"),
        ("smtp_auth_success", "411"),
        ("success_last", "9"),
    ]);
    assert_eq!(extra, housekeeping);
    let text = fs::read_to_string(&store.counter_file).unwrap();
    assert!(text.contains("\nspamhaus:90210\n") && !text.contains("smtp_block"), "{text}");

    let (_dir, store) = world(smtp(), "smtp_auth.txt", &files);
    let (origin, counters, extra) = begins_with(&store);
    assert_eq!(origin, StateOrigin::TakenOver);
    assert_eq!(counters, [("smtp_auth_connect", 530), ("smtp_auth_success", 411)]);
    assert_eq!(extra, [], "what is rbl's stays rbl's");
    assert_eq!(fs::read_to_string(&store.counter_file).unwrap(), "connect:530\nsuccess:411\n");
    let legacy = store.counter_file.with_file_name("smtp_rbl.txt");
    assert!(fs::read(legacy).unwrap() == perl("4.x/smtp_rbl.txt"), "it is left as it is");
}

#[test]
fn version_4s_own_file_written_by_us_still_holds_smtps_counters() {
    let (dir, rbl) = world(rbl(), "smtp_rbl.txt", &[("smtp_rbl.txt", "4.x/smtp_rbl.txt")]);
    begins_with(&rbl);
    let mut smtp = store(dir.path(), smtp(), 60);
    smtp.counter_file = dir.path().join("counters/smtp_auth.txt");
    smtp.legacy = Legacy::candidates("smtp", &dir.path().join("counters"), &smtp.counter_file);
    assert_eq!(begins_with(&smtp).1, [("smtp_auth_connect", 530), ("smtp_auth_success", 411)]);
}

#[test]
fn an_own_counter_of_another_protocol_is_not_taken_for_ours() {
    const RBL: &[Counter] = &[count("count", "count", ""), count("mine", "mine", "")];
    const SMTP: &[Counter] =
        &[count("smtp_auth_success", "smtp_auth_success", ""), count("mine", "mine", "")];
    let (dir, mut rbl) = world(named("rbl", protocol(RBL, &[], &[])), "smtp_rbl.txt", &[]);
    rbl.legacy.clear();
    let mut session = rbl.open(AT_ONCE, DAY0).unwrap();
    let mut state = session.state.clone();
    state.totals = vec![9, 4];
    session.commit(state, vec![], DAY0).unwrap();
    let smtp = named("smtp", protocol(SMTP, &[("smtp_auth_success", "success")], &[]));
    let mut smtp = store(dir.path(), smtp, 60);
    smtp.counter_file = dir.path().join("counters/smtp_auth.txt");
    smtp.legacy = Legacy::candidates("smtp", &dir.path().join("counters"), &smtp.counter_file);
    assert_eq!(begins_with(&smtp), (StateOrigin::First, vec![], vec![]));
}

#[test]
fn version_5_under_its_own_file_names() {
    let (_dir, store) =
        world(smtp(), "smtp_auth.txt", &[("smtp.txt", "5.x/smtp.txt"), ("smtp_rbl.txt", "4.x/smtp_rbl.txt")]);
    let (_, counters, extra) = begins_with(&store);
    assert_eq!(counters, [("smtp_auth_connect", 530), ("smtp_auth_success", 411)]);
    assert_eq!(extra, pairs(&[("connect_last", "40"), ("created", "1496275200"), ("success_last", "31")]));

    let (_dir, store) = world(webmail(), "webmail.txt", &[("web.txt", "5.x/web.txt")]);
    assert_eq!(begins_with(&store).1, [("webmail_connect", 9001), ("webmail_success", 8999)]);

    let (_dir, store) = world(rbl(), "smtp_rbl.txt", &[("rbl.txt", "5.x/rbl.txt")]);
    let (_, counters, extra) = begins_with(&store);
    let want = [("count", 200_000), ("dns", 12), ("ham", 3_100_017), ("njabl", 55), ("spamhaus", 90_300)];
    assert_eq!(counters, want, "the newer name wins, before or after the older one");
    assert_eq!(extra, pairs(&[("created", "1496275200")]));
    let rbl_txt = store.counter_file.with_file_name("rbl.txt");
    assert!(fs::read(rbl_txt).unwrap() == perl("5.x/rbl.txt"), "with the line that is no counter");

    let (_dir, store) = world(spamassassin(), "spam.txt", &[("spam.txt", "5.x/spam.txt")]);
    let (_, counters, extra) = begins_with(&store);
    let want = [
        ("sa_spam", 4000),
        ("sa_ham", 12_000),
        ("spam_score_sum", 61_234 * NANO + 500_000_000),
        ("ham_score_sum", -2201 * NANO - 125_000_000),
    ];
    assert_eq!(counters, want);
    assert_eq!(extra, pairs(&[("created", "1496275200")]), "a mean is computed, not kept");

    let (_dir, store) = world(&SEND, "send.txt", &[("send.txt", "5.x/send.txt")]);
    let (_, mut counters, _) = begins_with(&store);
    counters.sort_unstable();
    let big = 1_000_000_000_000_000;
    let want =
        [("delivery", big), ("message_bytes", big), ("message_new", 31), ("status_localp", big * NANO)];
    assert_eq!(counters, want);
}

#[test]
fn the_first_file_that_names_a_counter_is_believed() {
    let (_dir, store) =
        world(rbl(), "blocked.txt", &[("rbl.txt", "5.x/rbl.txt"), ("smtp_rbl.txt", "4.x/smtp_rbl.txt")]);
    let (_, counters, _) = begins_with(&store);
    assert_eq!(counters[0], ("count", 200_000));
    // The configured one before all of them.
    let (_dir, store) =
        world(rbl(), "smtp_rbl.txt", &[("rbl.txt", "5.x/rbl.txt"), ("smtp_rbl.txt", "4.x/smtp_rbl.txt")]);
    assert_eq!(begins_with(&store).1[0], ("count", 190_533));
}

#[test]
fn nothing_is_taken_over_from_what_names_no_counter() {
    let (_dir, store) = world(smtp(), "smtp_auth.txt", &[("smtp_rbl.txt", "5.x/rbl.txt")]);
    assert_eq!(begins_with(&store), (StateOrigin::First, vec![], vec![]));
    let (_dir, store) = world(webmail(), "webmail.txt", &[]);
    assert_eq!(begins_with(&store), (StateOrigin::First, vec![], vec![]));
    // A file that pollers cannot have read either.
    let (_dir, store) = world(smtp(), "smtp_auth.txt", &[]);
    fs::write(&store.counter_file, "<html>\n").unwrap();
    assert_eq!(begins_with(&store), (StateOrigin::First, vec![], vec![]));
    // Something else in the place of an older file.
    let (dir, store) = world(smtp(), "smtp_auth.txt", &[]);
    fs::create_dir(dir.path().join("counters/smtp.txt")).unwrap();
    assert_eq!(begins_with(&store).0, StateOrigin::First);
    let (dir, store) = world(smtp(), "smtp_auth.txt", &[]);
    fs::create_dir(dir.path().join("counters/smtp_auth.txt")).unwrap();
    assert_eq!(begins_with(&store).0, StateOrigin::First);
}

#[test]
fn older_files_are_for_the_first_run_only() {
    let (dir, store) = world(smtp(), "smtp_auth.txt", &[("smtp.txt", "5.x/smtp.txt")]);
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::write(dir.path().join("state/smtp.state"), "damaged").unwrap();
    assert_eq!(begins_with(&store), (StateOrigin::Damaged, vec![], vec![]));
    // Removed by hand: counting begins at 0, whatever lies beside it.
    let (_dir, store) = world(smtp(), "smtp_auth.txt", &[("smtp.txt", "5.x/smtp.txt")]);
    assert_eq!(begins_with(&store).1.len(), 2);
    fs::remove_file(&store.counter_file).unwrap();
    assert_eq!(store.open(AT_ONCE, DAY0).unwrap().state.totals, [0, 0]);
}

#[test]
fn a_first_run_that_dies_takes_over_once() {
    for survivors in 0.. {
        let (_dir, store) = world(smtp(), "smtp_auth.txt", &[("smtp.txt", "5.x/smtp.txt")]);
        crate::disk::crash::arm(survivors);
        let _ = store.open(AT_ONCE, DAY0).and_then(|mut session| {
            let state = session.state.clone();
            session.commit(state, vec![], DAY0)
        });
        let died = crate::disk::crash::disarm();
        let session = store.open(AT_ONCE, DAY0).unwrap();
        assert_eq!(session.state.totals, [530, 411], "{died:?}");
        if died.is_none() {
            break;
        }
    }
}

#[test]
fn a_counter_that_was_gone_and_is_back_is_written_once() {
    let extra = [("smtp_auth_connect".to_owned(), "7".to_owned())].into();
    assert_eq!(format(smtp(), &[1, 2], &extra), "connect:1\nsuccess:2\n");
}

#[test]
fn of_two_names_the_stored_one_wins_then_the_key_then_the_alias() {
    let value = |text: &str| parse(spamassassin(), text.as_bytes()).totals[1];
    assert_eq!(value("sa_ham:1\nsa_clean:2\n"), Some(1));
    assert_eq!(value("sa_clean:2\nsa_ham:1\n"), Some(1));
    assert_eq!(value("sa_clean:2\nsa_ham:\n"), Some(2), "an empty value says the least");
    assert_eq!(value("sa_ham:\n"), Some(0));
    assert_eq!(value("sa_ham:3\nsa_ham:4\n"), Some(4), "of two alike the later");
    let value = |text: &str| parse(smtp(), text.as_bytes()).totals[0];
    assert_eq!(value("smtp_auth_connect:9\nconnect:8\n"), Some(8));
    assert_eq!(value("connect:8\nsmtp_auth_connect:9\n"), Some(8));
    assert_eq!(value("connect:x\nsmtp_auth_connect:9\n"), Some(9), "what cannot be read says nothing");
}

#[test]
fn counts_are_whole_and_fit_into_64_bits() {
    let value = |text: &str| parse(smtp(), format!("connect:{text}").as_bytes()).totals[0];
    for (text, want) in [
        ("18446744073709551615", 18_446_744_073_709_551_615),
        ("4294967295", 4_294_967_295),
        ("4.29497e+09", 4_294_970_000),
        ("1e+15", 1_000_000_000_000_000),
        ("1.5E3", 1500),
        ("12.000", 12),
        ("1200e-2", 12),
        ("0.0", 0),
    ] {
        assert_eq!(value(text), Some(want), "{text}");
    }
    for text in ["1.5", "1.0000000000001", "1e-3", "-1", "1e+20", "nan", "inf", "0x10", "1 2", "1e", "e5"] {
        assert_eq!(value(text), None, "{text}");
    }
}
