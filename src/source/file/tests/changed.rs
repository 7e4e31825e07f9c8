//! Files that were made of others, and files that only seem to be: a new log may begin with old stamps.
use super::by_time::{anonymised, hundred, line, lines};
use super::*;

fn numbers(range: std::ops::Range<usize>) -> Vec<usize> {
    range.collect()
}

/// What a script makes of a log's text.
type Script = fn(&str) -> String;

/// Every way in which a log is rotated, so that the lines that were not counted stand in another file.
const WAYS: [&str; 7] = ["rename", "copytruncate", "gzip", "xz", "log.old", "copied away", "any name"];

fn rotate(place: &Place, way: &str) {
    match way {
        "rename" => place.rename("log", "log.1"),
        "copytruncate" => place.copytruncate("log.1"),
        "log.old" => place.rename("log", "log.old"),
        "any name" => place.rename("log", "elsewhere"),
        // As mv(1) does it from one disk to another.
        "copied away" => {
            std::fs::copy(place.path("log"), place.path("log.1")).unwrap();
            std::fs::remove_file(place.path("log")).unwrap();
        }
        program => {
            place.rename("log", "log.1");
            place.pack(program, "log.1");
        }
    }
}

/// The new log begins with what a remote host had kept back, or with a line of a host whose clock is wrong. What was rotated
/// is finished all the same, and everything in the new log counts.
#[test]
fn a_new_log_that_begins_with_old_stamps_is_no_changed_copy() {
    let queue = |host: &str, seconds: &[usize]| {
        let all = seconds.iter().enumerate().map(|(i, &second)| line(second, 200 + i));
        all.collect::<String>().replace(" mx1 ", &format!(" {host} "))
    };
    let beginnings = [
        ("a queue of another host", queue("mx2", &[3, 4, 9, 11, 12, 20, 30, 31]), 8),
        ("a queue of a host with the same name", queue("mx1", &[3, 4, 9, 11, 12, 20, 30, 31]), 8),
        ("a queue of one second", queue("mx2", &[7, 7, 7, 7]), 4),
        ("one line with a wrong clock", line(0, 200).replace("-09-28", "-03-01"), 1),
        ("one line of a second of the old log", line(7, 200), 1),
    ];
    for way in WAYS {
        for (what, text, count) in &beginnings {
            for rest in [0, 1, 10] {
                let mut place = hundred();
                place.append("log", &lines(100..100 + rest));
                rotate(&place, way);
                place.append("log", &(text.clone() + &lines(140..150)));
                let want = [numbers(100..100 + rest), numbers(200..200 + count), numbers(140..150)].concat();
                assert_eq!(place.new_numbers(), want, "{way}, {what}, {rest}");
                let said = place.lost();
                assert!(!said.contains("none of these files is it"), "{way}, {what}, {rest}: {said}");
                place.goes_on(160);
            }
        }
    }
}

/// All lines are of one second.
#[test]
fn a_new_log_of_the_very_second_of_the_old_one_is_no_changed_copy() {
    let text = |numbers: std::ops::Range<usize>| numbers.map(|n| line(9, n)).collect::<String>();
    for way in WAYS {
        for (early, rest, late) in [(1, 1, 1), (3, 0, 1), (3, 2, 5), (8, 1, 2)] {
            let mut place = Place::new(1);
            place.append("log", &text(0..early));
            assert_eq!(place.new_numbers(), numbers(0..early));
            place.append("log", &text(early..early + rest));
            rotate(&place, way);
            place.append("log", &text(early + rest..early + rest + late));
            let want = numbers(early..early + rest + late);
            assert_eq!(place.new_numbers(), want, "{way}, {early}, {rest}, {late}");
            place.goes_on(100);
        }
    }
}

/// A script changes the log and keeps its old text, also under the name of a rotation; lines came before that which nobody
/// had read. Then the log is perhaps rotated before somebody reads it.
#[test]
fn a_changed_log_whose_old_text_is_kept_counts_once_under_any_name() {
    let scripts: [(&str, Script); 4] = [
        ("anonymises", |text| anonymised(text)),
        ("anonymises hosts too", |text| anonymised(text).replace(" mx1 ", " h ")),
        ("hashes users", |text| anonymised(text).replace("user=u", "user=8f3a0")),
        ("removes lines", |text| {
            let lines = text.split_inclusive('\n').enumerate();
            lines.filter(|(n, _)| *n % 5 != 1).map(|(_, line)| line).collect()
        }),
    ];
    for kept in ["log.1", "log.bak", "log~", "log-20260928"] {
        for (what, script) in scripts {
            for rotated in [false, true] {
                let mut place = hundred();
                place.append("log", &lines(100..104));
                let text = place.text("log");
                place.rename("log", kept);
                place.append("log", &script(&text));
                if rotated {
                    place.append("log", &lines(120..123));
                    let number = if kept == "log-20260928" { "log-20260929" } else { "log.1" };
                    place.make_room();
                    place.rename("log", number);
                }
                place.append("log", &lines(123..126));
                let got = place.new_numbers();
                let new = if rotated { 120 } else { 123 };
                // The hash is put before the number.
                let first: Vec<usize> = match what {
                    "hashes users" => (100..104).map(|n| format!("8{n}").parse::<usize>().unwrap()).collect(),
                    "removes lines" => vec![100, 102, 103],
                    _ => numbers(100..104),
                };
                let at = format!("{kept}, {what}, {rotated}: {got:?}");
                let tail = numbers(new..126);
                assert!(got.ends_with(&tail), "{at}");
                let before = &got[..got.len() - tail.len()];
                if what == "hashes users" {
                    assert_eq!(before.len(), 4, "{at}");
                } else {
                    assert_eq!(before, first, "{at}");
                }
                place.lost();
                place.goes_on(150);
            }
        }
    }
}

