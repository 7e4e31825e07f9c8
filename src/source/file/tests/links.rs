//! The live name is a link, and moves.
use std::os::unix::fs::{PermissionsExt, symlink};

use super::by_time::{hundred, lines};
use super::*;

impl Place {
    /// As `ln -sfn` does it.
    fn link(&self, target: &str) {
        symlink(target, self.path("new link")).unwrap();
        self.rename("new link", "log");
    }

    fn mkdir(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }
}

/// A place whose log is a link to a file of which a hundred lines were read, and which has got three more since.
fn linked(target: &str) -> Place {
    let mut place = Place::new(1);
    if let Some((dir, _)) = target.rsplit_once('/') {
        place.mkdir(dir);
    }
    place.append(target, &lines(0..100));
    place.link(target);
    assert_eq!(place.news().len(), 100);
    place.append(target, &lines(100..103));
    place
}

#[test]
fn a_link_that_moves_to_any_other_file() {
    for (from, to) in [
        ("l/mail-2026-09-28.log", "l/mail-2026-09-29.log"),
        ("l/mail.log", "l/other"),
        ("log-20260928", "log-20260929"),
        ("2026/09/28/mail.log", "2026/09/29/mail.log"),
        ("a/mail.log", "b/mail.log"),
        ("a/one", "b/two"),
    ] {
        for is_gone_between in [false, true] {
            let mut place = linked(from);
            if is_gone_between {
                std::fs::remove_file(place.path("log")).unwrap();
                assert_eq!(place.new_numbers(), [100, 101, 102], "{from}");
            }
            if let Some((dir, _)) = to.rsplit_once('/') {
                place.mkdir(dir);
            }
            // It leads nowhere yet.
            place.link(to);
            let wanted = if is_gone_between { vec![] } else { vec![100, 101, 102] };
            assert_eq!(place.new_numbers(), wanted, "{from}");
            place.append(from, &lines(103..104));
            place.append(to, &lines(104..106));
            assert_eq!(place.new_numbers(), [103, 104, 105], "{from}");
            // A program that was not told yet goes on in the old one.
            place.append(from, &lines(106..107));
            assert_eq!(place.new_numbers(), [106], "{from}");
            place.append(to, &lines(107..108));
            assert_eq!(place.new_numbers(), [107], "{from}");
            assert_eq!(place.lost(), "", "{from}");
        }
    }
}

#[test]
fn what_a_link_left_is_renamed_or_packed() {
    for (pack, name) in [
        (Some("gzip"), "l/mail-1.log"),
        (Some("xz"), "l/mail-1.log"),
        (None, "l/mail-1.log.old"),
        (None, "l/anything"),
        (Some("gzip"), "l/anything"),
    ] {
        let mut place = linked("l/mail-1.log");
        place.append("l/mail-2.log", &lines(103..104));
        place.link("l/mail-2.log");
        place.rename("l/mail-1.log", "l/moved");
        place.rename("l/moved", name);
        if let Some(program) = pack {
            place.pack(program, name);
        }
        assert_eq!(place.new_numbers(), [100, 101, 102, 103], "{pack:?} {name}");
        assert_eq!(place.lost(), "", "{pack:?} {name}");
    }
}

#[test]
fn a_link_that_moves_several_times_between_two_looks() {
    for packed in [false, true] {
        let mut place = linked("l/mail-2026-09-28.log");
        // The log of another program.
        place.append("l/auth-2026-09-29.log", &lines(900..910));
        for (n, day) in (0..3).zip(["09-29", "09-30", "10-01"]) {
            place.append(&format!("l/mail-2026-{day}.log"), &lines(103 + n..104 + n));
        }
        place.link("l/mail-2026-10-01.log");
        if packed {
            place.pack("gzip", "l/mail-2026-09-28.log");
            place.pack("bzip2", "l/mail-2026-09-30.log");
        }
        assert_eq!(place.new_numbers(), [100, 101, 102, 103, 104, 105], "packed: {packed}");
        assert_eq!(place.lost(), "");
        // Files that are made beforehand, and older ones, are none of them.
        place.append("l/mail-2026-10-03.log", "");
        place.append("l/mail-2026-09-01.log", &lines(910..912).replace("T22", "T11"));
        place.append("l/mail-2026-10-02.log", &lines(106..107));
        place.link("l/mail-2026-10-02.log");
        assert_eq!(place.new_numbers(), [106]);
        assert_eq!(place.lost(), "");
    }
}

