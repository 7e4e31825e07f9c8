//! Files that changed before the place where counting stopped.
use super::*;

const NONE: [usize; 0] = [];

/// A line of this second after 22:00 and of this number.
pub(super) fn line(second: usize, n: usize) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "2026-09-28T22:{minute:02}:{second:02}Z mx1 pop3d: LOGIN, user=u{n}@example.org, ip=[192.0.2.7]\n"
    )
}

/// Lines of these numbers, two a second.
pub(super) fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|n| line(n / 2, n)).collect()
}

/// The numbers of the users in what was read.
pub(super) fn numbers(read: &[String]) -> Vec<usize> {
    let number = |line: &String| line.split("user=u").nth(1)?.split('@').next()?.parse().ok();
    read.iter().filter_map(number).collect()
}

/// Every address is another one, and of another length.
pub(super) fn anonymised(text: &str) -> String {
    text.replace("example.org", "x").replace("192.0.2.7", "0.0.0.0")
}

/// A place in which the first hundred lines of a log were read.
pub(super) fn hundred() -> Place {
    let mut place = Place::new(1);
    place.append("log", &lines(0..100));
    assert_eq!(place.news().len(), 100);
    place
}

impl Place {
    pub(super) fn text(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// A new file of this text takes the place of the old one, as `sed -i` does it.
    pub(super) fn replace(&self, name: &str, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        self.rename("new", name);
    }

    /// Another text in the same file, as `cat copy >log` does it.
    pub(super) fn overwrite(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// What is new, and then nothing more, nor anything to be said.
    pub(super) fn new_numbers(&mut self) -> Vec<usize> {
        let news = self.news();
        let said = self.lost();
        assert_eq!(self.news(), Vec::<String>::new(), "a second look");
        assert_eq!(self.lost(), "", "a second look");
        self.said = vec![said];
        numbers(&news)
    }

    /// Goes on as any log: each line once.
    pub(super) fn goes_on(&mut self, from: usize) {
        for n in [from, from + 1] {
            self.append("log", &lines(n..n + 1));
            assert_eq!(self.new_numbers(), [n]);
            assert_eq!(self.lost(), "");
        }
        self.make_room();
        self.append("log", &lines(from + 2..from + 3));
        self.rename("log", "log.1");
        self.append("log", &lines(from + 3..from + 4));
        assert_eq!(self.new_numbers(), [from + 2, from + 3]);
        assert_eq!(self.lost(), "");
    }
}

#[test]
fn what_is_left_of_a_file_that_lost_its_end_is_known() {
    for (cut, new) in [(3000, ""), (1, ""), (89, "more"), (3000, "more"), (50, "more")] {
        let mut place = hundred();
        let text = lines(0..100);
        let file = File::options().write(true).open(place.path("log")).unwrap();
        file.set_len((text.len() - cut) as u64).unwrap();
        if !new.is_empty() {
            place.append("log", &lines(110..113));
        }
        // The first of them stands right behind the half of a line, and has its own stamp all the same.
        let wanted: Vec<usize> = if new.is_empty() { vec![] } else { vec![110, 111, 112] };
        assert_eq!(place.new_numbers(), wanted, "{cut} bytes");
        let known = text[..text.len() - cut].lines().count() - 1;
        assert!(place.lost().contains(&format!("{known} lines, up to 2026-09-28")), "{cut} bytes");
        place.goes_on(114);
    }
}

/// And is rotated before anybody looks.
#[test]
fn a_file_that_lost_its_end_and_went_on_is_rotated() {
    for pack in [None, Some("gzip"), Some("bzip2")] {
        let mut place = Place::new(1);
        place.append("log", &lines(0..100));
        age(&place.path("log"), 10);
        assert_eq!(place.news().len(), 100);
        place.replace("log", &(lines(0..60) + &lines(110..113)));
        place.rename("log", "log.1");
        pack.into_iter().for_each(|program| place.pack(program, "log.1"));
        place.append("log", &lines(113..115));
        assert_eq!(place.new_numbers(), [110, 111, 112, 113, 114], "{pack:?}");
        assert!(place.lost().contains("60 lines, up to"));
        place.goes_on(116);
    }
}

#[test]
fn nuls_are_no_line_and_hide_none() {
    for lost in [1, 89, 3000, 7000] {
        for comes_at_once in [false, true] {
            let mut place = hundred();
            let mut bytes = lines(0..100).into_bytes();
            let from = bytes.len() - lost;
            bytes[from..].fill(0);
            std::fs::write(place.path("log"), &bytes).unwrap();
            if !comes_at_once {
                assert_eq!(place.new_numbers(), NONE, "{lost} bytes");
                assert!(place.lost().contains("are taken as counted"));
            }
            place.append("log", &lines(110..112));
            assert_eq!(place.new_numbers(), [110, 111], "{lost} bytes");
            place.lost();
            place.goes_on(112);
        }
    }
    // Beyond the position: nothing that was counted is touched.
    let mut place = hundred();
    OpenOptions::new().append(true).open(place.path("log")).unwrap().write_all(&[0; 5000]).unwrap();
    place.append("log", &lines(100..102));
    assert_eq!(place.new_numbers(), [100, 101]);
    assert_eq!(place.lost(), "");
}

#[test]
fn a_line_is_removed() {
    for removed in [0, 1, 50, 98] {
        for more in [0, 3] {
            let mut place = hundred();
            let text: String = (0..100 + more).filter(|n| *n != removed).map(|n| line(n / 2, n)).collect();
            place.replace("log", &text);
            assert_eq!(place.new_numbers(), (100..100 + more).collect::<Vec<_>>(), "line {removed}");
            if removed < 90 {
                assert_eq!(place.lost(), "", "what stands before the place tells it exactly: {removed}");
            }
            place.lost();
            place.goes_on(104);
        }
    }
    // The last one that was counted: of its second one is left, and two are known.
    let mut place = hundred();
    place.replace("log", &lines(0..99));
    assert_eq!(place.new_numbers(), NONE);
    assert!(place.lost().contains("99 lines, up to"));
    place.goes_on(100);
}

#[test]
fn every_address_is_made_anonymous_also_in_what_was_rotated() {
    for pack in [None, Some("gzip"), Some("xz"), Some("zstd"), Some("bzip2")] {
        let mut place = hundred();
        place.append("log", &lines(100..103));
        place.rename("log", "log.1");
        place.append("log.2", &lines(0..1));
        // The rest of the file that was read stands in the rotated one, under other words.
        place.replace("log.1", &anonymised(&lines(0..103)));
        place.replace("log.2", &anonymised(&lines(0..1)));
        if let Some(program) = pack {
            place.pack(program, "log.1");
            place.pack(program, "log.2");
        }
        place.append("log", &lines(103..105));
        assert_eq!(place.new_numbers(), [100, 101, 102, 103, 104], "{pack:?}");
        assert!(place.lost().contains("are taken as counted before, and 5 later ones are counted"));
        // And again, with nothing new in it.
        if pack.is_none() {
            place.replace("log.1", &anonymised(&lines(0..103)).replace("user=u", "user=uu"));
            place.append("log", &lines(105..106));
            assert_eq!(place.new_numbers(), [105]);
            assert_eq!(place.lost(), "");
        }
        place.replace("log", &anonymised(&place.text("log")));
        assert_eq!(place.new_numbers(), NONE);
        place.lost();
        place.goes_on(106);
    }
}

#[test]
fn copytruncate_with_a_copy_that_is_made_anonymous() {
    let mut place = hundred();
    place.append("log", &lines(100..103));
    place.replace("log.1", &anonymised(&lines(0..103)));
    place.truncate();
    place.append("log", &lines(103..104));
    assert_eq!(place.new_numbers(), [100, 101, 102, 103]);
    place.lost();
    place.goes_on(104);
}

/// A writer that has not been told yet goes on in the rotated file, which a script changes meanwhile.
#[test]
fn the_file_before_is_made_anonymous() {
    let mut place = hundred();
    place.rename("log", "log.1");
    place.append("log", &lines(100..101));
    assert_eq!(place.new_numbers(), [100]);
    assert!(place.streams[0].before.is_some());
    place.replace("log.1", &anonymised(&(lines(0..100) + &lines(102..104))));
    place.append("log", &lines(104..105));
    assert_eq!(place.new_numbers(), [102, 103, 104]);
    place.lost();
    // Nothing came to it.
    let mut place = hundred();
    place.rename("log", "log.1");
    place.append("log", &lines(100..101));
    assert_eq!(place.new_numbers(), [100]);
    place.replace("log.1", &anonymised(&lines(0..100)));
    assert_eq!(place.new_numbers(), NONE);
    assert_eq!(place.lost(), "");
}

#[test]
fn an_older_copy_is_restored() {
    for same_file in [false, true] {
        // The last of the hundred lines is of second 49, as are the first of the new ones.
        for new in [(0, 0), (110, 115), (98, 103)] {
            let mut place = hundred();
            let text = lines(0..60) + &(new.0..new.1).map(|n| line(n / 2, n + 1000)).collect::<String>();
            if same_file {
                place.overwrite("log", &text)
            } else {
                place.replace("log", &text)
            }
            assert_eq!(place.new_numbers(), (new.0 + 1000..new.1 + 1000).collect::<Vec<_>>());
            assert!(place.lost().contains("60 lines, up to"));
            place.goes_on(116);
        }
    }
    // The same text under another number is the same file.
    let mut place = hundred();
    place.replace("log", &(lines(0..100) + &lines(100..102)));
    assert_eq!(place.new_numbers(), [100, 101]);
    assert_eq!(place.lost(), "");
}

#[test]
fn what_comes_to_a_file_that_was_emptied_counts_also_within_the_same_second() {
    for seen_empty in [false, true] {
        for second in [49, 50, 60] {
            let mut place = hundred();
            place.truncate();
            if seen_empty {
                assert_eq!(place.new_numbers(), NONE);
                assert!(place.lost().contains("is gone"));
            }
            let new: String = (200..203).map(|n| line(second, n)).collect();
            place.append("log", &new);
            assert_eq!(place.new_numbers(), [200, 201, 202], "second {second}, seen empty: {seen_empty}");
            let said = place.lost();
            assert_eq!(
                said.contains("all of the 3 lines that stand there now are counted"),
                !seen_empty,
                "{said}"
            );
            // It was a restored copy's first part that was seen.
            place.overwrite("log", &(lines(0..100) + &new));
            assert_eq!(place.new_numbers(), NONE);
            place.lost();
            place.goes_on(124);
        }
    }
}

/// A log of one second: a script makes a new file of it, and who empties it keeps the file.
#[test]
fn all_that_ever_stood_there_is_of_one_second() {
    let text = |from: usize, to: usize| (from..to).map(|n| line(7, n)).collect::<String>();
    for rotated in [false, true] {
        let mut place = Place::new(1);
        place.append("log", &text(0, 3));
        assert_eq!(place.news().len(), 3);
        if rotated {
            place.rename("log", "log.1");
            place.append("log", "");
            assert_eq!(place.new_numbers(), NONE);
        }
        place.replace(if rotated { "log.1" } else { "log" }, &anonymised(&text(0, 5)));
        assert_eq!(place.new_numbers(), [3, 4], "rotated: {rotated}");
        place.lost();
        if !rotated {
            place.truncate();
            place.append("log", &text(10, 13));
            assert_eq!(place.new_numbers(), [10, 11, 12]);
            // And before it was looked at, it was rotated.
            place.truncate();
            place.append("log", &text(20, 22));
            place.rename("log", "log.1");
            place.append("log", &text(22, 23));
            assert_eq!(place.new_numbers(), [20, 21, 22]);
        }
    }
}

#[test]
fn of_the_last_second_as_many_are_known_as_were_counted() {
    let mut place = hundred();
    let text = |count: usize| lines(0..98) + &(0..count).map(|n| line(49, 98 + n)).collect::<String>();
    place.replace("log", &anonymised(&text(7)));
    assert_eq!(place.new_numbers(), [100, 101, 102, 103, 104]);
    place.replace("log", &text(9));
    assert_eq!(place.new_numbers(), [105, 106]);
    // How many were counted was not noted by an older version.
    let mut place = hundred();
    place.streams[0].last_lines = u64::MAX;
    place.replace("log", &(anonymised(&text(7)) + &line(50, 200)));
    assert_eq!(place.new_numbers(), [200]);
}

#[test]
fn stamps_need_not_rise() {
    // Three hosts, whose lines come up to two seconds late; then one whose clock is years off.
    let late = |n: usize| line(100 + n / 3 - n % 3, n);
    let odd = "2031-01-01T00:00:00Z mx9 pop3d: LOGIN, user=u777@example.org\n";
    let mut place = Place::new(1);
    let old: String = (0..60).map(late).collect::<String>() + odd + &(60..90).map(late).collect::<String>();
    place.append("log", &old);
    place.poll();
    place.got[0].clear();
    // (The program does not let such a stamp tell how far was counted.)
    (place.streams[0].last_time, place.streams[0].last_lines) = (time_of(&late(87)).unwrap(), 1);
    // A clock that was set back: earlier stamps behind a later one.
    let new = line(200, 500) + &line(40, 501) + &line(41, 502);
    place.replace("log", &(anonymised(&old) + &new));
    assert_eq!(place.new_numbers(), [500, 501, 502]);
    place.append("log", &line(42, 503));
    assert_eq!(place.new_numbers(), [503]);
}

#[test]
fn lines_without_a_stamp_belong_to_the_line_before() {
    let mut place = Place::new(1);
    let old = format!("a head\n{}\tmore of it\n{}\tand of it\n", lines(0..30), lines(30..60));
    place.append("log", &old);
    assert_eq!(place.news().len(), 63);
    place.replace("log", &(anonymised(&old) + &lines(70..71) + "\tof the new one\n"));
    let news = place.news();
    assert_eq!((numbers(&news), news.len()), (vec![70], 2));
    assert_eq!(place.news().len(), 0);
}

#[test]
fn a_log_without_any_stamps() {
    let text = |from: usize, to: usize| {
        (from..to).map(|n| format!("user=u{n}@example.org logs in\n")).collect::<String>()
    };
    let read = || {
        let mut place = Place::new(1);
        place.append("log", &text(0, 100));
        assert_eq!(place.news().len(), 100);
        place
    };
    // One is removed: what stands before the place tells it.
    let mut place = read();
    place.replace("log", &text(1, 103));
    assert_eq!(place.new_numbers(), [100, 101, 102]);
    assert_eq!(place.lost(), "");
    // Its end is lost; all of it has other words: it is known as far as it was counted.
    let mut place = read();
    place.replace("log", &text(0, 60));
    assert_eq!(place.new_numbers(), NONE);
    assert!(
        place.lost().contains("have no time: the first 60 are taken as counted before, and 0 are counted")
    );
    place.append("log", &text(100, 102));
    assert_eq!(place.new_numbers(), [100, 101]);
    let mut place = read();
    place.replace("log", &(text(0, 100).replace("example", "exampel") + &text(100, 101)));
    assert_eq!(place.new_numbers(), [100]);
    // It was emptied.
    let mut place = read();
    place.truncate();
    place.append("log", &text(200, 202));
    assert_eq!(place.new_numbers(), [200, 201]);
}

/// Lines whose stamps have no year, in a file of long ago that a script wrote anew today: around the ends of a year and
/// of February, too.
#[test]
fn a_year_old_file_that_was_rewritten_is_not_of_today() {
    use chrono::{Datelike, Local, TimeDelta, TimeZone};
    let stamp = |time: chrono::DateTime<Local>| time.format("%b %e %H:%M:%S").to_string();
    let line = |time, n: usize| format!("{} mx1 pop3d: LOGIN, user=u{n}@example.org\n", stamp(time));
    for (year, month, day, hour, minute) in [
        (2025, 6, 15, 12, 0),
        (2025, 1, 1, 0, 1),
        (2024, 12, 31, 23, 59),
        (2024, 2, 29, 12, 0),
        (2024, 3, 1, 0, 1),
        (2025, 3, 1, 12, 0),
    ] {
        let now = Local.with_ymd_and_hms(year, month, day, hour, minute, 0).unwrap();
        let mut place = Place::new(1);
        let write = |place: &mut Place, name: &str, text: &str| {
            place.replace(name, text);
            let written =
                std::time::UNIX_EPOCH + std::time::Duration::from_secs(now.timestamp().unsigned_abs());
            File::options().append(true).open(place.path(name)).unwrap().set_modified(written).unwrap();
        };
        let old: String = (0..50).map(|n| line(now - TimeDelta::seconds(200 - n), n as usize)).collect();
        write(&mut place, "log", &old);
        place.poll();
        place.got[0].clear();
        place.streams[0].last_time = (now - TimeDelta::seconds(151)).timestamp();
        place.streams[0].last_lines = 1;
        // Of last year: it goes on from before this moment of the year to a month after it.
        let last_year = now.with_year(now.year() - 1).unwrap_or(now - TimeDelta::days(365));
        let far: String = (0..40)
            .map(|n| line(last_year + TimeDelta::hours(20 * (n - 3)) + TimeDelta::seconds(60), 900))
            .collect();
        write(&mut place, "log.1", &far);
        write(&mut place, "log", &(old.replace("example", "x") + &line(now - TimeDelta::seconds(10), 60)));
        assert_eq!(place.new_numbers(), [60], "{now}");
    }
}

/// Two that stand in different places share the look.
#[test]
fn streams_that_were_left_at_different_places() {
    let mut place = Place::new(2);
    place.append("log", &lines(0..50));
    place.poll();
    place.append("log", &lines(50..100));
    place.try_poll_by(&[0], &Plain).unwrap();
    place.replace("log", &anonymised(&lines(0..110)));
    place.poll();
    let all: Vec<usize> = (0..110).collect();
    assert_eq!([numbers(&place.got[0]), numbers(&place.got[1])], [all.clone(), all]);
    place.poll();
    assert_eq!(place.got[0].len() + place.got[1].len(), 220);
}
