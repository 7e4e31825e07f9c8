//! Copies under the names of rotations, and files that are written on under another name.
use super::by_time::{anonymised, hundred, line, lines};
use super::*;

/// A copy as `cp -p` makes it, or `cp`; then perhaps packed by this program.
fn copy(place: &Place, from: &str, to: &str, keeps_time: bool, packed: Option<&str>) {
    std::fs::copy(place.path(from), place.path(to)).unwrap();
    if keeps_time {
        let time = std::fs::metadata(place.path(from)).unwrap().modified().unwrap();
        File::options().append(true).open(place.path(to)).unwrap().set_modified(time).unwrap();
    }
    if let Some(program) = packed {
        place.pack(program, to);
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<usize> {
    range.collect()
}

/// Every way to copy, as the tests below try it.
fn every_way(test: impl Fn(bool, Option<&str>, &str)) {
    for keeps_time in [true, false] {
        for packed in [None, Some("gzip"), Some("xz")] {
            for copy in ["log-20260928", "log-2026092803", "log-2026-09-28", "log.20260928T2200", "log.77"] {
                test(keeps_time, packed, copy);
            }
        }
    }
}

/// A copy of a log that was rotated twice before somebody read it.
#[test]
fn a_dated_copy_of_a_rotation_that_nobody_read_counts_nothing() {
    every_way(|keeps_time, packed, name| {
        let mut place = hundred();
        place.rename("log", "log.1");
        place.append("log", &lines(100..106));
        copy(&place, "log", name, keeps_time, packed);
        place.append("log", &lines(106..109));
        place.make_room();
        place.rename("log", "log.1");
        place.append("log", &lines(109..111));
        assert_eq!(place.new_numbers(), numbers(100..111), "{name}, {keeps_time}, {packed:?}");
        place.goes_on(120);
    });
}

/// Copies every hour of a log that is rotated by its date every day.
#[test]
fn hourly_copies_of_a_log_with_dates_count_nothing() {
    every_way(|keeps_time, packed, _| {
        let mut place = hundred();
        place.rename("log", "log-20260926");
        for (hour, from) in [("2026092701", 100), ("2026092702", 110), ("2026092703", 120)] {
            place.append("log", &lines(from..from + 10));
            copy(&place, "log", &format!("log-{hour}"), keeps_time, packed);
        }
        place.append("log", &lines(130..135));
        place.rename("log", "log-20260927");
        place.append("log", &lines(135..140));
        assert_eq!(place.new_numbers(), numbers(100..140), "{keeps_time}, {packed:?}");
        place.goes_on(150);
    });
}

/// The name of the copy is that of a younger file than the rotation of ours.
#[test]
fn a_copy_of_ours_that_has_the_name_of_a_younger_rotation_counts_nothing() {
    for whole in [false, true] {
        for keeps_time in [true, false] {
            let mut place = hundred();
            place.append("log", &lines(100..103));
            if !whole {
                copy(&place, "log", "log-20260928-23", keeps_time, None);
            }
            place.append("log", &lines(103..104));
            assert_eq!(place.new_numbers(), numbers(100..104));
            place.append("log", &lines(104..106));
            if whole {
                copy(&place, "log", "log-20260928-23", keeps_time, None);
            }
            place.rename("log", "log-20260928");
            place.append("log", &lines(106..109));
            assert_eq!(place.new_numbers(), numbers(104..109), "{whole}, {keeps_time}");
            place.goes_on(120);
        }
    }
}

/// Ours was packed as soon as it was rotated, and somebody had copied it before it was whole.
#[test]
fn a_dated_copy_is_not_taken_for_ours_that_was_packed() {
    every_way(|keeps_time, packed, name| {
        for program in ["gzip", "zstd"] {
            let mut place = hundred();
            place.append("log", &lines(100..103));
            copy(&place, "log", name, keeps_time, packed);
            place.append("log", &lines(103..107));
            place.rename("log", "log.1");
            place.pack(program, "log.1");
            place.append("log", &lines(107..109));
            assert_eq!(place.new_numbers(), numbers(100..109), "{name}, {keeps_time}, {packed:?}, {program}");
            place.goes_on(120);
        }
    });
}

/// A script changed what was read, so that the lines' times decide; the copies hold what was not read yet.
#[test]
fn dated_copies_count_nothing_beside_a_log_that_was_changed() {
    every_way(|keeps_time, packed, name| {
        let mut place = hundred();
        place.append("log", &lines(100..106));
        place.replace("log", &anonymised(&lines(0..106)));
        place.rename("log", "log.1");
        place.append("log", &lines(106..112));
        copy(&place, "log", name, keeps_time, packed);
        place.append("log", &lines(112..115));
        place.make_room();
        place.rename("log", "log.1");
        place.append("log", &lines(115..117));
        assert_eq!(place.new_numbers(), numbers(100..117), "{name}, {keeps_time}, {packed:?}");
        assert!(place.lost().contains("17 later ones are counted"));
        place.goes_on(130);
    });
}

/// Two files that begin alike, and neither is the beginning of the other.
#[test]
fn rotations_that_begin_with_the_same_line_all_count() {
    let mut place = hundred();
    let header = lines(100..101);
    place.rename("log", "log.1");
    for from in [101, 104, 107] {
        place.append("log", &(header.clone() + &lines(from..from + 3)));
        place.make_room();
        place.rename("log", "log.1");
    }
    place.append("log", &lines(110..112));
    let want: Vec<usize> = [100, 101, 102, 103, 100, 104, 105, 106, 100, 107, 108, 109, 110, 111].into();
    assert_eq!(place.new_numbers(), want);
}

/// An editor gives the log another name and writes what it has under the live one; the syslogd does not notice until it is
/// told at the next rotation.
#[test]
fn what_is_written_to_the_file_that_an_editor_renamed_counts() {
    for kept in ["log~", "log.bak", "log.orig"] {
        for (early, changed) in [(0, false), (3, false), (0, true), (3, true)] {
            let at = format!("{kept}, {early} lines before the editor, changed: {changed}");
            let mut place = hundred();
            place.append("log", &lines(100..100 + early));
            let text = place.text("log");
            place.rename("log", kept);
            let text = if changed { text.replacen("user=u7@", "user=nobody@", 1) } else { text };
            place.append("log", &text);
            place.append(kept, &lines(110..113));
            assert_eq!(place.new_numbers(), [numbers(100..100 + early), numbers(110..113)].concat(), "{at}");
            place.append(kept, &lines(113..118));
            assert_eq!(place.new_numbers(), numbers(113..118), "{at}");
            // It is told.
            place.append("log", &lines(118..120));
            assert_eq!(place.new_numbers(), numbers(118..120), "{at}");
            place.append(kept, &lines(120..121));
            place.append("log", &lines(121..123));
            place.rename("log", "log.1");
            place.append("log", &lines(123..125));
            assert_eq!(place.new_numbers(), numbers(120..125), "{at}");
            place.goes_on(140);
        }
    }
}

/// The same, and nobody looks before the syslogd writes to the live name again.
#[test]
fn what_is_written_to_both_files_after_an_editor_counts_once() {
    for early in [0, 3] {
        for rotated in [false, true] {
            let mut place = hundred();
            place.append("log", &lines(100..100 + early));
            let text = place.text("log");
            place.rename("log", "log~");
            place.append("log", &text);
            place.append("log~", &lines(110..113));
            place.append("log", &lines(113..120));
            if rotated {
                place.rename("log", "log.1");
                place.append("log", &lines(120..122));
            }
            let mut want = [numbers(100..100 + early), numbers(110..120)].concat();
            want.extend(numbers(120..if rotated { 122 } else { 120 }));
            assert_eq!(place.new_numbers(), want, "{early}, {rotated}");
            place.goes_on(140);
        }
    }
}

/// Rotations that copy the log and remove it (`renamecopy` of logrotate, `mv` to another disk): the rotation has another
/// number. The new log begins with what a host sent whose clock is behind, or with lines of the last counted second.
#[test]
fn a_rotation_that_copies_is_one_though_the_new_log_begins_earlier() {
    for late in [0, 2] {
        for (first, then) in [(90..95, 100..103), (0..3, 100..101), (98..100, 100..105)] {
            let mut place = hundred();
            place.append("log", &lines(100..100 + late));
            place.rename("log", "tmp");
            std::fs::copy(place.path("tmp"), place.path("log.1")).unwrap();
            let number = |n: usize| n + 1000;
            let other =
                |range: std::ops::Range<usize>| -> String { range.map(|n| line(n / 2, number(n))).collect() };
            place.append("log", &other(first.clone()));
            std::fs::remove_file(place.path("tmp")).unwrap();
            place.append("log", &lines(100 + late..then.end + late));
            let want: Vec<usize> =
                (100..100 + late).chain(first.map(number)).chain(100 + late..then.end + late).collect();
            assert_eq!(place.new_numbers(), want, "{late}");
            assert_eq!(place.lost(), "");
            place.goes_on(200);
        }
    }
}

/// Somebody puts a rotation and the beginning of the log together while neither was read.
#[test]
fn what_was_put_together_of_a_rotation_and_the_log_counts_nothing() {
    for live in 1..9 {
        let mut place = hundred();
        place.rename("log", "log.2");
        place.append("log", &lines(100..130));
        place.rename("log", "log.1");
        place.append("log", &lines(130..130 + live));
        let both = place.text("log.1") + &place.text("log");
        place.append("log.both", &both);
        assert_eq!(place.new_numbers(), numbers(100..130 + live), "{live}");
        place.append("log", &lines(200..203));
        assert_eq!(place.new_numbers(), numbers(200..203));
    }
}

/// An editor saves a log twice and keeps the text before each under the same name; then the log is rotated.
#[test]
fn a_log_that_an_editor_saved_twice_counts_once() {
    for looks in [false, true] {
        let mut place = hundred();
        let save = |place: &Place| {
            place.rename("log", "log~");
            std::fs::copy(place.path("log~"), place.path("log")).unwrap();
        };
        save(&place);
        assert_eq!(place.new_numbers(), numbers(0..0));
        place.append("log", &lines(100..200));
        assert_eq!(place.new_numbers(), numbers(100..200));
        save(&place);
        if looks {
            assert_eq!(place.new_numbers(), numbers(0..0));
        }
        place.append("log", &lines(200..210));
        place.rename("log", "log.1");
        place.append("log", &lines(210..215));
        assert_eq!(place.new_numbers(), numbers(200..215), "{looks}");
        place.append("log", &lines(215..220));
        assert_eq!(place.new_numbers(), numbers(215..220), "{looks}");
    }
}
