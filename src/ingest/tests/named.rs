//! Which logs `logs_syslog` names, when the key is edited, when a log is named twice, and when none is named.
use super::super::feeds::PRETENDED;
use super::streams::Site;
use super::*;
use crate::query::look;
use crate::say::gathered;

/// Logins of these numbers; each is of a second of its own.
pub(super) fn logins(numbers: std::ops::Range<i64>) -> String {
    let line = |n: i64| {
        let time = chrono::DateTime::from_timestamp(T0 + n, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ");
        format!("{time} mx1 pop3d: LOGIN, user=u{n}@example.org, ip=[192.0.2.7], port=[{n}]\n")
    };
    numbers.map(line).collect()
}

impl Site {
    /// `logs_syslog` names these files below the directory from now on, and a minute passes.
    pub(super) fn name(&mut self, names: &[&str]) {
        let base = self.config.logs_base.display().to_string();
        let path = |name: &&str| {
            if name.starts_with('/') { format!("{base}{name}") } else { format!("{base}/{name}") }
        };
        self.config.logs_syslog = Some(names.iter().map(path).collect());
        self.feeds = feeds(&self.config).into_iter().filter(|f| f.queues.is_empty()).collect();
        NOW.set(NOW.get() + 60);
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.config.logs_base.join(name)
    }

    pub(super) fn append(&self, name: &str, numbers: std::ops::Range<i64>) {
        use std::io::Write;
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        let mut file = File::options().append(true).create(true).open(self.file(name)).unwrap();
        file.write_all(logins(numbers).as_bytes()).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.file(to).parent().unwrap()).unwrap();
        fs::rename(self.file(from), self.file(to)).unwrap();
    }

    pub(super) fn logins(&self) -> i128 {
        self.query().iter().find(|(k, _)| k == "pop3 pop3_success").unwrap().1
    }

    /// A query before an update says what one after it says, and further updates change nothing.
    pub(super) fn has(&self, wanted: i128, why: &str) {
        assert_eq!(self.logins(), wanted, "{why}: a query");
        for n in 0..3 {
            self.update();
            assert_eq!(self.logins(), wanted, "{why}: update {n}");
            NOW.set(NOW.get() + 60);
        }
    }

    /// What an update says.
    pub(super) fn said(&self) -> Vec<String> {
        gathered(|| self.update()).1
    }
}

/// Ten lines are counted; then five come, the log is rotated, and five more come. The key is edited meanwhile.
#[test]
fn a_log_that_is_named_otherwise_goes_on_where_it_was() {
    type Prepare = fn(&Site);
    let nothing: Prepare = |_| {};
    let cases: [(&str, &str, Prepare); 7] = [
        ("maillog", "//maillog", nothing),
        ("maillog", "./maillog", nothing),
        ("//.//maillog", "maillog", nothing),
        ("maillog", "link", |s| std::os::unix::fs::symlink("maillog", s.file("link")).unwrap()),
        ("link", "maillog", |s| std::os::unix::fs::symlink("maillog", s.file("link")).unwrap()),
        ("maillog", "logs/maillog", |s| std::os::unix::fs::symlink(".", s.file("logs")).unwrap()),
        ("maillog", "send/../maillog", nothing),
    ];
    for (was, is, prepare) in cases {
        for rotates in [true, false] {
            let mut site = Site::new();
            prepare(&site);
            site.name(&[was]);
            site.append("maillog", 0..10);
            site.has(10, "before");
            site.append("maillog", 10..15);
            if rotates {
                site.rename("maillog", "maillog.1");
            }
            site.append("maillog", 15..20);
            site.name(&[is]);
            assert_eq!(site.said(), [""; 0], "{was} is {is}");
            site.has(20, &format!("{was} is {is}"));
            site.append("maillog", 20..23);
            site.has(23, "and on");
        }
    }
}

