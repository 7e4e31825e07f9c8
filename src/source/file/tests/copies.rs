//! Copies of a log beside it, and other files that are none of its rotations.
use super::by_time::{anonymised, hundred, lines};
use super::*;

/// Puts a copy beside the log.
type Copier<'a> = &'a dyn Fn(&Place);

/// A hundred lines were read, 120 are there, and the file is rotated; a further one follows. Before that `copy` puts
/// something beside it.
fn with(rotated: &str, copy: impl Fn(&Place)) -> (Vec<usize>, String) {
    let mut place = hundred();
    place.append("log", &lines(100..120));
    place.rename("log", rotated);
    place.append("log", &lines(120..130));
    copy(&place);
    let news = place.new_numbers();
    let said = place.lost();
    place.goes_on(130);
    (news, said)
}

#[test]
fn a_copy_counts_nothing_whatever_it_is_of() {
    let all: Vec<usize> = (100..130).collect();
    for rotated in ["log.1", "log-20260928", "log.before", "elsewhere"] {
        for name in ["log.bak", "log~", "log.1.save", "copy"] {
            let copies: [(&str, Copier<'_>); 12] = [
                ("of ours", &|p| {
                    std::fs::copy(p.path(rotated), p.path(name)).unwrap();
                }),
                ("of ours as far as it was read", &|p| p.append(name, &lines(0..100))),
                ("of ours before it was read", &|p| p.append(name, &lines(0..60))),
                ("of a part of what was not read", &|p| p.append(name, &lines(0..110))),
                ("of the live file", &|p| p.append(name, &lines(120..125))),
                ("of one that was counted long ago", &|p| p.append(name, &lines(0..3).replace("T22", "T11"))),
                ("of ours, changed", &|p| p.append(name, &anonymised(&lines(0..120)))),
                ("of the live file, changed", &|p| p.append(name, &anonymised(&lines(120..130)))),
                ("of one line of ours", &|p| p.append(name, &lines(119..120))),
                ("of some lines of both", &|p| {
                    (112..128).step_by(3).for_each(|n| p.append(name, &lines(n..n + 1)));
                }),
                ("of the first lines of the live file, with an old one", &|p| {
                    p.append(name, &(lines(3..4) + &lines(120..121)));
                }),
                ("of ours, packed", &|p| {
                    p.append(name, &lines(0..115));
                    p.pack("gzip", name);
                }),
            ];
            for (what, copy) in copies {
                assert_eq!(with(rotated, copy).0, all, "{rotated}, {name}: a copy {what}");
            }
        }
    }
}

/// A copy of the file before ours, and one of a file that was never read by us as a whole but that is read now.
#[test]
fn a_copy_of_another_rotation_counts_nothing() {
    for packed in [false, true] {
        let mut place = hundred();
        place.rename("log", "log.1");
        place.append("log", &lines(100..110));
        assert_eq!(place.new_numbers(), (100..110).collect::<Vec<_>>());
        place.append("log", &lines(110..120));
        place.make_room();
        place.rename("log", "log.1");
        place.append("log", &lines(120..130));
        place.make_room();
        place.rename("log", "log.1");
        place.append("log", &lines(130..140));
        for (of, copy) in [("log.3", "log.3.bak"), ("log.2", "log.2.bak"), ("log.1", "log.1.bak")] {
            std::fs::copy(place.path(of), place.path(copy)).unwrap();
            if packed {
                place.pack("gzip", copy);
            }
        }
        assert_eq!(place.new_numbers(), (110..140).collect::<Vec<_>>());
        assert_eq!(place.lost(), "");
        place.goes_on(140);
    }
}

/// A changed copy of what is not known yet is said.
#[test]
fn a_copy_that_only_its_time_tells_is_said() {
    let (news, said) = with("log.1", |p| {
        p.append("log.1.anon", &anonymised(&lines(0..120)));
        let file = File::options().append(true).open(p.path("log.1.anon")).unwrap();
        file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(1)).unwrap();
    });
    assert_eq!(news, (100..130).collect::<Vec<_>>());
    assert!(
        said.contains("log.1.anon: is not counted: by the time or the text of its lines it is no rotation"),
        "{said}"
    );
}

