use super::*;

#[test]
fn a_growing_file_is_read_from_where_it_was_left() {
    let mut place = begun();
    assert!(place.news().is_empty());
    place.append("log", "3\n4");
    assert_eq!(place.news(), ["3"], "an unfinished line waits");
    place.append("log", "4\n");
    assert_eq!(place.news(), ["44"]);
    place.append("log", &"x\n".repeat(2000));
    assert_eq!(place.news().len(), 2000);
    let position = place.streams[0].position.clone().unwrap();
    assert_eq!((position.head_length, position.counted), (1023, 4009), "the head has grown, to a line end");
    assert!(place.news().is_empty());
    assert_eq!(place.lost(), "");
}

#[test]
fn first_sight_reads_the_live_file_only() {
    let mut place = Place::new(1);
    place.append("log.1", "old\n");
    place.append("log", "1\n");
    assert_eq!(place.news(), ["1"]);
    assert_eq!(place.lost(), "");
}

#[test]
fn first_sight_in_the_middle_of_a_rotation_takes_what_comes_later_only() {
    for (from_end, live) in [(false, None), (true, None), (false, Some(""))] {
        let mut place = Place::new(1);
        place.streams[0].from_end = from_end;
        place.append("log.2", "older\n");
        place.append("log.1", "known\n");
        live.into_iter().for_each(|text| place.append("log", text));
        assert!(place.news().is_empty());
        // syslogd goes on in the old file until it is told.
        place.append("log.1", "1\n");
        place.append("log", "2\n");
        assert_eq!(place.news(), ["1", "2"], "{from_end} {live:?}");
        place.append("log", "3\n");
        assert_eq!(place.news(), ["3"]);
        assert_eq!(place.lost(), "");
    }
    // The rotated file is the live one's copy, and only half of it yet.
    let mut place = Place::new(1);
    place.append("log", "1\n2\n");
    place.append("log.1", "1\n");
    assert_eq!(place.news(), ["1", "2"]);
    place.append("log.1", "2\n");
    assert!(place.news().is_empty());
    place.truncate();
    place.append("log", "3\n");
    assert_eq!(place.news(), ["3"]);
}

#[test]
fn first_sight_from_the_end_begins_at_a_line_end() {
    let mut place = Place::new(1);
    place.streams[0].from_end = true;
    place.append("log", &format!("{}\nunfin", "a".repeat(100_000)));
    assert!(place.news().is_empty());
    place.append("log", "ished\n1\n");
    assert_eq!(place.news(), ["unfinished", "1"]);
    let mut later = Place::new(1);
    later.streams[0].from_end = true;
    assert!(later.news().is_empty());
    later.append("log", "all of this came later\n");
    assert_eq!(later.news(), ["all of this came later"]);
}

#[test]
fn a_file_that_appears_later_is_read_whole_even_if_it_was_rotated_before_the_next_look() {
    let mut place = Place::new(1);
    assert!(place.news().is_empty());
    place.append("log", "1\n");
    place.rename("log", "log.1");
    place.append("log", "2\n");
    assert_eq!(place.news(), ["1", "2"]);
    assert_eq!(place.lost(), "");
}

#[test]
fn renamed_under_every_name() {
    for name in [
        "log.0",
        "log.1",
        "log-20260928",
        "log-20260928-1",
        "log-2026092813",
        "log-1790000000",
        "log.20260928",
    ] {
        let mut place = begun();
        place.append("log", "3\n");
        place.rename("log", name);
        assert_eq!(place.news(), ["3"], "{name}: no live file yet");
        place.append("log", "4\n");
        assert_eq!(place.news(), ["4"], "{name}");
        assert!(place.news().is_empty());
        assert_eq!(place.lost(), "");
    }
}