/// A protocol's own file goes the same way: no time of lines would keep it from being counted again.
#[test]
fn an_own_file_that_is_named_otherwise_goes_on_where_it_was() {
    let own = |name: &str| {
        let name = name.to_owned();
        move |base: &Path| format!("logs_webmail_files = [\"{}{name}\"]", base.display())
    };
    let login = |n: i64| {
        let time = chrono::DateTime::from_timestamp(T0 + n, 0).unwrap().format("[%d-%b-%Y %H:%M:%S +0000]");
        format!(
            "{time}: <0123456789abcdef> Successful login for u{n}@example.org (ID: {n}) from 192.0.2.7 in session 0123456789abcdef\n"
        )
    };
    let lines = |numbers: std::ops::Range<i64>| numbers.map(login).collect::<String>();
    let mut site = Site::with_more("maillog", own("//web.log"));
    let value = |site: &Site| site.query().iter().find(|(k, _)| k == "webmail webmail_success").unwrap().1;
    fs::write(site.file("web.log"), lines(0..7)).unwrap();
    site.update();
    assert_eq!(value(&site), 7);
    fs::write(site.file("web.log.1"), lines(0..9)).unwrap();
    fs::write(site.file("web.log"), lines(9..10)).unwrap();
    for name in ["/web.log", "/./web.log", "/elsewhere.log"] {
        let base = site.config.logs_base.clone();
        (site.config, site.feeds) = streams::configured(&base, "maillog", own(name));
        NOW.set(NOW.get() + 60);
        assert_eq!(value(&site), 10, "{name}");
        site.update();
        assert_eq!(value(&site), 10, "{name}");
    }
}

/// The old log is read to its end once, wherever its lines are, and the new one goes on from there.
#[test]
fn what_is_left_in_a_log_that_is_named_no_more_counts_once() {
    type Change = fn(&Site);
    let cases: [(&str, Change, i128); 7] = [
        ("begun elsewhere", |s| s.append("new/maillog", 15..20), 20),
        (
            "rotated first",
            |s| {
                s.rename("maillog", "maillog.1");
                s.append("maillog", 15..16);
                s.append("new/maillog", 16..20);
            },
            20,
        ),
        (
            "rotated, and another name",
            |s| {
                s.rename("maillog", "maillog.1");
                s.append("new/maillog", 15..20);
            },
            20,
        ),
        ("the new one has all lines too", |s| s.append("new/maillog", 0..20), 20),
        ("the new one has the lines since", |s| s.append("new/maillog", 12..20), 20),
        ("it was moved", |s| s.rename("maillog", "new/maillog"), 15),
        (
            "it was moved and rotated",
            |s| {
                s.rename("maillog", "new/maillog.1");
                s.append("new/maillog", 15..20);
            },
            20,
        ),
    ];
    for (what, change, wanted) in cases {
        let mut site = Site::new();
        site.append("maillog", 0..10);
        site.has(10, "before");
        site.append("maillog", 10..15);
        change(&site);
        site.name(&["new/maillog"]);
        site.has(wanted, what);
        // What is written to the old one from now on is no business of ours.
        site.append("maillog", 20..25);
        site.append("new/maillog", 25..27);
        site.has(wanted + 2, &format!("{what}: later"));
        site.name(&["maillog"]);
        site.append("maillog", 27..28);
        site.has(wanted + 3, &format!("{what}: back again"));
    }
    // A copy went on, while the old one had lines that it has not.
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.update();
    fs::create_dir(site.file("new")).unwrap();
    fs::copy(site.file("maillog"), site.file("new/maillog")).unwrap();
    site.append("maillog", 10..12);
    site.append("new/maillog", 12..15);
    site.name(&["new/maillog"]);
    site.has(15, "a copy");
}

#[test]
fn one_of_two_logs_is_named_no_more_or_all_are() {
    let mut site = Site::new();
    site.name(&["maillog", "other"]);
    site.append("maillog", 0..10);
    site.append("other", 100..110);
    site.has(20, "both");
    // They stand side by side: the lines of one tell nothing of those of the other.
    site.append("maillog", 10..13);
    site.append("other", 110..114);
    site.name(&["maillog"]);
    site.has(27, "one");
    site.append("other", 114..120);
    site.append("maillog", 13..15);
    site.has(29, "and no more of the other");
    site.append("maillog", 15..17);
    site.name(&[]);
    site.has(31, "none");
    site.append("maillog", 17..20);
    site.has(31, "and on");
}