#[test]
fn a_link_that_moves_through_several_directories_between_two_looks() {
    let day = |day: &str| format!("2026/{day}/mail.log");
    for packed in [false, true] {
        let mut place = linked(&day("09/28"));
        // Another program's log, and days that are not between.
        for other in ["09/29/auth.log", "09/27/mail.log", "10/03/mail.log", "tmp/mail.log"] {
            place.mkdir(&format!("2026/{}", other.rsplit_once('/').unwrap().0));
            place.append(&format!("2026/{other}"), &lines(900..910));
        }
        for (n, of) in (0..3).zip(["09/29", "09/30", "10/01"]) {
            place.mkdir(&format!("2026/{of}"));
            place.append(&day(of), &lines(103 + n..104 + n));
        }
        place.link(&day("10/01"));
        if packed {
            place.pack("gzip", &day("09/28"));
            place.pack("xz", &day("09/30"));
        }
        assert_eq!(place.new_numbers(), [100, 101, 102, 103, 104, 105], "packed: {packed}");
        assert_eq!(place.new_numbers(), Vec::<usize>::new(), "packed: {packed}");
        assert_eq!(place.lost(), "");
    }
}

/// Two links that lead on, and a directory that is one.
#[test]
fn a_link_to_a_link() {
    let mut place = linked("l/mail-1.log");
    place.mkdir("m");
    symlink("../l/mail-1.log", place.path("m/today")).unwrap();
    place.link("m/today");
    assert_eq!(place.new_numbers(), [100, 101, 102]);
    place.append("l/mail-1.log", &lines(103..104));
    place.append("l/mail-2.log", &lines(104..105));
    symlink("../l/mail-2.log", place.path("m/new")).unwrap();
    place.rename("m/new", "m/today");
    assert_eq!(place.new_numbers(), [103, 104]);
    // The directory is another one, which holds the same, and its rotated files.
    place.append("l/mail-2.log", &lines(105..106));
    place.rename("l", "really");
    symlink("really", place.path("l")).unwrap();
    assert_eq!(place.new_numbers(), [105]);
    place.append("l/mail-2.log", &lines(106..107));
    place.rename("l/mail-2.log", "l/mail-2.log.1");
    place.append("l/mail-2.log", &lines(107..108));
    assert_eq!(place.new_numbers(), [106, 107]);
    assert_eq!(place.lost(), "");
}

#[test]
fn a_plain_file_that_becomes_a_link_and_back() {
    let mut place = hundred();
    place.append("log", &lines(100..103));
    place.mkdir("l");
    place.rename("log", "log.old");
    place.append("l/mail", &lines(103..104));
    place.link("l/mail");
    assert_eq!(place.new_numbers(), [100, 101, 102, 103]);
    place.append("l/mail", &lines(104..105));
    std::fs::remove_file(place.path("log")).unwrap();
    place.append("log", &lines(105..106));
    assert_eq!(place.new_numbers(), [104, 105]);
    assert_eq!(place.lost(), "");
}

/// The first file that the link led to was never met: its form and the time of its lines say what it is.
#[test]
fn a_plain_file_becomes_a_link_that_moves_before_anybody_looks() {
    let mut place = hundred();
    place.append("log", &lines(100..103));
    place.mkdir("l");
    place.rename("log", "log.0");
    for n in 1..4 {
        place.append(&format!("l/mail-{n}.log"), &lines(100 + 10 * n..110 + 10 * n));
        // Another program's, of the same time.
        place.append(&format!("l/auth-{n}.log"), &lines(500 + 10 * n..510 + 10 * n));
    }
    place.link("l/mail-3.log");
    let wanted: Vec<usize> = (100..103).chain(110..140).collect();
    let mut news = place.new_numbers();
    // All were written at the same moment.
    news.sort_unstable();
    assert_eq!(news, wanted);
    assert_eq!(place.lost(), "");
}

/// The live file is met empty, and the link has moved before anything is read of it.
#[test]
fn a_link_that_moves_before_anything_was_read() {
    let mut place = Place::new(1);
    place.mkdir("l");
    place.append("l/mail-1.log", "");
    place.link("l/mail-1.log");
    assert_eq!(place.new_numbers(), [0; 0]);
    place.append("l/mail-1.log", &lines(0..3));
    place.append("l/mail-2.log", &lines(3..4));
    place.link("l/mail-2.log");
    assert_eq!(place.new_numbers(), [0, 1, 2, 3]);
}