#[test]
fn files_that_all_begin_with_the_same_line_are_told_apart() {
    let mut place = Place::new(1);
    place.append("log", "<?php exit; ?>\n");
    assert_eq!(place.news(), ["<?php exit; ?>"]);
    place.append("log", "1\n2\n");
    place.rename("log", "log.1");
    place.append("log", "<?php exit; ?>\n3\n");
    assert_eq!(place.news(), ["1", "2", "<?php exit; ?>", "3"]);
    place.append("log", "4\n");
    assert_eq!(place.news(), ["4"]);
    assert_eq!(place.lost(), "");
    // The live file was copied to another disk, and what is kept of it before is shorter.
    let mut place = begun();
    place.append("copy", "1\n2\n3\n");
    place.append("log.1", "1\n2\n");
    place.rename("copy", "log");
    assert_eq!(place.news(), ["3"]);
}

#[test]
fn rotated_into_another_directory() {
    for (dir, olddir) in [("old", None), ("OLD", None), ("archive", Some("archive")), ("a/b", Some("a/b"))] {
        let mut place = begun();
        std::fs::create_dir_all(place.path(dir)).unwrap();
        place.olddir = olddir.map(PathBuf::from);
        place.append("log", "3\n");
        place.rename("log", &format!("{dir}/log.1"));
        place.append("log", "4\n");
        assert_eq!(place.news(), ["3", "4"], "{dir}");
    }
}

#[test]
fn compressed_at_once_by_every_program() {
    for (program, ending) in [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")] {
        let mut place = begun();
        place.append("log", &format!("3\n{}\n", "long ".repeat(2000)));
        place.rename("log", "log.0");
        place.pack(program, "log.0");
        assert!(place.path(&format!("log.0.{ending}")).exists());
        assert_eq!(place.news().len(), 2, "{program}: no live file yet");
        assert!(place.news().is_empty(), "{program}");
        place.append("log", "5\n");
        assert_eq!(place.news(), ["5"], "{program}");
        assert!(place.news().is_empty(), "{program}");
        assert_eq!(place.lost(), "", "{program}");
    }
}

/// As after a change of the program in logrotate's `compresscmd`, and not of `compressext`.
#[test]
fn packed_by_another_program_than_the_name_says() {
    for program in ["gzip", "bzip2", "xz", "zstd", "nothing"] {
        for ending in ["", ".gz", ".bz2", ".xz", ".zst", ".zstd"] {
            for seconds in [0, 7_200] {
                let what = format!("{program} under log.1{ending}, {seconds} s old");
                let mut place = begun();
                place.append("log", "3\n4\n");
                place.rename("log", "any");
                if program != "nothing" {
                    place.pack(program, "any");
                }
                let packed = ["any", "any.gz", "any.bz2", "any.xz", "any.zst"];
                let packed = packed.into_iter().find(|name| place.path(name).exists()).unwrap();
                place.rename(packed, &format!("log.1{ending}"));
                age(&place.path(&format!("log.1{ending}")), seconds);
                place.append("log", "5\n");
                assert_eq!(place.news(), ["3", "4", "5"], "{what}");
                assert!(place.news().is_empty(), "{what}");
                assert_eq!(place.lost(), "", "{what}");
            }
        }
    }
}

#[test]
fn an_archive_that_is_being_begun_is_waited_for_whatever_it_holds_so_far() {
    for (ending, begin) in
        [("gz", &b"\x1f\x8b"[..]), ("bz2", b"BZ"), ("xz", b"\xfd7z"), ("zst", b"("), ("gz", b"")]
    {
        let mut place = begun();
        place.append("log", "3\n");
        place.rename("log", "elsewhere");
        std::fs::remove_file(place.path("elsewhere")).unwrap();
        std::fs::write(place.path(&format!("log.1.{ending}")), begin).unwrap();
        place.append("log", "4\n");
        let error = place.try_poll_by(&[0], &Plain).unwrap_err().to_string();
        assert!(error.contains(&format!("log.1.{ending}: is being compressed")), "{ending}: {error}");
    }
}