#[test]
fn a_log_that_is_named_no_more_and_cannot_be_read_is_waited_for_and_then_told_of() {
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.has(10, "before");
    site.append("maillog", 10..15);
    site.append("new", 15..20);
    site.rename("maillog", "away/aside");
    site.name(&["new"]);
    let said = site.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("maillog: is not there") && said[0].contains("does not name it"), "{said:?}");
    assert_eq!(site.said(), [""; 0], "once");
    // It comes back within the hour.
    site.rename("away/aside", "maillog");
    site.has(20, "back");
    // And another time it does not.
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.update();
    site.append("new", 15..20);
    fs::remove_file(site.file("maillog")).unwrap();
    fs::create_dir(site.file("maillog")).unwrap();
    site.name(&["new"]);
    site.update();
    let pop3 = |site: &Site| {
        let jobs = site.jobs();
        let job = jobs.iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
        let reading = look(job, NOW.get()).unwrap().reading(job, NOW.get());
        reading.counter("pop3_success").unwrap().value.unwrap().total
    };
    assert_eq!(pop3(&site), 10);
    NOW.set(NOW.get() + 3_600);
    let said = site.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("maillog: ") && said[0].contains("missing from the counters"), "{said:?}");
    site.has(15, "given up");
    assert_eq!(site.said(), [""; 0]);
}

/// Hard links, and a log beside one of its own rotations.
#[test]
fn a_log_that_is_named_by_two_names_counts_once() {
    let link = |site: &Site, from: &str, to: &str| fs::hard_link(site.file(from), site.file(to)).unwrap();
    for names in [["maillog", "hard"], ["hard", "maillog"]] {
        let mut site = Site::new();
        site.append("maillog", 0..10);
        link(&site, "maillog", "hard");
        site.name(&names);
        site.has(10, "at first");
        site.append("hard", 10..12);
        site.has(12, "and on");
        // The other name stays with the file that is rotated.
        site.append("maillog", 12..15);
        site.rename("maillog", "maillog.1");
        site.append("maillog", 15..17);
        site.append("maillog.1", 17..18);
        site.has(18, "rotated");
        site.append("maillog.1", 18..19);
        site.has(19, "a writer that still has it open");
        site.rename("maillog.1", "maillog.2");
        site.rename("maillog", "maillog.1");
        site.append("maillog", 19..22);
        site.has(22, "twice");
        // Packed: the other name has the file for itself.
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packer, &fs::read(site.file("maillog.2")).unwrap()).unwrap();
        fs::write(site.file("maillog.2.gz"), packer.finish().unwrap()).unwrap();
        fs::remove_file(site.file("maillog.2")).unwrap();
        site.append("maillog", 22..23);
        site.has(23, "packed");
    }
    for names in [["maillog", "maillog.1"], ["maillog.1", "maillog"]] {
        let mut site = Site::new();
        site.append("maillog", 0..10);
        site.name(&names);
        site.has(10, "before");
        for n in 1..4 {
            site.append("maillog", n * 10..n * 10 + 5);
            if n > 1 {
                site.rename("maillog.1", "maillog.2");
            }
            site.rename("maillog", "maillog.1");
            site.append("maillog", n * 10 + 5..n * 10 + 10);
            site.has(i128::from(n) * 10 + 10, &format!("{names:?}, rotated {n} times"));
        }
    }
    // A rotation whose name says nothing of its age.
    let mut site = Site::new();
    site.append("maillog", 0..10);
    site.name(&["maillog", "maillog.old"]);
    site.has(10, "before");
    site.append("maillog", 10..12);
    site.rename("maillog", "maillog.old");
    site.append("maillog", 12..14);
    site.has(14, "old");
    site.append("maillog", 14..15);
    site.rename("maillog", "maillog.old");
    site.append("maillog", 15..18);
    site.has(18, "old again");
}

/// One name of two is taken out, or comes to mean another file.
#[test]
fn of_two_names_of_one_log_either_goes_on() {
    for (stays, rotates) in [("maillog", false), ("hard", false), ("maillog", true)] {
        let mut site = Site::new();
        site.append("maillog", 0..10);
        fs::hard_link(site.file("maillog"), site.file("hard")).unwrap();
        site.name(&["maillog", "hard"]);
        site.has(10, "both");
        site.append("maillog", 10..15);
        if rotates {
            site.rename("maillog", "maillog.1");
            site.append("maillog", 15..17);
        }
        site.name(&[stays]);
        site.has(if rotates { 17 } else { 15 }, stays);
    }
    // The link is broken: each is a log of its own from then on.
    let mut site = Site::new();
    site.append("maillog", 0..10);
    fs::hard_link(site.file("maillog"), site.file("hard")).unwrap();
    site.name(&["maillog", "hard"]);
    site.has(10, "both");
    fs::remove_file(site.file("hard")).unwrap();
    site.append("hard", 20..23);
    site.append("maillog", 10..12);
    site.has(15, "two logs");
    site.append("maillog", 30..31);
    site.append("hard", 31..33);
    site.has(18, "two logs");
}

