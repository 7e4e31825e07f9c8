//! Names of rotations that begin anew: a day of the week or of the month, an hour.
use super::by_time::{anonymised, lines};
use super::*;

#[test]
fn a_number_that_is_a_day_or_an_hour_counts_no_file_again() {
    for names in [
        ["log.1", "log.2", "log.3", "log.4"],
        ["log.30", "log.31", "log.01", "log.02"],
        ["log.19", "log.20", "log.21", "log.22"],
        ["log.365", "log.001", "log.002", "log.003"],
        ["log-7", "log-1", "log-2", "log-3"],
    ] {
        let mut place = Place::new(1);
        for (k, hour) in (0..5).zip(["T10", "T13", "T16", "T19", "T22"]) {
            let text = |numbers| lines(numbers).replace("T22", hour);
            let ago = (5 - k) * 3 * 3600;
            place.append("log", &text(0..10));
            age(&place.path("log"), ago);
            // With the two lines that the one before got until it was rotated.
            assert_eq!(place.news().len(), if k == 0 { 10 } else { 12 }, "{names:?}: file {k}");
            place.append("log", &text(10..12));
            age(&place.path("log"), ago - 60);
            if let Some(name) = names.get(k as usize) {
                place.rename("log", name);
            }
        }
        assert_eq!((place.news().len(), place.lost().as_str()), (2, ""), "{names:?}");
    }
}

/// The clock was set back by hours, and the log rotated twice before it was read again.
#[test]
fn a_clock_that_was_set_back_does_not_make_a_younger_rotation_an_older_one() {
    let mut place = Place::new(1);
    place.append("log", &lines(0..10));
    age(&place.path("log"), 10);
    assert_eq!(place.news().len(), 10);
    place.rename("log", "log.2");
    for (name, text, ago) in [("log.1", lines(20..24), 7000), ("log", lines(30..33), 6900)] {
        place.append(name, &text.replace("T22", "T20"));
        age(&place.path(name), ago);
    }
    assert_eq!(place.news().len(), 7);
}

/// Lines of these numbers, logged `hour` hours after midnight.
fn at(hour: u64, numbers: std::ops::Range<usize>) -> String {
    lines(numbers).replace("T22", &format!("T{hour:02}"))
}

/// Writes lines of this hour to the log, which is left alone from then on.
fn write(place: &Place, hour: u64, numbers: std::ops::Range<usize>) {
    place.append("log", &at(hour, numbers));
    age(&place.path("log"), (24 - hour) * 3600);
}

/// Names of which the first is that of the file that was being read, and the others are those of the next ones.
const ANEW: [[&str; 4]; 7] = [
    ["log.1", "log.2", "log.3", "log.4"],
    ["log.6", "log.7", "log.1", "log.2"],
    ["log.22", "log.23", "log.00", "log.01"],
    ["log-5", "log-6", "log-7", "log-1"],
    ["log-29112026", "log-30112026", "log-01122026", "log-02122026"],
    ["log-31012026", "log-01022026", "log-02022026", "log-03022026"],
    ["log.2230", "log.2330", "log.0030", "log.0130"],
];

#[test]
fn several_rotations_between_two_looks_by_names_that_begin_anew() {
    for names in ANEW {
        for count in [2, 3, 4] {
            for (packed, changed) in [(false, false), (true, false), (false, true)] {
                let mut place = Place::new(1);
                write(&place, 4, 0..20);
                assert_eq!(place.news().len(), 20);
                write(&place, 5, 20..22);
                if changed {
                    place.replace("log", &anonymised(&place.text("log")));
                    age(&place.path("log"), 19 * 3600);
                }
                for (n, name) in names.iter().take(count).enumerate() {
                    place.rename("log", name);
                    write(&place, 6 + n as u64, 22 + 2 * n..24 + 2 * n);
                }
                if packed {
                    names.iter().take(count).for_each(|name| place.pack("gzip", name));
                }
                let wanted: Vec<usize> = (20..22 + 2 * count).collect();
                let at = format!("{:?}, packed: {packed}, changed: {changed}", &names[..count]);
                assert_eq!(place.new_numbers(), wanted, "{at}");
                assert_eq!(place.lost().is_empty(), !changed, "{at}");
            }
        }
    }
}

/// The live file is made with its first line, and somebody looks before that.
#[test]
fn a_number_that_begins_anew_counts_no_file_again_while_no_live_file_is_there() {
    for stamped in [true, false] {
        for live in [None, Some("")] {
            for names in ANEW {
                let mut place = Place::new(1);
                for (k, name) in (0..).zip(names.iter().chain(&names)) {
                    let first = 10 * k as usize;
                    let text = at(2 * k, first..first + 10);
                    let text = if stamped { text } else { text.replace('-', "_") };
                    place.append("log", &text);
                    age(&place.path("log"), (24 - 2 * k) * 3600);
                    assert_eq!(place.news().len(), 10, "{names:?}, stamped: {stamped}, live: {live:?}");
                    place.rename("log", name);
                    if let Some(text) = live {
                        place.append("log", text);
                    }
                    assert_eq!(place.news().len(), 0, "{names:?}, stamped: {stamped}, live: {live:?}");
                }
                assert_eq!(place.lost(), "");
            }
        }
    }
}