#[test]
fn several_rotations_between_two_looks() {
    let mut place = begun();
    place.append("log", "3\n");
    place.rename("log", "log.3");
    place.pack("xz", "log.3");
    place.append("log.2", "4\n");
    place.pack("gzip", "log.2");
    place.append("log.1", "5\n");
    place.append("log.4", "long counted\n");
    place.append("log", "6\n");
    assert_eq!(place.news(), ["3", "4", "5", "6"]);
    assert!(place.news().is_empty());
    assert_eq!(place.lost(), "");
}

#[test]
fn copytruncate() {
    let mut place = begun();
    place.append("log", "3\n");
    place.copytruncate("log.1");
    assert_eq!(place.news(), ["3"]);
    place.append("log", "4\n");
    assert_eq!(place.news(), ["4"]);
    // Regrown beyond the old size.
    place.copytruncate("log.1");
    place.append("log", &"more\n".repeat(100));
    assert_eq!(place.news().len(), 100);
    assert_eq!(place.lost(), "");
}

#[test]
fn a_copy_in_progress_is_not_read() {
    let mut place = begun();
    place.append("log", &format!("{}\n", "a".repeat(2000)));
    assert_eq!(place.news().len(), 1);
    place.append("log", "3\n");
    std::fs::copy(place.path("log"), place.path("log.1")).unwrap();
    assert_eq!(place.news(), ["3"]);
    // We read more of the live file than the copy has, then it is truncated: nothing is left of the copy.
    place.append("log", "4\n");
    assert_eq!(place.news(), ["4"]);
    place.truncate();
    place.append("log", "5\n");
    assert_eq!(place.news(), ["5"]);
    assert_eq!(place.lost(), "");
}

#[test]
fn a_copy_too_short_to_be_known_again_doubles_nothing() {
    let mut place = begun();
    std::fs::copy(place.path("log"), place.path("log.1")).unwrap();
    age(&place.path("log.1"), 1);
    place.append("log", "3\n");
    assert_eq!(place.news(), ["3"]);
    place.truncate();
    place.append("log", "4\n");
    assert_eq!(place.news(), ["4"]);
    assert!(place.lost().contains("is gone"), "it cannot be known that nothing was lost");
}

#[test]
fn two_copies_of_ours_are_read_once() {
    let mut place = begun();
    place.append("log", "3\n");
    std::fs::copy(place.path("log"), place.path("log.1")).unwrap();
    place.rename("log", "log.2");
    place.append("log", "4\n");
    assert_eq!(place.news(), ["3", "4"]);
}

#[test]
fn a_regrown_file_with_the_same_first_line_is_another() {
    let header = format!("{}\n", "#".repeat(1500));
    let mut place = Place::new(1);
    place.append("log", &format!("{header}1\n"));
    place.poll();
    place.got[0].clear();
    place.copytruncate("log.1");
    place.append("log", &format!("{header}2\n"));
    assert_eq!(place.news().last().unwrap(), "2");
    place.append("log", "3\n");
    assert_eq!(place.news(), ["3"]);
    assert_eq!(place.lost(), "");
}

#[test]
fn an_old_file_that_is_gone_is_said_once() {
    let mut place = begun();
    place.append("log", "3\n");
    std::fs::remove_file(place.path("log")).unwrap();
    assert!(place.news().is_empty());
    assert_eq!(place.lost(), "", "there may be a live file in a moment");
    place.append("log", "");
    assert!(place.news().is_empty());
    let lost = place.lost();
    assert!(lost.contains("4 bytes were counted is gone") && lost.contains("/log: "), "{lost}");
    assert!(place.news().is_empty());
    place.append("log", "4\n");
    assert_eq!(place.news(), ["4"]);
    assert_eq!(place.lost(), "");
}

