//! Positions that fit no more: which lines are known is told by their time; and queries that never fall.
use super::streams::Site;
use super::*;
use crate::error::Error;
use crate::query::look;
use crate::source::machine::tests::PRETENDED;

/// A login of this second after T0.
fn login(second: i64, n: usize) -> String {
    let time = chrono::DateTime::from_timestamp(T0 + second, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ");
    format!("{time} mx1 pop3d: LOGIN, user=u{n}@example.org, ip=[192.0.2.7], port=[{n}]\n")
}

fn logins(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|n| login(i64::try_from(n).unwrap() / 3, n)).collect()
}

impl Site {
    fn put(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join("new"), text).unwrap();
        fs::rename(self.dir.path().join("new"), self.dir.path().join(name)).unwrap();
    }

    fn value(&self, key: &str) -> i128 {
        self.query().iter().find(|(k, _)| k == key).unwrap().1
    }

    fn pop3(&self) -> i128 {
        self.value("pop3 pop3_success")
    }

    /// A query before an update says what one after it says, and a further update changes nothing.
    fn counts(&self, wanted: i128, why: &str) {
        assert_eq!(self.pop3(), wanted, "{why}: a query");
        for _ in 0..2 {
            self.update();
            assert_eq!(self.pop3(), wanted, "{why}: an update");
        }
    }
}

#[test]
fn a_syslog_that_changed_is_never_read_from_its_beginning() {
    type Change = fn(&Site);
    let changes: [(&str, Change, i128); 8] = [
        ("its end is lost", |s| s.put("maillog", &logins(0..60)), 100),
        ("a line is removed", |s| s.put("maillog", &logins(1..100)), 100),
        ("and lines came", |s| s.put("maillog", &(logins(0..50) + &logins(51..120))), 120),
        ("anonymised", |s| s.put("maillog", &logins(0..110).replace("192.0.2.7", "x")), 110),
        ("an older copy", |s| s.put("maillog", &(logins(0..60) + &logins(120..130))), 110),
        ("emptied", |s| s.put("maillog", &logins(120..130)), 110),
        (
            "anonymised after it was rotated",
            |s| {
                fs::remove_file(s.dir.path().join("maillog")).unwrap();
                s.put("maillog.1", &logins(0..105).replace("192.0.2.7", "x"));
                s.put("maillog", &logins(105..107));
            },
            107,
        ),
        (
            "NULs",
            |s| {
                let mut bytes = logins(0..100).into_bytes();
                let from = bytes.len() - 2000;
                bytes[from..].fill(0);
                bytes.extend(logins(120..122).into_bytes());
                fs::write(s.dir.path().join("maillog"), bytes).unwrap();
            },
            102,
        ),
    ];
    for (what, change, wanted) in changes {
        let site = Site::new();
        site.put("maillog", &logins(0..100));
        site.counts(100, "before");
        change(&site);
        site.counts(wanted, what);
    }
}

/// What a stream held when it was first met is known, and stays so.
#[test]
fn a_log_that_began_at_its_end_is_not_counted_when_it_changes() {
    let site = Site::new();
    fs::create_dir_all(&site.config.logs_counters).unwrap();
    fs::write(site.config.logs_counters.join("pop3.txt"), "pop3_success:7\n").unwrap();
    site.put("maillog", &logins(0..100));
    site.counts(7, "taken over");
    site.put("maillog", &logins(1..100).replace("example", "x"));
    site.counts(7, "edited");
    site.put("maillog", &(logins(1..100).replace("example", "x") + &login(200_000, 1)));
    site.counts(8, "a new line");
}

/// A protocol's own file goes the same way.
#[test]
fn an_own_log_that_changed_is_not_counted_again() {
    let site = Site::with_more("maillog", |base| {
        format!("logs_webmail_files = [{:?}]", base.join("web.log").display().to_string())
    });
    let text = |numbers: std::ops::Range<i64>| -> String {
        let stamp =
            |n| chrono::DateTime::from_timestamp(T0 + n, 0).unwrap().format("[%d-%b-%Y %H:%M:%S +0000]");
        numbers
            .map(|n| {
                let (stamp, session) = (stamp(n), "0123456789abcdef");
                format!("{stamp}: <{session}> Successful login for u{n}@example.org (ID: {n}) from 192.0.2.7 in session {session}\n")
            })
            .collect()
    };
    let value = || site.value("webmail webmail_success");
    site.put("web.log", &text(0..50));
    site.update();
    assert_eq!(value(), 50);
    for (changed, wanted) in
        [(text(0..50).replace("192.0.2.7", "x"), 50), (text(0..30), 50), (text(0..30) + &text(60..65), 55)]
    {
        site.put("web.log", &changed);
        assert_eq!(value(), wanted);
        site.update();
        assert_eq!(value(), wanted);
    }
}

fn on(machine: &str) {
    PRETENDED.set(Some(machine.to_owned()));
}