/// The same, and the writer goes on in the file that was renamed; the lines that came before the script count once.
#[test]
fn what_is_written_on_after_a_script_counts_whatever_is_read_when() {
    for kept in ["log.bak", "log~", "log.1"] {
        for early in [0, 2] {
            for between in [false, true] {
                for rotated in [false, true] {
                    let at = format!("{kept}, {early}, {between}, {rotated}");
                    let mut place = hundred();
                    place.append("log", &lines(100..100 + early));
                    let text = place.text("log");
                    place.rename("log", kept);
                    place.append("log", &anonymised(&text));
                    let mut got = if between { place.new_numbers() } else { vec![] };
                    place.append(kept, &lines(110..113));
                    let kept = if rotated && kept == "log.1" { "log.2" } else { kept };
                    if rotated {
                        place.make_room();
                        place.rename("log", "log.1");
                    }
                    place.append("log", &lines(120..122));
                    got.extend(place.new_numbers());
                    got.sort_unstable();
                    let want = [numbers(100..100 + early), numbers(110..113), numbers(120..122)].concat();
                    assert_eq!(got, want, "{at}");
                    assert!(place.path(kept).exists());
                    place.lost();
                    place.goes_on(140);
                }
            }
        }
    }
}

/// Nobody writes to the file that an editor renamed until somebody has read the one that the editor made.
#[test]
fn the_file_that_an_editor_renamed_is_remembered() {
    for kept in ["log~", "log.bak", "copy of the log", "log.1"] {
        for program in [None, Some("gzip"), Some("xz")] {
            let mut place = hundred();
            let text = place.text("log");
            place.rename("log", kept);
            place.append("log", &text);
            assert_eq!(place.new_numbers(), numbers(0..0));
            place.append(kept, &lines(100..103));
            assert_eq!(place.new_numbers(), numbers(100..103), "{kept}");
            place.append(kept, &lines(103..105));
            assert_eq!(place.new_numbers(), numbers(103..105), "{kept}");
            place.append("log", &lines(105..108));
            assert_eq!(place.new_numbers(), numbers(105..108), "{kept}");
            place.append("log", &lines(108..109));
            place.make_room();
            place.rename("log", "log.1");
            if let Some(program) = program {
                place.pack(program, "log.1");
            }
            place.append("log", &lines(109..111));
            assert_eq!(place.new_numbers(), numbers(108..111), "{kept}, {program:?}");
            assert_eq!(place.lost(), "");
            place.goes_on(130);
        }
    }
}

/// What was rotated is put back, all of it or its beginning, and the log goes on behind that.
#[test]
fn what_was_rotated_and_stands_in_the_live_file_again_counts_once() {
    for packed in [None, Some("gzip"), Some("xz")] {
        for back in [100, 101, 103, 104] {
            for later in ["nothing", "rotated", "rotated and packed"] {
                for read_between in [false, true] {
                    let at = format!("{packed:?}, {back}, {later}, {read_between}");
                    let mut place = hundred();
                    place.append("log", &lines(100..104));
                    place.rename("log", "log.1");
                    if let Some(program) = packed {
                        place.pack(program, "log.1");
                    }
                    let mut got = Vec::new();
                    if read_between {
                        place.append("log", "");
                        got.extend(place.new_numbers());
                    }
                    place.replace("log", &(lines(0..back) + &lines(110..113)));
                    if later != "nothing" {
                        place.make_room();
                        place.rename("log", "log.1");
                        if later == "rotated and packed" {
                            place.pack("gzip", "log.1");
                        }
                        place.append("log", &lines(113..115));
                    }
                    got.extend(place.new_numbers());
                    let end = if later == "nothing" { 113 } else { 115 };
                    assert_eq!(got, [numbers(100..104), numbers(110..end)].concat(), "{at}");
                    place.lost();
                    place.goes_on(140);
                }
            }
        }
    }
}

/// A backup of a file that nobody had read is put in the place of the log after a rotation.
#[test]
fn a_backup_of_what_nobody_read_counts_once() {
    for backup in [106, 110, 112] {
        let mut place = hundred();
        place.rename("log", "log.1");
        place.append("log", &lines(100..112));
        place.make_room();
        place.rename("log", "log.1");
        place.append("log", &(lines(100..backup) + &lines(120..123)));
        assert_eq!(place.new_numbers(), [numbers(100..112), numbers(120..123)].concat(), "{backup}");
        place.goes_on(140);
    }
}

/// A copy that is being made has not yet the whole of the first line.
#[test]
fn the_beginning_of_a_first_line_is_a_copy_of_the_live_file() {
    let mut place = Place::new(1);
    place.append("log", "");
    assert_eq!(place.news(), Vec::<String>::new());
    place.append("log", "a line and its end\n");
    place.append("log.1", "a line");
    assert_eq!(place.news(), ["a line and its end"]);
    place.append("log.1", " and its end\n");
    assert_eq!(place.news(), Vec::<String>::new());
    place.truncate();
    place.append("log", "another line\n");
    assert_eq!(place.news(), ["another line"]);
}