#[test]
fn of_the_siblings_only_the_younger_ones_follow_a_gone_file() {
    let mut place = Place::new(1);
    place.append("log.2", "older\n");
    age(&place.path("log.2"), 3600);
    place.append("log", "1\n");
    age(&place.path("log"), 1800);
    assert_eq!(place.news(), ["1"]);
    std::fs::remove_file(place.path("log")).unwrap();
    place.append("log.1", "younger\n");
    place.append("log", "live\n");
    assert_eq!(place.news(), ["younger", "live"]);
    assert!(place.lost().contains("is gone"));
}

#[test]
fn a_writer_that_keeps_the_old_file_open_loses_nothing() {
    let mut place = begun();
    place.rename("log", "log.1");
    place.append("log", "");
    place.append("log.1", "3\n");
    assert_eq!(place.news(), ["3"]);
    place.append("log.1", "4\n");
    place.append("log", "5\n");
    assert_eq!(place.news(), ["4", "5"]);
    // Another program has not been told yet.
    place.append("log.1", "6\n");
    place.append("log", "7\n");
    assert_eq!(place.news(), ["6", "7"]);
    assert!(place.news().is_empty());
    place.append("log.1", "8\n");
    place.pack("gzip", "log.1");
    assert_eq!(place.news(), ["8"], "written before it was packed");
    assert_eq!(place.streams[0].before, None, "an archive grows no more");
    assert_eq!(place.lost(), "");
}

#[test]
fn an_unfinished_line_of_a_rotated_file_counts_once_the_next_file_has_lines() {
    let mut place = begun();
    place.append("log", "cut");
    place.rename("log", "log.1");
    place.append("log", "");
    assert!(place.news().is_empty());
    place.append("log", "3\n");
    assert_eq!(place.news(), ["cut", "3"]);
    place.append("log.1", " off\n4\n");
    assert_eq!(place.news(), ["4"], "the rest of what was counted counts nothing");
    assert!(place.news().is_empty());
}

#[test]
fn streams_at_different_places_share_one_reading() {
    let mut place = Place::new(3);
    place.append("log", "1\n");
    place.poll();
    place.append("log", "2\n");
    place.try_poll_by(&[1, 2], &Plain).unwrap();
    place.rename("log", "log.1");
    place.append("log", "3\n");
    place.try_poll_by(&[2], &Plain).unwrap();
    place.append("log", "4\n");
    place.poll();
    for got in &place.got {
        assert_eq!(got, &["1", "2", "3", "4"]);
    }
    let streams: Vec<&Stream> = place.streams.iter().collect();
    let (snapshot, plans) = open(&place.path("log"), None, &streams, CLOCK, &Plain).unwrap();
    assert!(plans.iter().all(|p| p.lost.is_none()));
    assert_eq!(snapshot.files().len(), 1);
}

#[test]
fn a_sibling_that_is_not_one_streams_is_kept_for_another() {
    let mut place = Place::new(2);
    place.append("log", "1\n");
    place.try_poll_by(&[0], &Plain).unwrap();
    place.make_room();
    place.rename("log", "log.1");
    place.append("log", "2, of more bytes than the live file will have\n");
    place.try_poll_by(&[1], &Plain).unwrap();
    // The first stream needs all files. The second looks into each of them and finds that none is its own.
    place.append("log", "3\n");
    place.make_room();
    place.rename("log", "log.1");
    place.append("log", "4\n");
    let position = place.streams[1].position.as_mut().unwrap();
    (position.tail, position.mtime) = ([0; 16], i64::MAX);
    place.poll();
    let second = "2, of more bytes than the live file will have";
    assert_eq!(place.got, [vec!["1", second, "3", "4"], vec![second, "4"]]);
    assert!(place.lost().contains("is gone"));
}

#[test]
fn a_stream_alone_may_be_new() {
    let mut place = Place::new(2);
    place.append("log", "1\n");
    place.try_poll_by(&[0], &Plain).unwrap();
    place.rename("log", "log.1");
    place.append("log", "2\n");
    place.poll();
    assert_eq!(place.got, [vec!["1", "2"], vec!["2"]]);
}

