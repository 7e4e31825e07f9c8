//! Files that have the name of a rotation and are an extract, a part, or another log.
use super::by_time::{hundred, lines};
use super::*;

/// How the log is rotated.
#[derive(Clone, Copy, Debug)]
enum Way {
    Rename,
    CopyTruncate,
    Packed,
}

const WAYS: [Way; 3] = [Way::Rename, Way::CopyTruncate, Way::Packed];

fn rotate(place: &Place, way: Way, name: &str) {
    match way {
        Way::Rename => place.rename("log", name),
        Way::CopyTruncate => place.copytruncate(name),
        Way::Packed => {
            place.rename("log", name);
            place.pack("gzip", name);
        }
    }
}

fn numbers(range: std::ops::Range<usize>) -> Vec<usize> {
    range.collect()
}

/// A part of what was read and of what was not, under a name of another scheme than that of the rotation.
#[test]
fn an_extract_under_the_name_of_a_rotation_counts_nothing() {
    for way in WAYS {
        for (ours, others) in [
            ("log.1", ["log.20260928", "log-20260928", "log-2026-09-28", "log-7"]),
            ("log-20260928", ["log.00", "log.7", "log-2026092822", "log.20260928"]),
        ] {
            for name in others {
                for (what, part) in [
                    ("the last third", 80..140),
                    ("what was not read", 100..140),
                    ("some of what was not read", 120..140),
                    ("one line", 139..140),
                ] {
                    let mut place = hundred();
                    place.append("log", &lines(100..140));
                    place.append(name, &lines(part));
                    place.append("log", &lines(140..142));
                    rotate(&place, way, ours);
                    place.append("log", &lines(142..150));
                    let at = format!("{ours}, {way:?}, {name}: {what}");
                    assert_eq!(place.new_numbers(), numbers(100..150), "{at}");
                }
            }
        }
    }
}

/// `split -d` made parts of the log, and `grep` every third line of it.
#[test]
fn parts_under_the_names_of_rotations_count_nothing() {
    for way in WAYS {
        for extended in [false, true] {
            let mut place = hundred();
            place.append("log", &lines(100..140));
            for (n, from) in (0..140).step_by(50).enumerate() {
                place.append(&format!("log.{n:02}"), &lines(from..(from + 50).min(140)));
            }
            (60..140).step_by(3).for_each(|n| place.append("log.20260928", &lines(n..n + 1)));
            if extended {
                place.append("log", &lines(140..142));
            }
            rotate(&place, way, "log-20260928");
            place.append("log", &lines(142..150));
            let wanted: Vec<usize> = (100..150).filter(|n| extended || !(140..142).contains(n)).collect();
            assert_eq!(place.new_numbers(), wanted, "{way:?}, {extended}");
        }
    }
}

/// A place in which the first hundred lines of a log were read, a minute ago.
fn a_minute_ago() -> Place {
    let mut place = Place::new(1);
    place.append("log", &lines(0..100));
    age(&place.path("log"), 60);
    assert_eq!(place.news().len(), 100);
    place
}

/// The administrator changed how the log is rotated: names of two schemes follow each other.
#[test]
fn rotations_of_two_schemes_count() {
    for way in [Way::Rename, Way::Packed] {
        for (first, second) in
            [("log.1", "log-20260928"), ("log-20260928", "log.1"), ("log-2026-09-28", "log.20260928T2230")]
        {
            let mut place = a_minute_ago();
            place.append("log", &lines(100..120));
            age(&place.path("log"), 30);
            rotate(&place, way, first);
            place.append("log", &lines(120..140));
            age(&place.path("log"), 20);
            rotate(&place, way, second);
            place.append("log", &lines(140..150));
            assert_eq!(place.new_numbers(), numbers(100..150), "{way:?}, {first}, {second}");
            assert_eq!(place.lost(), "");
        }
    }
}

/// Writes lines of these numbers to another log, the last of them this number of seconds ago.
fn other(place: &Place, name: &str, numbers: std::ops::Range<usize>, ago: u64) {
    place.append(name, &lines(numbers).replace(" mx1 ", " mx2 "));
    age(&place.path(name), ago);
}