/// Where toaster.conf names no syslog, mail moves from one of the usual files to another.
#[test]
fn where_no_log_is_named_lines_that_move_are_followed() {
    const LONG: i64 = 1_000;
    let usual = |site: &mut Site| {
        let names = ["maillog", "mail.log", "messages"].map(|name| site.file(name).display().to_string());
        PRETENDED.set(Some(names.to_vec()));
        site.config.logs_syslog = None;
        site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
    };
    // What was written so many seconds ago.
    let written = |site: &Site, name: &str, ago: i64| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW.get() - ago).unwrap());
        let file = File::options().append(true).open(site.file(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    };
    let foreign = |site: &Site, name: &str, numbers: std::ops::Range<i64>| {
        let text = logins(numbers).replace("pop3d: LOGIN", "cron: (root) CMD");
        fs::write(site.file(name), fs::read_to_string(site.file(name)).unwrap_or_default() + &text).unwrap();
    };
    for (was, is) in [("mail.log", "maillog"), ("maillog", "mail.log"), ("mail.log", "messages")] {
        let mut site = Site::new();
        usual(&mut site);
        NOW.set(T0 + 50);
        site.append(was, 0..10);
        written(&site, was, 20);
        site.has(10, was);
        // The last lines of the old one were not counted yet.
        site.append(was, 10..12);
        site.append(is, 700..703);
        NOW.set(T0 + LONG);
        written(&site, was, LONG - 12);
        site.has(15, &format!("from {was} to {is}"));
        site.append(is, 1_000..1_002);
        site.has(17, "and on");
    }
    // Another one with the same lines, and one without any of ours.
    let mut site = Site::new();
    usual(&mut site);
    NOW.set(T0 + 50);
    site.append("mail.log", 0..10);
    site.append("maillog", 0..10);
    fs::remove_file(site.file("maillog")).unwrap();
    site.has(10, "before");
    site.append("maillog", 0..10);
    foreign(&site, "messages", 900..950);
    NOW.set(T0 + LONG);
    written(&site, "mail.log", LONG - 10);
    site.has(10, "nothing moved");
    let job = site.jobs().into_iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
    let streams = job.store().read().unwrap().unwrap().ledger.streams;
    assert!(streams.iter().all(|s| s.name.ends_with("/mail.log")));
    // The old one goes on with lines of other programs: nobody knows where ours ended, and it is said once.
    let mut site = Site::new();
    usual(&mut site);
    NOW.set(T0 + 50);
    site.append("messages", 0..10);
    site.has(10, "before");
    NOW.set(T0 + 20_000);
    foreign(&site, "messages", 10..19_990);
    written(&site, "messages", 10);
    site.append("maillog", 19_000..19_005);
    let said = site.said();
    let of_pop3: Vec<_> = said.iter().filter(|text| text.contains("has lines of pop3")).collect();
    assert_eq!(of_pop3.len(), 1, "{said:?}");
    assert!(of_pop3[0].contains("maillog: ") && of_pop3[0].contains("set logs_syslog"), "{said:?}");
    assert_eq!(site.said(), [""; 0], "once");
    PRETENDED.set(None);
}

/// The log that comes first is removed, and another one has the lines: it is not waited for as long as for a disk.
#[test]
fn where_the_usual_log_is_gone_another_one_follows() {
    let mut site = Site::new();
    let names = ["maillog", "mail.log"].map(|name| site.file(name).display().to_string());
    PRETENDED.set(Some(names.to_vec()));
    site.config.logs_syslog = None;
    site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
    NOW.set(T0 + 50);
    site.append("maillog", 0..10);
    site.update();
    fs::remove_file(site.file("maillog")).unwrap();
    site.append("mail.log", 5_000..5_004);
    NOW.set(T0 + 5_100);
    site.has(14, "gone");
    PRETENDED.set(None);
}