#[test]
fn nothing_is_there() {
    let mut place = Place::new(1);
    assert!(place.news().is_empty());
    let gone = place.path("none/log");
    let (snapshot, plans) = open(&gone, None, &[&Stream::default()], CLOCK, &Plain).unwrap();
    assert!(snapshot.files().is_empty() && plans.len() == 1);
}

#[test]
fn a_damaged_archive_waits_while_it_is_fresh_and_is_read_as_far_as_it_goes_later() {
    let mut place = begun();
    let lines: String = (0..100_000).map(|n| format!("{n} {}\n", n * 7919 % 1_000_003)).collect();
    place.append("log", &lines);
    place.rename("log", "log.1");
    place.pack("gzip", "log.1");
    let archive = place.path("log.1.gz");
    let size = std::fs::metadata(&archive).unwrap().len();
    File::options().write(true).open(&archive).unwrap().set_len(size / 2).unwrap();
    place.append("log", "live\n");
    let error = place.try_poll_by(&[0], &Plain).unwrap_err().to_string();
    assert!(error.contains("log.1.gz: is being compressed"), "{error}");
    age(&archive, 61);
    let news = place.news();
    assert_eq!((news[0].as_str(), news.last().unwrap().as_str()), ("0 0", "live"));
    assert!((30_000..99_999).contains(&news.len()), "{}", news.len());
    assert!(place.lost().contains("log.1.gz: is damaged"));
    assert!(place.news().is_empty());
    assert_eq!(place.lost(), "");
}

#[test]
fn a_truncation_while_it_is_read_is_noticed() {
    for regrown in ["", "longer than before\n"] {
        let mut place = begun();
        place.append("log", "3\n");
        let (snapshot, plans) = open(&place.path("log"), None, &[&place.streams[0]], CLOCK, &Plain).unwrap();
        let outcome = snapshot
            .read(&plans, &mut |_: &Open, _: &RawLine<'_>, _: Readers<'_>| {
                place.copytruncate("log.1");
                place.append("log", regrown);
            })
            .unwrap();
        assert!(matches!(outcome, Outcome::Changed));
        place.poll();
        assert_eq!(place.got[0][0], "3");
    }
}

struct Denied;

impl Opener for Denied {
    fn follow(&self, _: &Path) -> std::io::Result<Option<(File, PathBuf)>> {
        Err(std::io::ErrorKind::PermissionDenied.into())
    }

    fn list(&self, _: &Path, _: &dyn Fn(&str) -> bool) -> std::io::Result<Vec<crate::source::opener::Entry>> {
        Err(std::io::ErrorKind::PermissionDenied.into())
    }

    fn again(&self) -> std::rc::Rc<dyn Opener> {
        std::rc::Rc::new(Plain)
    }
}

#[test]
fn a_file_that_cannot_be_read_names_the_way_out() {
    let mut place = begun();
    let error = place.try_poll_by(&[0], &Denied).unwrap_err().to_string();
    assert!(error.contains("/log: cannot open: Permission denied; add the user"), "{error}");
    assert!(error.contains("maillogs update"), "{error}");
    place.append("log", "3\n");
    assert_eq!(place.news(), ["3"], "it goes on where it was");
}

#[test]
fn a_link_in_a_directory_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = begun();
    place.rename("log", "secret");
    std::os::unix::fs::symlink("secret", place.path("log")).unwrap();
    let through = |mode| {
        std::fs::set_permissions(place.path(""), std::fs::Permissions::from_mode(mode)).unwrap();
        open(&place.path("log"), None, &[&Stream::default()], CLOCK, &Plain)
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert_eq!(through(0o755), Ok(()));
    assert!(through(0o775).unwrap_err().contains("symbolic link"));
}