#[test]
fn each_of_two_hosts_on_one_store_counts_its_own_log() {
    let site = Site::new();
    let text = |host: &str, numbers: std::ops::Range<usize>| logins(numbers).replace("mx1", host);
    let (a, b) = ("a/1", "b/2");
    let show = |host: &str| {
        let _ = fs::remove_file(site.dir.path().join("maillog"));
        fs::hard_link(site.dir.path().join(&host[..1]), site.dir.path().join("maillog")).unwrap();
        on(host);
    };
    let append = |host: &str, numbers| {
        let path = site.dir.path().join(&host[..1]);
        let old = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, old + &text(&format!("mx{}", &host[..1]), numbers)).unwrap();
    };
    append(a, 0..10);
    show(a);
    site.counts(10, "a begins");
    // Of b only what is later than what was counted of a: lines 9 to 11 are of second 3.
    append(b, 0..15);
    show(b);
    site.counts(13, "b comes");
    let mut wanted = 13;
    for n in 0..3 {
        for (host, lines) in [(a, 20 + n * 7..22 + n * 7), (b, 20 + n * 5..23 + n * 5)] {
            wanted += i128::try_from(lines.len()).unwrap();
            append(host, lines);
            show(host);
            site.counts(wanted, host);
        }
    }
    // A host of another name whose log is a's: it was renamed, and b is still b.
    append(a, 60..62);
    show(a);
    on("renamed/1");
    site.counts(wanted + 2, "renamed");
    append(b, 60..63);
    show(b);
    site.counts(wanted + 5, "b after that");
    PRETENDED.set(None);
}

#[test]
fn what_an_older_version_counted_belongs_to_who_comes_first() {
    let site = Site::new();
    let name = site.dir.path().canonicalize().unwrap().join("maillog").display().to_string();
    on("a/1");
    site.put("maillog", &logins(0..10));
    site.update();
    let store = site.jobs().into_iter().find(|j| j.feed.protocol.name == "pop3").unwrap().store();
    let mut session = store.open(Duration::ZERO, T0).unwrap();
    let mut state = session.state.clone();
    let at = state.ledger.stream(&name, "a/1").unwrap();
    state.ledger.streams[at].machine.clear();
    session.commit(state, Vec::new(), T0).unwrap();
    drop(session);
    site.put("maillog", &logins(0..12));
    on("b/2");
    site.counts(12, "taken over");
    let streams = store.read().unwrap().unwrap().ledger.streams;
    assert_eq!(streams.iter().map(|s| s.machine.as_str()).collect::<Vec<_>>(), ["b/2"]);
    PRETENDED.set(None);
}

impl World {
    fn put(&self, name: &str, lines: &[(String, i64)]) {
        fs::write(self.log.join(name), text_of(lines)).unwrap();
    }

    /// The counters that a query and an update say: those of `lines`, once.
    fn counts(&self, lines: &[(String, i64)], why: &str) {
        assert_eq!(odometers(&self.query()), model(lines), "{why}: a query");
        for _ in 0..2 {
            self.update().unwrap();
            assert_eq!(odometers(&self.query()), model(lines), "{why}: an update");
        }
    }
}

#[test]
fn a_chunk_that_changed_is_not_counted_again_and_its_later_lines_are() {
    let all = some_lines();
    let counted = &all[..30];
    let anonymised = |lines: &[(String, i64)]| -> Vec<(String, i64)> {
        lines.iter().map(|(line, time)| (line.replace("example.org", "x"), *time)).collect()
    };
    let joined = |parts: &[&[(String, i64)]]| parts.concat();
    let cases = [
        ("its end is lost", all[..20].to_vec(), vec![]),
        ("and lines came", joined(&[&all[..20], &all[33..36]]), all[33..36].to_vec()),
        ("its first line is gone", all[1..30].to_vec(), vec![]),
        ("and lines came", all[1..35].to_vec(), all[30..35].to_vec()),
        ("a line in the middle is gone", joined(&[&all[..10], &all[11..33]]), all[30..33].to_vec()),
        ("other words", anonymised(&all[..33]), all[30..33].to_vec()),
    ];
    for (what, text, new) in cases {
        for orphan in [false, true] {
            let world = World::new();
            world.put("current", counted);
            world.counts(counted, "before");
            fs::remove_file(world.log.join("current")).unwrap();
            world.put(if orphan { "@400000006abaee0408386019.u" } else { "current" }, &text);
            world.counts(&joined(&[counted, &new]), what);
        }
    }
}

/// Lines that are older than what was counted since, in a chunk that nobody has seen: they come late.
#[test]
fn a_chunk_that_comes_late_counts() {
    let all = some_lines();
    let world = World::new();
    world.put("current", &all[20..40]);
    world.counts(&all[20..40], "before");
    world.put("@400000006abaee0408386019.u", &all[..10]);
    world.put("@400000006abaee0408386020.u", &all[10..20]);
    world.counts(&all, "two orphans");
    // And one whose clock was set back.
    let mut world = World::new();
    world.put("current", &all[20..40]);
    world.counts(&all[20..40], "before");
    world.roll();
    world.put("current", &all[..20]);
    world.counts(&all, "an earlier clock");
}

