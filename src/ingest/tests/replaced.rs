//! Logs that take others' places: before they are there, after they were rotated, on a machine of another name.
use super::super::feeds::PRETENDED as USUAL;
use super::named::logins;
use super::streams::Site;
use super::*;
use crate::source::machine::tests::PRETENDED;

fn on(machine: &str) {
    PRETENDED.set(Some(machine.to_owned()));
}

impl Site {
    /// The file was last written to in this second after the first line.
    fn written(&self, name: &str, second: i64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(T0 + second).unwrap());
        let file = File::options().append(true).open(self.file(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    /// The file holds these logins, packed or not, and was written to with the last of them.
    fn rotated(&self, name: &str, numbers: std::ops::Range<i64>) {
        let (path, last, text) = (self.file(name), numbers.end, logins(numbers));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.ends_with(".gz") {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut packer, text.as_bytes()).unwrap();
            fs::write(path, packer.finish().unwrap()).unwrap();
        } else {
            fs::write(path, text).unwrap();
        }
        self.written(name, last);
    }

    /// What an update says, as a command says it: each protocol may say the same.
    fn told(&self) -> Vec<String> {
        self.said().into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// Does a query answer?
    fn answers(&self) -> bool {
        let jobs = self.jobs();
        let job = jobs.iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
        query(job, NOW.get()).is_ok()
    }
}

/// Host name and path change at once. Ten lines are counted, then five come.
#[test]
fn a_container_that_is_made_anew_goes_on_in_its_log() {
    type Change = fn(&Site);
    let cases: [(&str, Change, i128); 6] = [
        ("mounted elsewhere", |s| s.rename("maillog", "mnt/maillog"), 15),
        (
            "copied to another disk",
            |s| {
                fs::create_dir(s.file("mnt")).unwrap();
                fs::copy(s.file("maillog"), s.file("mnt/maillog")).unwrap();
                fs::remove_file(s.file("maillog")).unwrap();
            },
            15,
        ),
        (
            "and rotated there",
            |s| {
                s.rename("maillog", "mnt/maillog.1");
                s.append("mnt/maillog", 15..18);
            },
            18,
        ),
        (
            "a copy went on",
            |s| {
                fs::create_dir(s.file("mnt")).unwrap();
                fs::copy(s.file("maillog"), s.file("mnt/maillog")).unwrap();
                s.append("maillog", 15..17);
                s.append("mnt/maillog", 17..20);
            },
            20,
        ),
        ("the old one is left, and another begins", |s| s.append("mnt/maillog", 15..20), 20),
        // Nothing tells that this is not another machine's log: it counts whole.
        (
            "a log of its own",
            |s| {
                fs::remove_file(s.file("maillog")).unwrap();
                s.append("mnt/maillog", 0..7);
            },
            17,
        ),
    ];
    for (what, change, wanted) in cases {
        let mut site = Site::new();
        on("3f2a/1");
        site.append("maillog", 0..10);
        site.has(10, "before");
        site.append("maillog", 10..15);
        change(&site);
        on("7be0/2");
        site.name(&["mnt/maillog"]);
        site.has(wanted, what);
        site.append("mnt/maillog", 30..33);
        site.has(wanted + 3, &format!("{what}: and on"));
        // And the host name alone, once more.
        on("99aa/3");
        site.append("mnt/maillog", 33..34);
        site.has(wanted + 4, &format!("{what}: once more"));
    }
    PRETENDED.set(None);
}

/// Two machines share a store and a disk, and each names its own log: both logs count whole.
#[test]
fn another_machines_log_under_another_name_counts_whole() {
    let mut site = Site::new();
    on("a/1");
    site.append("a.log", 0..10);
    site.name(&["a.log"]);
    site.has(10, "a");
    on("b/2");
    site.append("b.log", 3..9);
    site.name(&["b.log"]);
    site.has(16, "b");
    for n in 0..3 {
        site.append("a.log", 20 + n * 10..23 + n * 10);
        site.append("b.log", 20 + n * 10..22 + n * 10);
        on("a/1");
        site.name(&["a.log"]);
        site.has(19 + i128::from(n) * 5, "a again");
        on("b/2");
        site.name(&["b.log"]);
        site.has(21 + i128::from(n) * 5, "b again");
    }
    PRETENDED.set(None);
}

/// The key is edited before the syslogd is told to write to the new log.
#[test]
fn a_log_is_read_on_until_what_replaces_it_has_a_line() {
    type Prepare = fn(&Site);
    let cases: [(&str, Prepare); 3] = [
        ("is not there", |_| {}),
        ("is empty", |s| drop(File::create(s.file("new")).unwrap())),
        ("was written to long ago", |s| s.append("new", -20_000..-19_990)),
    ];
    for (what, prepare) in cases {
        let mut site = Site::new();
        site.append("maillog", 0..10);
        site.has(10, "before");
        prepare(&site);
        site.name(&["new"]);
        let said = site.told();
        assert_eq!(said.len(), 1, "{what}: {said:?}");
        assert!(said[0].contains("new: ") && said[0].contains("maillog is read on"), "{said:?}");
        assert_eq!(site.told(), [""; 0], "once");
        site.append("maillog", 1_000..1_005);
        site.has(15, what);
        site.append("maillog", 1_005..1_007);
        site.rename("maillog", "maillog.1");
        site.append("maillog", 1_007..1_009);
        site.has(19, what);
        // The last line of the old one and the first of the new one come between two updates.
        site.append("maillog", 1_009..1_010);
        site.append("new", 1_010..1_013);
        site.has(23, what);
        site.append("maillog", 1_020..1_025);
        site.append("new", 1_025..1_026);
        site.has(24, &format!("{what}: the old one is left"));
    }
}

#[test]
fn a_log_is_read_on_until_the_one_before_it_has_new_lines_again() {
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.has(10, "before");
    site.append("new", 10..15);
    site.name(&["new"]);
    site.has(15, "new");
    // The key is edited back first. The old log stands there as it was left.
    site.name(&["maillog"]);
    site.append("new", 20..22);
    site.has(17, "back");
    site.append("new", 22..23);
    site.has(18, "and on");
    site.append("maillog", 30..34);
    site.has(22, "told");
    site.append("new", 40..45);
    site.append("maillog", 45..46);
    site.has(23, "left");
}

/// Both logs have all lines: the new one takes the place at once, because its lines are as late as those of the old one.
#[test]
fn a_log_with_the_same_lines_takes_the_place_at_once() {
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.has(10, "before");
    for name in ["maillog", "new"] {
        site.append(name, if name == "new" { 5..15 } else { 10..15 });
    }
    site.name(&["new"]);
    site.has(15, "the same");
    site.append("maillog", 1_000..1_005);
    site.has(15, "the old one is left");
    site.append("new", 1_000..1_005);
    site.has(20, "and the new one goes on");
}

#[test]
fn what_replaces_a_log_that_is_gone_is_waited_for_no_longer_than_an_hour() {
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.has(10, "before");
    site.name(&["new"]);
    site.has(10, "not there");
    fs::remove_file(site.file("maillog")).unwrap();
    assert_eq!(site.told().len(), 1);
    NOW.set(NOW.get() + 3_601);
    assert!(site.answers(), "after an hour a query answers");
    let said = site.told();
    assert!(said.len() == 1 && said[0].contains("missing from the counters"), "{said:?}");
    assert_eq!(site.told(), [""; 0]);
    site.append("new", 20..23);
    site.has(13, "and the new one counts");
    // One of two logs is named no more, before it had a line: nothing is read instead of it.
    site.name(&["new", "never"]);
    site.has(13, "never");
    site.name(&["new"]);
    assert_eq!(site.told(), [""; 0]);
    site.has(13, "never");
}

/// What was left before stays left, though it is written to.
#[test]
fn at_the_third_name_the_first_log_is_not_read_again() {
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.has(10, "one");
    site.append("second", 10..15);
    site.name(&["second"]);
    site.has(15, "two");
    site.append("maillog", 15..30);
    site.append("second", 15..20);
    site.name(&["third"]);
    site.has(20, "three, not there");
    site.append("third", 30..31);
    site.has(21, "three");
}

/// The log that takes another's place was rotated before the key was edited.
#[test]
fn what_was_rotated_since_the_replaced_log_ended_counts() {
    let text = "maillog";
    for olds in [&["new.2.gz", "new.1"][..], &["new-20260928.gz", "new-20260929"], &["old/new.2.gz", "new.1"]]
    {
        let mut site = Site::new();
        site.append(text, 0..10);
        site.has(10, "before");
        site.append(text, 100..101);
        // One that was over before the last line of the old log counts nothing: its lines stand in that one, too.
        site.rotated("new.3.gz", 0..5);
        site.rotated(olds[0], 90..120);
        site.rotated(olds[1], 200..210);
        site.rotated("new", 300..302);
        site.name(&["new"]);
        // Those of 90 to 100 are not later than the last one of the old log.
        let said = site.told();
        assert!(said.len() == 1 && said[0].contains("11 of its lines"), "{olds:?}: {said:?}");
        site.has(11 + 19 + 10 + 2, &format!("{olds:?}"));
        site.rename("new", "new.0");
        site.append("new", 400..403);
        site.has(45, &format!("{olds:?}: and on"));
    }
    // The live one has no line yet, and its rotation goes on to be written to.
    let mut site = Site::new();
    site.append(text, 0..10);
    site.has(10, "before");
    site.rotated("new.1", 20..25);
    site.rotated("new", 25..25);
    site.name(&["new"]);
    site.has(15, "empty");
    site.append("new.1", 25..27);
    site.has(17, "a writer that has it open");
    site.append("new", 30..31);
    site.has(18, "and on");
    // Where no log was read before, what was rotated is not ours.
    let mut site = Site::new();
    site.rotated("new.1", 20..25);
    site.append("new", 30..33);
    site.name(&["new"]);
    site.has(3, "the first log of all");
}

/// The same of the usual logs, where none is named.
#[test]
fn a_usual_log_that_was_rotated_before_mail_was_found_there_counts() {
    let mut site = Site::new();
    let names = ["maillog", "mail.log"].map(|name| site.file(name).display().to_string());
    USUAL.set(Some(names.to_vec()));
    site.config.logs_syslog = None;
    site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
    NOW.set(T0 + 50);
    site.append("maillog", 0..10);
    site.written("maillog", 10);
    site.update();
    site.rotated("mail.log.1", 5_000..5_004);
    site.rotated("mail.log", 9_000..9_002);
    NOW.set(T0 + 9_100);
    site.has(16, "moved and rotated");
    USUAL.set(None);
}

/// At the last reading the clock was a day ahead; then the key is edited, and the old log is gone.
#[test]
fn a_clock_that_was_ahead_prolongs_no_waiting() {
    let set_right = |hours: i64| NOW.set(NOW.get() + hours * 3_600);
    let mut site = Site::new();
    site.append("maillog", 0..10);
    set_right(24);
    site.update();
    set_right(-24);
    fs::remove_file(site.file("maillog")).unwrap();
    site.append("new", 20..25);
    site.name(&["new"]);
    assert_eq!(site.told().len(), 1, "it is waited for");
    NOW.set(NOW.get() + 3_500);
    assert!(!site.answers(), "within the hour");
    assert_eq!(site.told(), [""; 0], "and said once");
    NOW.set(NOW.get() + 200);
    site.has(15, "after the hour");
    // Of two logs only one is named any more.
    let mut site = Site::new();
    site.name(&["maillog", "other"]);
    site.append("maillog", 0..10);
    site.append("other", 100..103);
    set_right(24);
    site.update();
    set_right(-24);
    site.rename("maillog", "away/aside");
    site.append("other", 103..105);
    site.name(&["other"]);
    assert_eq!(site.told().len(), 1);
    NOW.set(NOW.get() + 600);
    assert_eq!(site.told(), [""; 0]);
    assert!(!site.answers());
    site.rename("away/aside", "maillog");
    site.append("maillog", 10..12);
    site.has(17, "it came back");
    // A log that is still named is away: queries wait for it for a day, and not for two.
    let site = Site::new();
    site.append("maillog", 0..10);
    set_right(24);
    site.update();
    set_right(-24);
    fs::remove_file(site.file("maillog")).unwrap();
    site.update();
    assert!(!site.answers());
    set_right(24);
    assert!(site.answers());
}

/// Two servers' logs, one of which has the name of a rotation of the other; both are rotated.
#[test]
fn a_named_log_with_the_name_of_a_rotation_is_a_log_of_its_own() {
    for (one, two) in [
        ("dovecot.log", "dovecot-2.log"),
        ("maillog", "maillog.2"),
        ("mail.log", "mail.log-20260928"),
        ("mail.log", "mail-2.log"),
        ("mail.log", "mail.log.mx2"),
    ] {
        for names in [[one, two], [two, one]] {
            let mut site = Site::new();
            site.append(one, 0..10);
            site.append(two, 5..20);
            site.name(&names);
            site.has(25, &format!("{names:?}"));
            let mut wanted = 25;
            for n in 1..4 {
                site.append(one, n * 100..n * 100 + 3);
                site.append(two, n * 100 + 1..n * 100 + 5);
                site.has(wanted + 7, &format!("{names:?} {n}"));
                site.append(one, n * 100 + 10..n * 100 + 12);
                site.append(two, n * 100 + 10..n * 100 + 13);
                for name in names {
                    let older = format!("{name}.8");
                    if site.file(&older).exists() {
                        site.rename(&older, &format!("{name}.9"));
                    }
                    site.rename(name, &older);
                }
                site.append(two, n * 100 + 20..n * 100 + 22);
                site.append(one, n * 100 + 30..n * 100 + 31);
                wanted += 15;
                site.has(wanted, &format!("{names:?} {n}: rotated"));
                assert_eq!(site.told(), [""; 0]);
            }
        }
    }
}

/// A log of its own that begins later is read as soon as it begins; one that may be a rotation is told of, until its lines
/// say that it is none.
#[test]
fn a_named_log_that_may_be_a_rotation_is_told_of() {
    let mut site = Site::new();
    site.append("dovecot.log", 0..10);
    site.name(&["dovecot.log", "dovecot-2.log"]);
    site.has(10, "not there yet");
    site.append("dovecot.log", 20..23);
    site.append("dovecot-2.log", 30..32);
    site.has(15, "begins");
    let mut site = Site::new();
    site.append("dovecot-2.log", 0..5);
    site.append("dovecot.log", 100..110);
    site.name(&["dovecot.log", "dovecot-2.log"]);
    let said = site.told();
    assert!(said.len() == 1 && said[0].contains("dovecot-2.log: is not read"), "{said:?}");
    assert_eq!(site.told(), [""; 0], "once");
    site.has(10, "it may be a rotation");
    site.append("dovecot-2.log", 200..202);
    site.has(17, "it is none");
    // A log beside its own rotation, which was made by copying and emptying.
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.name(&["maillog", "maillog.1"]);
    site.has(10, "before");
    for n in 1..4 {
        site.append("maillog", n * 100..n * 100 + 5);
        fs::copy(site.file("maillog"), site.file("maillog.1")).unwrap();
        File::create(site.file("maillog")).unwrap();
        site.append("maillog", n * 100 + 5..n * 100 + 10);
        site.has(i128::from(n) * 10 + 10, &format!("copied {n} times"));
    }
}

/// Two places are named, so that whichever there is is read. The log is moved from one to the other.
#[test]
fn a_log_that_is_moved_between_two_named_places_goes_on() {
    type Change = fn(&Site);
    let copy: Change = |s| {
        fs::create_dir_all(s.file("data")).unwrap();
        fs::copy(s.file("maillog"), s.file("data/maillog")).unwrap();
    };
    let cases: [(&str, Change, Change, i128); 6] = [
        ("renamed", |_| {}, |s| s.rename("maillog", "data/maillog"), 15),
        ("copied and removed", copy, |s| fs::remove_file(s.file("maillog")).unwrap(), 15),
        ("copied and emptied", copy, |s| drop(File::create(s.file("maillog")).unwrap()), 15),
        (
            "and rotated there",
            copy,
            |s| {
                fs::remove_file(s.file("maillog")).unwrap();
                s.rename("data/maillog", "data/maillog.1");
                s.append("data/maillog", 15..17);
            },
            17,
        ),
        ("copied, and both stay", copy, |_| {}, 15),
        // A new log at the other place is another log.
        ("a log of its own", |_| {}, |s| s.append("data/maillog", 0..4), 19),
    ];
    for (what, first, then, wanted) in cases {
        for names in [["maillog", "data/maillog"], ["data/maillog", "maillog"]] {
            let mut site = Site::new();
            site.append("maillog", 0..10);
            site.name(&names);
            site.has(10, "before");
            site.append("maillog", 10..15);
            first(&site);
            then(&site);
            site.has(wanted, what);
            site.append("data/maillog", 30..33);
            site.has(wanted + 3, &format!("{names:?}, {what}: and on"));
            site.append("maillog", 40..42);
            site.has(wanted + 5, &format!("{names:?}, {what}: the old place again"));
        }
    }
}

#[test]
fn logs_that_exchange_their_names_go_on() {
    for names in [&["a", "b"][..], &["a", "b", "c"]] {
        let mut site = Site::new();
        for (n, name) in names.iter().enumerate() {
            let n = i64::try_from(n).unwrap();
            site.append(name, n * 20..n * 20 + 10);
        }
        site.name(names);
        let mut wanted = i128::try_from(names.len()).unwrap() * 10;
        site.has(wanted, "before");
        for n in 1..4 {
            names.iter().for_each(|name| site.append(name, n * 100..n * 100 + 2));
            site.rename(names[0], "aside");
            names.windows(2).for_each(|two| site.rename(two[1], two[0]));
            site.rename("aside", names[names.len() - 1]);
            names.iter().for_each(|name| site.append(name, n * 100 + 5..n * 100 + 6));
            wanted += i128::try_from(names.len()).unwrap() * 3;
            site.has(wanted, &format!("{names:?} {n}"));
            assert_eq!(site.told(), [""; 0]);
        }
    }
}
