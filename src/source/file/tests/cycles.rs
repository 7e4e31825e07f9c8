//! Names of rotations that begin anew: a day of the week or of the month, an hour.
use super::by_time::lines;
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