#[test]
fn a_chunk_without_labels_that_lost_its_end_is_known() {
    let world = World::new();
    let text: String = (0..1000).map(|n| format!("new msg {n}\n")).collect();
    let path = world.log.join("current");
    fs::write(&path, &text).unwrap();
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 1000);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(text.len() as u64 / 2).unwrap();
    for _ in 0..2 {
        assert_eq!(world.query()["message_new"], 1000);
        world.update().unwrap();
    }
}

#[test]
fn a_query_without_one_of_its_sources_is_none() {
    // A syslog: something else stands there, it is away, its rest is being compressed.
    let fails = |site: &Site| -> Error {
        let jobs = site.jobs();
        let job = jobs.iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
        query(job, NOW.get()).unwrap_err()
    };
    let site = Site::new();
    site.put("maillog", &logins(0..10));
    site.update();
    site.put("maillog", &logins(0..13));
    assert_eq!(site.pop3(), 13);
    let path = site.dir.path().join("maillog");
    // In the same directory it would be found.
    let aside = site.dir.path().join("elsewhere/aside");
    fs::create_dir(aside.parent().unwrap()).unwrap();
    fs::rename(&path, &aside).unwrap();
    assert!(fails(&site).to_string().contains("maillog: is not there"));
    fs::create_dir(&path).unwrap();
    assert!(fails(&site).to_string().contains("maillog: cannot open"));
    fs::remove_dir(&path).unwrap();
    let packed = fs::read(&aside).unwrap();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &packed).unwrap();
    let packed = packer.finish().unwrap();
    fs::write(site.dir.path().join("maillog.1.gz"), &packed[..40]).unwrap();
    site.put("maillog", &logins(13..14));
    assert!(fails(&site).to_string().contains("is being compressed"));
    // It is whole in a moment, and a query waits for that.
    let whole = site.dir.path().join("maillog.1.gz");
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        fs::write(whole, packed).unwrap();
    });
    assert_eq!(site.pop3(), 14);
    writer.join().unwrap();
    // One that is away for days is given up.
    fs::remove_file(&path).unwrap();
    fs::remove_file(site.dir.path().join("maillog.1.gz")).unwrap();
    NOW.set(NOW.get() + 2 * 86_400);
    assert_eq!(site.pop3(), 10);
}

#[test]
fn a_query_without_its_log_directory_is_none() {
    let world = World::new();
    let lines = some_lines();
    NOW.set(lines[39].1 + 60);
    world.put("current", &lines[..20]);
    world.update().unwrap();
    world.put("current", &lines);
    assert_eq!(odometers(&world.query()), model(&lines));
    let away = world.log.with_extension("away");
    fs::rename(&world.log, &away).unwrap();
    let e = query(&world.job(), NOW.get()).unwrap_err();
    assert!(e.to_string().contains("send: is not there"), "{e}");
    // A chart may be drawn of what was counted last.
    let job = world.job();
    let reading = look(&job, NOW.get()).unwrap().reading(&job, NOW.get());
    assert_eq!(
        reading.counter("message_new").unwrap().value.unwrap().total,
        *model(&lines[..20]).get("message_new").unwrap()
    );
    assert!(reading.failed.is_some_and(|why| why.contains("send: is not there")) && !reading.complete);
    fs::write(&world.log, "in the way").unwrap();
    assert!(query(&world.job(), NOW.get()).is_err());
    fs::remove_file(&world.log).unwrap();
    // One that is gone for days is given up.
    NOW.set(NOW.get() + 2 * 86_400);
    assert_eq!(odometers(&world.query()), model(&lines[..20]));
    fs::rename(&away, &world.log).unwrap();
    assert_eq!(odometers(&world.query()), model(&lines));
    // One that was never there is no error.
    let world = World::new();
    fs::remove_dir(&world.log).unwrap();
    assert_eq!(odometers(&world.query()), BTreeMap::new());
}

#[test]
fn a_repetition_that_cannot_be_counts_what_can() {
    let site = Site::new();
    let repeated = |second: i64, n: u64| {
        login(second, 1).split("pop3d").next().unwrap().to_owned()
            + &format!("last message repeated {n} times\n")
    };
    let cases: [(Vec<(i64, u64)>, i128); 6] = [
        (vec![(0, 5)], 5),
        (vec![(30, 3000), (60, 4000)], 7000),
        (vec![(0, 4_294_967_295)], 20_000),
        (vec![(0, 4_294_967_295), (0, 4_294_967_295), (0, 9)], 20_000),
        (vec![(60, 4_294_967_295)], 1_000_000),
        (vec![(9, 4_294_967_295), (10, 4_294_967_295)], 200_000 + 40_000),
    ];
    let (mut text, mut wanted) = (String::new(), 0);
    for (n, (lines, count)) in cases.into_iter().enumerate() {
        let begin = i64::try_from(n).unwrap() * 1000;
        text += &login(begin, n);
        // A reading in between changes nothing.
        site.put("maillog", &text);
        site.update();
        text.extend(lines.into_iter().map(|(second, times)| repeated(begin + second, times)));
        wanted += 1 + count;
        site.put("maillog", &text);
        site.counts(wanted, &format!("case {n}"));
    }
}