/// A link that others could have made is not followed, wherever it stands, and what it leads to is not read.
#[test]
fn nothing_is_read_through_planted_links() {
    for mode in [0o777, 0o775] {
        let mut place = linked("l/mail-1.log");
        place.append("secret", &lines(100..110));
        std::fs::set_permissions(place.path("l"), std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::remove_file(place.path("l/mail-1.log")).unwrap();
        for name in ["l/mail-1.log", "l/mail-2.log.1", "l/any"] {
            symlink("../secret", place.path(name)).unwrap();
        }
        place.append("l/mail-2.log", &lines(120..121));
        place.link("l/mail-2.log");
        assert_eq!(place.new_numbers(), [120]);
        // And as the live file.
        symlink("../secret", place.path("l/mail-3.log")).unwrap();
        place.link("l/mail-3.log");
        let said = place.try_poll_by(&[0], &Plain).unwrap_err().to_string();
        assert!(said.contains("symbolic link"), "{said}");
        place.link("l/mail-2.log");
        assert_eq!(place.new_numbers(), [0; 0]);
    }
}

/// A container's log, or one with a date, that was rotated itself until the link moved.
#[test]
fn what_a_link_left_was_rotated_several_times() {
    for (old, second, new, rotated) in [
        ("l/0.log", "l/0.log", "l/1.log", ["l/0.log.20260928-221500", "l/0.log.20260928-223000"]),
        ("l/0.log", "l/1.log", "l/2.log", ["l/0.log.20260928-221500", "l/1.log.20260928-223000"]),
        ("l/mail.202609", "l/mail.202609", "l/mail.202610", ["l/mail.202609.2", "l/mail.202609.1"]),
        ("l/mail.202609", "l/mail.202610", "l/mail.202611", ["l/mail.202609.1", "l/mail.202610.1"]),
        ("l/mail-0928.log", "l/mail-0928.log", "l/mail-0929.log", ["l/mail-0928.log.2", "l/mail-0928.log.1"]),
        ("l/monday", "l/monday", "l/tuesday", ["l/monday.1", "l/monday.0"]),
        ("28/mail.log", "29/mail.log", "30/mail.log", ["28/mail.log.1", "29/mail.log.1"]),
    ] {
        for (packed, is_made_anew) in [(false, false), (true, false), (false, true), (true, true)] {
            let at = format!("{rotated:?}, packed: {packed}, {is_made_anew}");
            let mut place = Place::new(1);
            ["l", "28", "29", "30"].iter().for_each(|dir| place.mkdir(dir));
            let write = |place: &Place, name: &str, numbers: std::ops::Range<usize>, ago: u64| {
                place.append(name, &lines(numbers));
                age(&place.path(name), ago);
            };
            write(&place, old, 0..100, 90);
            place.link(old);
            assert_eq!(place.new_numbers().len(), 100, "{at}");
            write(&place, old, 100..104, 70);
            place.rename(old, rotated[0]);
            write(&place, second, 104..106, 60);
            place.rename(second, rotated[1]);
            if is_made_anew {
                write(&place, second, 106..108, 50);
            }
            if packed {
                rotated.iter().for_each(|name| place.pack("gzip", name));
            }
            write(&place, new, 108..110, 40);
            // Another program's.
            write(&place, "l/auth.202609.1", 900..910, 55);
            write(&place, "l/9.log.20260928-221500", 910..920, 55);
            place.link(new);
            let wanted = (100..110).filter(|n| is_made_anew || !(106..108).contains(n));
            assert_eq!(place.new_numbers(), wanted.collect::<Vec<_>>(), "{at}");
            assert_eq!(place.lost(), "", "{at}");
            write(&place, new, 112..113, 0);
            assert_eq!(place.new_numbers(), [112], "{at}");
        }
    }
}

/// The days of a month begin anew, and so do names of which the link has led to some.
#[test]
fn a_link_that_moves_over_the_end_of_a_month() {
    for packed in [false, true] {
        let mut place = linked("l/mail-29.log");
        place.append("l/mail-02.log", &lines(0..60).replace("T22", "T03"));
        age(&place.path("l/mail-02.log"), 9000);
        for (n, day) in (0..).zip(["30", "31", "01"]) {
            place.append(&format!("l/mail-{day}.log"), &lines(103 + 2 * n..105 + 2 * n));
            let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(10 + n as u64);
            let file = File::options().append(true).open(place.path(&format!("l/mail-{day}.log"))).unwrap();
            file.set_modified(soon).unwrap();
            if packed && day != "01" {
                place.pack("gzip", &format!("l/mail-{day}.log"));
            }
        }
        place.link("l/mail-01.log");
        assert_eq!(place.new_numbers(), (100..109).collect::<Vec<_>>(), "{packed}");
        assert_eq!(place.lost(), "");
    }
}