/// Another log whose name is that of a rotation of ours.
#[test]
fn another_log_beside_ours_counts_nothing() {
    for way in [Way::Rename, Way::CopyTruncate, Way::Packed] {
        for (live, others, rotations) in [
            (
                "mail.log",
                ["mail-2.log", "mail.2.log"],
                ["mail.log-20260928", "mail.log-20260929", "mail.log-20260930"],
            ),
            (
                "mail.log",
                ["mail-2.log", "mail-07.log"],
                ["mail-20260928.log", "mail-20260929.log", "mail-20260930.log"],
            ),
            ("mail.log", ["mail-1.log", "mail.log-2"], ["mail.log.3", "mail.log.2", "mail.log.1"]),
            ("mail", ["mail-2", "mail-3"], ["mail-20260928", "mail-20260929", "mail-20260930"]),
            ("mail", ["mail-1", "mail-2"], ["mail.2", "mail.1", "mail.0"]),
        ] {
            for name in others {
                // Is the other log rotated as well, at the same moments?
                for is_rotated in [false, true] {
                    let at = format!("{live} and {name}, {}, {way:?}, {is_rotated}", rotations[0]);
                    let mut place = Place::of(live);
                    let write = |place: &Place, n: usize, ago: u64| {
                        place.append(live, &lines(n..n + 1));
                        age(&place.path(live), ago);
                        other(place, name, n + 25..n + 26, ago - 1);
                    };
                    write(&place, 0, 1000);
                    assert_eq!(place.new_numbers(), [0], "{at}");
                    for (k, rotation) in rotations.iter().enumerate() {
                        let (n, ago) = (50 + 100 * k, 900 - 100 * k as u64);
                        write(&place, n, ago);
                        assert_eq!(place.new_numbers(), [n], "{at}");
                        write(&place, n + 10, ago - 10);
                        match way {
                            Way::CopyTruncate => {
                                std::fs::copy(place.path(live), place.path(rotation)).unwrap();
                                age(&place.path(rotation), ago - 11);
                                File::create(place.path(live)).unwrap();
                            }
                            _ => place.rename(live, rotation),
                        }
                        if is_rotated {
                            place.rename(name, &format!("of another log {k}"));
                        }
                        if matches!(way, Way::Packed) {
                            place.pack("gzip", rotation);
                        }
                        write(&place, n + 20, ago - 20);
                        assert_eq!(place.new_numbers(), [n + 10, n + 20], "{at}");
                        assert_eq!(place.lost(), "", "{at}");
                    }
                }
            }
        }
    }
}

/// When the log is met for the first time, it was rotated just now, and the other one goes on.
#[test]
fn another_log_is_not_followed_at_first_sight() {
    for name in ["log-2", "log-12"] {
        let mut place = Place::new(1);
        place.append("log.1", &lines(0..10));
        age(&place.path("log.1"), 60);
        other(&place, name, 10..12, 50);
        place.append("log", "");
        assert_eq!(place.new_numbers(), [0; 0]);
        other(&place, name, 12..14, 40);
        place.append("log", &lines(14..16));
        assert_eq!(place.new_numbers(), [14, 15], "{name}");
        other(&place, name, 16..18, 0);
        assert_eq!(place.new_numbers(), [0; 0], "{name}");
    }
}

/// It has lines only of the time between the rotation and the first line of the new file: it is taken for another log, and
/// that is said.
#[test]
fn what_may_be_another_log_or_a_rotation_is_said() {
    for name in ["log-2", "log-12"] {
        let mut place = a_minute_ago();
        place.append("log", &lines(100..110));
        age(&place.path("log"), 30);
        place.rename("log", "log-20260928");
        other(&place, name, 112..114, 20);
        place.append("log", &lines(114..116));
        assert_eq!(
            place.new_numbers(),
            [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 114, 115],
            "{name}"
        );
        assert!(place.lost().contains(&format!("{name}: is not counted")), "{name}");
        other(&place, name, 118..120, 0);
        assert_eq!(place.new_numbers(), [0; 0], "{name}");
    }
}

/// The log was emptied and nothing of it was kept: the times of the lines decide, and the other log is none of its files.
#[test]
fn another_log_is_not_read_for_ours_that_is_gone() {
    for name in ["log-2", "log-12"] {
        let mut place = a_minute_ago();
        other(&place, name, 90..130, 30);
        std::fs::remove_file(place.path("log")).unwrap();
        place.append("log", &lines(120..124));
        other(&place, name, 160..190, 0);
        assert_eq!(place.new_numbers(), [120, 121, 122, 123], "{name}");
    }
}
