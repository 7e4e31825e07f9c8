//! Rotations of a syslog between any two polls: repetitions, the turn of the year, links.
use super::streams::Site;
use super::*;

fn value(site: &Site, key: &str) -> i128 {
    site.query().iter().find(|(k, _)| k == key).unwrap().1
}

/// Writes `text`, as it is at `time` (unix seconds).
fn write(site: &Site, name: &str, text: &str, time: i64) {
    use std::io::Write;
    let mut file = File::options().append(true).create(true).open(site.dir.path().join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(time).unwrap());
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// The line before stands in the file that was rotated, under any name.
#[test]
fn a_repetition_goes_on_across_a_rotation_of_any_kind() {
    for (name, update, query) in [
        ("maillog.1", true, false),
        ("maillog.1", false, false),
        ("maillog.old", true, true),
        ("kept", true, false),
        ("maillog-20261128", true, true),
    ] {
        let site = Site::new();
        let base = 1_795_887_380;
        NOW.set(base);
        site.update();
        let fail =
            "Nov 28 17:36:20 mx1 vpopmail[1]: vchkpw-pop3: password fail alice@example.org:192.0.2.7\n";
        write(&site, "maillog", fail, base);
        if update {
            site.update();
        }
        fs::rename(site.dir.path().join("maillog"), site.dir.path().join(name)).unwrap();
        if query {
            assert_eq!(value(&site, "pop3 pop3_fail"), 1, "{name}");
        }
        let more = "Nov 28 17:36:20 mx1 last message repeated 3 times\nNov 28 17:36:21 mx1 vpopmail[2]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7\n";
        write(&site, "maillog", more, base + 1);
        for _ in 0..2 {
            let counted =
                ["pop3 pop3_connect", "pop3 pop3_success", "pop3 pop3_fail"].map(|k| value(&site, k));
            // One success, one failure and its three repetitions.
            assert_eq!(counted, [5, 1, 4], "{name}");
            site.update();
        }
    }
}

/// Stamps without a year, two before and two after midnight, and polls in between; the file may be rotated, too.
#[test]
fn the_year_turns_between_two_polls() {
    // 2027-01-01 00:00:00, as the zone of this machine has it.
    let midnight = {
        use chrono::{Local, TimeZone};
        Local.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap().timestamp()
    };
    let line = |stamp: &str, n: u32| {
        format!("{stamp} mx1 vpopmail[{n}]: vchkpw-pop3: (PLAIN) login success a@example.org:192.0.2.7\n")
    };
    for rotated in [None, Some("maillog.1"), Some("maillog.old"), Some("of-2026")] {
        let site = Site::new();
        NOW.set(midnight - 300);
        site.update();
        let old = line("Dec 31 23:58:10", 1) + &line("Dec 31 23:59:59", 2);
        write(&site, "maillog", &old, midnight - 1);
        NOW.set(midnight + 2);
        site.update();
        if let Some(name) = rotated {
            fs::rename(site.dir.path().join("maillog"), site.dir.path().join(name)).unwrap();
        }
        write(&site, "maillog", &(line("Jan  1 00:00:05", 3) + &line("Jan  1 00:01:05", 4)), midnight + 65);
        NOW.set(midnight + 300);
        for _ in 0..2 {
            assert_eq!(value(&site, "pop3 pop3_success"), 4, "{rotated:?}");
            site.update();
        }
        let pop3 = site.jobs().into_iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
        let state = pop3.store().read().unwrap().unwrap();
        let stream = &state.ledger.streams[0];
        assert_eq!((stream.last_time, stream.last_lines), (midnight + 65, 1), "{rotated:?}");
        // The steps are hours: that before midnight, with the other two lines, is in the RRD.
        let counter = pop3.feed.protocol.index("pop3_success").unwrap();
        let bins: Vec<(i64, i128)> =
            state.bins.iter().map(|(begin, bin)| (*begin - midnight, bin.values.get(counter))).collect();
        assert_eq!((state.pushed, bins), (midnight, vec![(0, 2)]), "{rotated:?}");
    }
}

/// A link that leads to the file of the day moves behind the last poll, and behind a query.
#[test]
fn a_link_moves_behind_the_last_poll() {
    use std::os::unix::fs::symlink;
    for (first, second) in [("l/mail-2026-11-28.log", "l/mail-2026-11-29.log"), ("l/a", "m/b")] {
        let site = Site::new();
        let base = 1_795_887_384;
        NOW.set(base + 60);
        let path = |name: &str| site.dir.path().join(name);
        fs::create_dir(path("l")).unwrap();
        fs::create_dir(path("m")).unwrap();
        let link = |to: &str| {
            symlink(to, path("new")).unwrap();
            fs::rename(path("new"), path("maillog")).unwrap();
        };
        let login = |n: u32| {
            format!(
                "Nov 28 17:36:{} mx1 vpopmail[{n}]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7\n",
                24 + n / 3
            )
        };
        write(&site, first, &(login(1) + &login(2)), base);
        link(first);
        site.update();
        write(&site, first, &login(3), base + 1);
        assert_eq!(value(&site, "pop3 pop3_success"), 3, "{first}");
        write(&site, second, &(login(4) + &login(5)), base + 2);
        link(second);
        for _ in 0..2 {
            assert_eq!(value(&site, "pop3 pop3_success"), 5, "{first}");
            site.update();
        }
        // Somebody removes the link, and it comes back.
        write(&site, second, &login(6), base + 3);
        fs::remove_file(path("maillog")).unwrap();
        assert_eq!(value(&site, "pop3 pop3_success"), 6, "{first}: no link");
        link(second);
        site.update();
        assert_eq!(value(&site, "pop3 pop3_success"), 6, "{first}");
    }
}
