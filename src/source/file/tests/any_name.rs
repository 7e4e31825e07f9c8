//! Rotations under names that nobody knows beforehand.
use super::by_time::{hundred, line, lines};
use super::*;

/// Names that begin with the live one, and others.
const NAMES: [&str; 14] = [
    "log.1-2026112817.backup",
    "log.old",
    "log.bak",
    "log~",
    "log.1.save",
    "log-old",
    "log,v",
    "log.2026-09-28.part",
    "before",
    "archived of Monday",
    ".log.swp",
    "#log#",
    "mail.log",
    "log1",
];

#[test]
fn renamed_to_any_name() {
    for name in NAMES {
        for size in [0, 1] {
            let mut place = hundred();
            place.append("log", &lines(100..103));
            place.rename("log", name);
            assert_eq!(place.new_numbers(), [100, 101, 102], "{name}: no live file yet");
            place.append(name, &lines(103..104));
            place.append("log", &lines(104..104 + size));
            assert_eq!(place.new_numbers(), (103..104 + size).collect::<Vec<_>>(), "{name}");
            // Its writer still has it open.
            place.append("log", &lines(105..106));
            place.append(name, &lines(106..107));
            let mut news = place.new_numbers();
            news.sort_unstable();
            assert_eq!(news, [105, 106], "{name}");
            assert_eq!(place.lost(), "", "{name}");
            place.goes_on(107);
        }
    }
}

/// A copy has another inode, and so has what is packed.
#[test]
fn copied_or_packed_under_any_name() {
    for name in NAMES {
        for pack in [None, Some("gzip"), Some("bzip2"), Some("xz"), Some("zstd")] {
            let mut place = hundred();
            place.append("log", &lines(100..103));
            match pack {
                None => place.copytruncate(name),
                Some(program) => {
                    place.rename("log", name);
                    place.pack(program, name);
                }
            }
            place.append("log", &lines(103..104));
            assert_eq!(place.new_numbers(), [100, 101, 102, 103], "{name} {pack:?}");
            assert_eq!(place.lost(), "", "{name} {pack:?}");
            place.goes_on(104);
        }
    }
}

/// The content says how it is packed, where the name does not.
#[test]
fn packed_without_an_ending() {
    for (program, ending) in [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")] {
        let mut place = hundred();
        place.append("log", &lines(100..103));
        place.rename("log", "saved");
        place.pack(program, "saved");
        place.rename(&format!("saved.{ending}"), "saved");
        place.append("log", &lines(103..104));
        assert_eq!(place.new_numbers(), [100, 101, 102, 103], "{program}");
        assert_eq!(place.lost(), "", "{program}");
    }
}

#[test]
fn under_any_name_in_another_directory() {
    for (dir, olddir) in [("old", None), ("archive", Some("archive"))] {
        let mut place = hundred();
        std::fs::create_dir(place.path(dir)).unwrap();
        place.olddir = olddir.map(PathBuf::from);
        place.append("log", &lines(100..103));
        place.rename("log", &format!("{dir}/anything"));
        place.append("log", &lines(103..104));
        assert_eq!(place.new_numbers(), [100, 101, 102, 103], "{dir}");
        assert_eq!(place.lost(), "");
    }
}

/// Rotated twice between two looks: the second time under a name that begins with the live one, or is well known.
#[test]
fn several_names_between_two_looks() {
    for second in ["log.1", "log.old", "log-20260928.gz"] {
        let mut place = hundred();
        place.append("log", &lines(100..103));
        place.rename("log", "first");
        place.append("log", &lines(103..130));
        let plain = second.strip_suffix(".gz").unwrap_or(second);
        place.rename("log", plain);
        if plain != second {
            place.pack("gzip", plain);
        }
        place.append("log", &lines(130..140));
        let mut news = place.new_numbers();
        // Both were written to at the same moment.
        news.sort_unstable();
        assert_eq!(news, (100..140).collect::<Vec<_>>(), "{second}");
        assert_eq!(place.lost(), "", "{second}");
        place.goes_on(140);
    }
}

/// Streams that stand in different files, of which one has no usual name.
#[test]
fn streams_in_different_files_of_any_name() {
    let mut place = Place::new(3);
    place.append("log", &lines(0..10));
    place.poll();
    place.append("log", &lines(10..20));
    place.try_poll_by(&[1, 2], &Plain).unwrap();
    place.rename("log", "stray");
    place.append("log", &lines(20..40));
    place.try_poll_by(&[2], &Plain).unwrap();
    place.append("log", &lines(40..50));
    place.rename("log", "log.old");
    place.append("log", &lines(50..60));
    place.poll();
    for got in &place.got {
        assert_eq!(by_time::numbers(got), (0..60).collect::<Vec<_>>());
    }
    assert_eq!(place.lost(), "");
}

#[test]
fn what_is_not_found_is_said_with_what_was_looked_at() {
    let mut place = hundred();
    place.append("log.1", &lines(0..1));
    place.append("log.old", "a note\n");
    place.append("other", "another\n");
    std::fs::remove_file(place.path("log")).unwrap();
    place.append("log", &lines(110..111));
    assert_eq!(place.new_numbers(), [110]);
    let said = place.lost();
    assert!(said.contains("; none of these files is it: "), "{said}");
    for name in ["log.1", "log.old", "other"] {
        assert!(said.contains(&place.path(name).display().to_string()), "{name}: {said}");
    }
}