/// The clock was set back, and no live file is there: names are right.
#[test]
fn a_clock_that_was_set_back_is_known_without_a_live_file() {
    let mut place = Place::new(1);
    write(&place, 12, 0..10);
    assert_eq!(place.news().len(), 10);
    place.streams[0].seen = CLOCK.now + 7200;
    place.rename("log", "log.2");
    write(&place, 10, 10..14);
    place.rename("log", "log.1");
    assert_eq!(place.new_numbers(), [10, 11, 12, 13]);
}

/// The file before ours ends a few minutes before what was counted, and its name is that of a younger one.
#[test]
fn the_file_before_ours_is_known_where_names_begin_anew() {
    for grows in [false, true] {
        let mut place = Place::new(1);
        write(&place, 5, 0..10);
        assert_eq!(place.news().len(), 10);
        place.rename("log", "log.05");
        let soon = |n: usize| lines(n..n + 1).replace("T22:00", "T05:05");
        place.append("log", &soon(10));
        age(&place.path("log"), 19 * 3600 - 300);
        assert_eq!(place.new_numbers(), [10]);
        if grows {
            place.append("log.05", &soon(11));
            age(&place.path("log.05"), 19 * 3600 - 301);
        }
        place.append("log", &soon(12));
        place.rename("log", "log.06");
        write(&place, 7, 14..16);
        assert_eq!(place.new_numbers(), if grows { vec![11, 12, 14, 15] } else { vec![12, 14, 15] });
        assert_eq!(place.lost(), "");
    }
}

/// Old rotations by number that a program wrote to: the name is right.
#[test]
fn an_older_rotation_that_was_written_anew_counts_nothing() {
    for (older, ours, younger) in
        [("log.4", "log.3", "log.2"), ("log-20260926", "log-20260927", "log-20260928")]
    {
        for changed in [false, true] {
            let mut place = Place::new(1);
            write(&place, 4, 0..20);
            assert_eq!(place.news().len(), 20);
            place.rename("log", older);
            write(&place, 5, 20..30);
            assert_eq!(place.news().len(), 10);
            place.rename("log", ours);
            write(&place, 6, 30..40);
            place.rename("log", younger);
            write(&place, 7, 40..50);
            if changed {
                place.replace(older, &anonymised(&place.text(older)));
            }
            age(&place.path(older), 60);
            assert_eq!(place.new_numbers(), (30..50).collect::<Vec<_>>(), "{older}, {changed}");
            assert_eq!(place.lost(), "");
        }
    }
}

/// Three times round, and a look after every rotation, every second or every third one.
#[test]
fn names_that_go_round_several_times() {
    for names in [
        ["log.1", "log.2", "log.3", "log.4"],
        ["log.22", "log.23", "log.00", "log.01"],
        ["log-30112026", "log-31112026", "log-01122026", "log-02122026"],
        ["log_1", "log_2", "log_3", "log_4"],
        ["mail_1", "mail_2", "mail_3", "mail_4"],
    ] {
        for way in ["rename", "create", "copytruncate"] {
            for (every, has_line) in [(1, true), (1, false), (2, true), (2, false), (3, true), (3, false)] {
                // Of other names nothing is believed without a live file.
                if names[0] == "mail_1" && way == "rename" && !has_line {
                    continue;
                }
                let at = format!("{names:?}, {way}, a look after {every} rotations, {has_line}");
                let (mut place, mut wanted, mut got) = (Place::new(1), vec![], vec![]);
                write(&place, 0, 0..20);
                wanted.extend(0..20);
                got.extend(place.new_numbers());
                for k in 0..12usize {
                    let (hour, n) = (1 + k as u64, 20 + 10 * k);
                    write(&place, hour, n..n + 4);
                    wanted.extend(n..n + 4);
                    let name = names[k % 4];
                    if way == "copytruncate" {
                        place.copytruncate(name);
                        age(&place.path(name), (24 - hour) * 3600);
                        age(&place.path("log"), (24 - hour) * 3600);
                    } else {
                        place.rename("log", name);
                    }
                    if way == "create" {
                        write(&place, hour, 0..0);
                    }
                    if (k + 1) % every == 0 {
                        if has_line {
                            write(&place, hour, n + 6..n + 8);
                            wanted.extend(n + 6..n + 8);
                        }
                        got.extend(place.new_numbers());
                        assert_eq!(got, wanted, "{at}, rotation {k}");
                        assert_eq!(place.lost(), "", "{at}, rotation {k}");
                    }
                }
            }
        }
    }
}