#[test]
fn what_is_no_log_does_no_harm() {
    use std::os::unix::fs::symlink;
    for rotated in ["log.1", "log.old", "elsewhere"] {
        let (news, said) = with(rotated, |p| {
            p.append("log.offset", "123456\n789\n");
            p.append("log.report", "Lines of today: 120\n\n  of them from 192.0.2.7: 120\n");
            p.append("log.empty", "");
            std::fs::write(p.path("log.swp"), [b"b0VIM 8.2".as_slice(), &[0; 5000], b"\xff\xfe"].concat())
                .unwrap();
            std::fs::write(p.path("log.gz"), b"no gzip").unwrap();
            age(&p.path("log.gz"), 0);
            std::fs::create_dir(p.path("log.d")).unwrap();
            std::fs::create_dir(p.path("log.2")).unwrap();
            nix::unistd::mkfifo(&p.path("log.fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
            nix::unistd::mkfifo(&p.path("a fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
            drop(std::os::unix::net::UnixListener::bind(p.path("log.sock")).unwrap());
            symlink("log", p.path("log.link")).unwrap();
            symlink(rotated, p.path("log.3")).unwrap();
            symlink("nowhere", p.path("log.lost")).unwrap();
        });
        assert_eq!(news, (100..130).collect::<Vec<_>>(), "{rotated}: {said}");
    }
}

/// `sed -i.bak` and editors make a new file of the log, and keep the old one under another name.
#[test]
fn a_changed_live_file_whose_old_text_is_kept_counts_once() {
    for kept in ["log.bak", "log~", "log.orig", "sed1234"] {
        for count in [3, 100] {
            for more in [0, 2] {
                let mut place = Place::new(1);
                place.append("log", &lines(0..count));
                assert_eq!(place.news().len(), count);
                place.rename("log", kept);
                place.append("log", &anonymised(&lines(0..count + more)));
                let new: Vec<usize> = (count..count + more).collect();
                assert_eq!(place.new_numbers(), new, "{kept}, {count} lines and {more} more");
                place.lost();
                place.goes_on(count + 10);
            }
        }
    }
}

/// The same of a log without times: its lines tell.
#[test]
fn a_changed_live_file_without_times_whose_old_text_is_kept_counts_once() {
    let text = |from: usize| (from..50).map(|n| format!("line {n}\n")).collect::<String>();
    let mut place = Place::new(1);
    place.append("log", &text(0));
    assert_eq!(place.news().len(), 50);
    place.rename("log", "log.bak");
    place.append("log", &(text(1) + "line 50\n"));
    assert_eq!(place.news(), ["line 50"]);
}

/// A few lines of each rotation, with a new one, under a name that begins with the log's.
#[test]
fn an_extract_of_many_rotations_with_a_new_line_counts_nothing() {
    let mut place = Place::new(1);
    let mut extract = String::new();
    for from in (0..1200).step_by(100) {
        place.append("log", &lines(from..from + 100));
        extract += &lines(from + 99..from + 100);
        assert_eq!(place.new_numbers(), (from..from + 100).collect::<Vec<_>>());
        if from < 1100 {
            place.make_room();
            place.rename("log", "log.1");
            place.append("log", "");
        }
    }
    place.append("log", &lines(1200..1201));
    place.append("log.user1", &(extract + &lines(1200..1201)));
    place.make_room();
    place.rename("log", "log.1");
    place.append("log", &lines(1201..1202));
    assert_eq!(place.new_numbers(), [1200, 1201]);
}

/// Waits until a file that is written now is younger than this one: the times of files advance every few milliseconds.
fn wait_for_a_tick(place: &Place, name: &str) {
    let written = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let elsewhere = tempfile::NamedTempFile::new_in(place.path("..")).unwrap();
    while written(elsewhere.path()) <= written(&place.path(name)) {
        std::fs::write(elsewhere.path(), "x").unwrap();
    }
}

/// Two rotations whose names tell nothing, and one file with the lines of both; then the same of a rotation and the live file.
#[test]
fn what_was_put_together_from_two_files_is_a_copy() {
    for with_live in [false, true] {
        let mut place = hundred();
        place.append("log", &lines(100..101));
        wait_for_a_tick(&place, "log");
        place.rename("log", "log.1st");
        place.append("log", &lines(101..121));
        wait_for_a_tick(&place, "log");
        place.rename("log", "log.2nd");
        place.append("log", &lines(121..141));
        wait_for_a_tick(&place, "log");
        if !with_live {
            place.rename("log", "log.3rd");
        }
        place.append("log.all", &lines(101..141));
        place.append("log", &lines(141..144));
        assert_eq!(place.new_numbers(), (100..144).collect::<Vec<_>>(), "{with_live}");
    }
}

/// The file before ours is packed at the next rotation (`delaycompress`), and somebody had put it together with ours.
#[test]
fn what_was_put_together_from_the_file_before_is_not_that_file() {
    for together in [true, false] {
        let mut place = Place::new(1);
        place.append("log", &lines(0..20));
        assert_eq!(place.new_numbers().len(), 20);
        place.rename("log", "log.1");
        place.append("log", &lines(20..30));
        assert_eq!(place.new_numbers(), (20..30).collect::<Vec<_>>());
        place.append("log", &lines(30..40));
        place.make_room();
        place.rename("log", "log.1");
        if together {
            place.append("log.all", &(place.text("log.2") + &place.text("log.1")));
        }
        place.pack("gzip", "log.2");
        place.append("log", &lines(40..43));
        assert_eq!(place.new_numbers(), (30..43).collect::<Vec<_>>(), "{together}");
        place.goes_on(43);
    }
}

/// `sed -i.bak` that changes nothing keeps the file itself under another name; what it made is gone on with and rotated.
#[test]
fn an_editor_that_changed_nothing_leaves_what_is_written_to_the_new_file() {
    for together in [false, true] {
        let mut place = hundred();
        let text = place.text("log");
        place.rename("log", "log.bak");
        place.append("log", &text);
        place.append("log", &lines(100..105));
        place.rename("log", "log.1");
        place.append("log", &lines(105..107));
        if together {
            place.append("log.all", &(place.text("log.1") + &place.text("log")));
        }
        assert_eq!(place.new_numbers(), (100..107).collect::<Vec<_>>(), "{together}");
        assert_eq!(place.lost(), "");
        place.goes_on(107);
    }
}