/// Other logs begin with the same line: that line alone says nothing.
#[test]
fn another_log_that_begins_so_is_not_taken() {
    let mut place = Place::new(1);
    place.append("log", "# a head\n");
    assert_eq!(place.news(), ["# a head"]);
    place.append("other", "# a head\nof another program\n");
    std::fs::remove_file(place.path("log")).unwrap();
    place.append("log", "mine\n");
    assert_eq!(place.news(), ["mine"]);
}

/// The younger half of very many files is looked through.
#[test]
fn the_search_is_bounded() {
    let mut place = hundred();
    place.append("log", &lines(100..101));
    for n in 0..600 {
        place.append(&format!("file-{n}"), "x\n");
    }
    place.rename("log", "here");
    place.pack("gzip", "here");
    let file = File::options().append(true).open(place.path("here.gz")).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(60)).unwrap();
    place.append("log", &lines(101..102));
    assert_eq!(place.new_numbers(), [100, 101]);
    // The oldest of them all is not opened, and that is said.
    place.append("log", &line(60, 120));
    place.rename("log", "there");
    place.pack("gzip", "there");
    for n in 0..600 {
        place.append(&format!("file-{n}"), "x\n");
    }
    place.append("log", &lines(130..131));
    assert_eq!(place.new_numbers(), [130]);
    let said = place.lost();
    assert!(said.contains(" and 492 more; 102 older ones were not looked at"), "{said}");
}

/// Rotated several times between two looks, each time to a name that differs in its digits.
#[test]
fn several_free_names_that_differ_in_their_digits() {
    for names in [
        ["mail_20260926.log", "mail_20260927.log", "mail_20260928.log"],
        ["mail_w38", "mail_w39", "mail_w40"],
        ["mail_w52", "mail_w01", "mail_w02"],
        ["26 Sep", "27 Sep", "28 Sep"],
    ] {
        for pack in [None, Some("gzip"), Some("zstd")] {
            for looks_between in [false, true] {
                let at = format!("{names:?}, {pack:?}, {looks_between}");
                let mut place = Place::new(1);
                place.append("log", &lines(0..100));
                age(&place.path("log"), 90);
                assert_eq!(place.news().len(), 100);
                let mut wanted: Vec<usize> = (100..112).collect();
                for (n, name) in names.iter().enumerate() {
                    place.append("log", &lines(100 + 4 * n..104 + 4 * n));
                    age(&place.path("log"), 80 - 10 * n as u64);
                    place.rename("log", name);
                    pack.into_iter().for_each(|program| place.pack(program, name));
                    if looks_between && n == 0 {
                        // Before the new file is there.
                        assert_eq!(place.new_numbers(), [100, 101, 102, 103], "{at}");
                        wanted.drain(..4);
                    }
                }
                // Another log, which is rotated in the same way; copies; an older one.
                let other = |n: usize| names[n].replace("mail_", "auth_").replace("Sep", "Other");
                place.append(&other(1), &lines(900..910));
                place.append("log", &lines(112..114));
                wanted.extend([112, 113]);
                assert_eq!(place.new_numbers(), wanted, "{at}");
                assert_eq!(place.lost(), "", "{at}");
                place.goes_on(114);
            }
        }
    }
}

/// `rotatelogs -L`: the live name is a hard link to the file of the day.
#[test]
fn a_hard_link_that_moves_several_times() {
    let mut place = Place::new(1);
    let link = |place: &Place, day: &str| {
        std::fs::hard_link(place.path(day), place.path("new link")).unwrap();
        place.rename("new link", "log");
    };
    place.append("mail.20260925", &lines(0..50).replace("T22", "T03"));
    place.append("mail.20260926", &lines(0..100));
    age(&place.path("mail.20260926"), 90);
    link(&place, "mail.20260926");
    assert_eq!(place.news().len(), 100);
    for (day, from, ago) in [
        ("mail.20260926", 100, 80),
        ("mail.20260927", 104, 70),
        ("mail.20260928", 108, 60),
        ("mail.20260929", 112, 50),
    ] {
        place.append(day, &lines(from..from + 4));
        age(&place.path(day), ago);
    }
    link(&place, "mail.20260929");
    assert_eq!(place.new_numbers(), (100..116).collect::<Vec<_>>());
    assert_eq!(place.lost(), "");
}

/// Files whose names differ from that of ours in their digits, and that are none of its rotations.
#[test]
fn what_only_has_a_name_like_ours_counts_nothing() {
    for (what, text) in [
        ("a copy of the live file", lines(110..114)),
        ("an extract of ours", lines(90..110)),
        ("an extract of the live file", lines(112..114)),
        ("an older one", lines(0..90).replace("T22", "T04")),
        ("another log", lines(60..120).replace("mx1", "mx2")),
        ("no log", "1,2\n3,4\n".to_owned()),
    ] {
        let mut place = hundred();
        place.append("log", &lines(100..110));
        age(&place.path("log"), 10);
        place.rename("log", "mail_20260927.log");
        place.append("log", &lines(110..116));
        place.append("mail_20260928.log", &text);
        assert_eq!(place.new_numbers(), (100..116).collect::<Vec<_>>(), "{what}");
    }
}
