//! A rotation between any two steps of a look.
use std::cell::Cell;

use super::*;
use crate::source::opener::Entry;

/// Rotates before the call of this number.
struct Rotating<'a> {
    at: usize,
    calls: Cell<usize>,
    rotate: &'a dyn Fn(),
}

impl Rotating<'_> {
    fn step(&self) {
        if self.calls.replace(self.calls.get() + 1) == self.at {
            (self.rotate)();
        }
    }
}

impl Opener for Rotating<'_> {
    fn follow(&self, path: &Path) -> std::io::Result<Option<(File, PathBuf)>> {
        self.step();
        Plain.follow(path)
    }

    fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> std::io::Result<Vec<Entry>> {
        self.step();
        Plain.list(dir, wanted)
    }

    fn again(&self) -> std::rc::Rc<dyn Opener> {
        std::rc::Rc::new(Plain)
    }
}

/// Up to two rotations were not seen yet, then `rotate` comes before each single step of the look. It takes the live
/// file away and leaves one in which `after` stands.
fn at_every_step(rotate: impl Fn(&Dir)) {
    for before in 0..3 {
        let mut step = 0;
        loop {
            let mut place = Place::new(2);
            place.append("log", "1\n");
            place.poll();
            place.append("log", "2\n");
            place.try_poll_by(&[1], &Plain).unwrap();
            let mut expected = vec!["1".to_owned(), "2".to_owned()];
            for n in 0..before {
                place.make_room();
                place.rename("log", "log.1");
                place.append("log", &format!("before {n}\n"));
                expected.push(format!("before {n}"));
            }
            let dir = place.dir.clone();
            let rotate = || rotate(&dir);
            let opener = Rotating { at: step, calls: Cell::new(0), rotate: &rotate };
            place.try_poll_by(&[0, 1], &opener).unwrap();
            let was_over = opener.calls.get() <= step;
            if was_over {
                break;
            }
            expected.push("after".to_owned());
            place.poll();
            for got in &place.got {
                assert_eq!(*got, expected, "{before} rotations before, one at step {step}");
            }
            assert_eq!(place.lost(), "", "{before} rotations before, one at step {step}");
            step += 1;
        }
        assert!(step > 0);
    }
}

#[test]
fn a_rename_at_any_moment() {
    at_every_step(|dir| {
        dir.make_room();
        dir.rename("log", "log.1");
        dir.append("log", "after\n");
    });
}

#[test]
fn a_rename_into_an_archive_at_any_moment() {
    at_every_step(|dir| {
        dir.make_room();
        dir.rename("log", "log.1");
        dir.pack("gzip", "log.1");
        dir.append("log", "after\n");
    });
}

#[test]
fn a_copytruncate_at_any_moment() {
    at_every_step(|dir| {
        dir.make_room();
        dir.copytruncate("log.1");
        dir.append("log", "after\n");
    });
}

#[test]
fn a_truncation_at_any_moment_after_the_copy() {
    for seen in [false, true] {
        let mut step = 0;
        loop {
            let mut place = Place::new(2);
            place.append("log", "1\n");
            place.poll();
            place.make_room();
            place.rename("log", "log.1");
            place.append("log", "2\n");
            if seen {
                place.try_poll_by(&[1], &Plain).unwrap();
            }
            place.append("log", "3\n");
            place.make_room();
            std::fs::copy(place.path("log"), place.path("log.1")).unwrap();
            let dir = place.dir.clone();
            let rotate = || {
                dir.truncate();
                dir.append("log", "4\n");
            };
            let opener = Rotating { at: step, calls: Cell::new(0), rotate: &rotate };
            place.try_poll_by(&[0, 1], &opener).unwrap();
            if opener.calls.get() <= step {
                break;
            }
            place.poll();
            for got in &place.got {
                assert_eq!(*got, ["1", "2", "3", "4"], "at step {step}, seen: {seen}");
            }
            step += 1;
        }
        assert!(step > 0);
    }
}

#[test]
fn an_endless_rotation_ends_the_look() {
    struct Endless(Dir);
    impl Opener for Endless {
        fn follow(&self, path: &Path) -> std::io::Result<Option<(File, PathBuf)>> {
            self.0.rename("log", "log.1");
            self.0.append("log", "x\n");
            Plain.follow(path)
        }

        fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> std::io::Result<Vec<Entry>> {
            Plain.list(dir, wanted)
        }

        fn again(&self) -> std::rc::Rc<dyn Opener> {
            std::rc::Rc::new(Plain)
        }
    }
    let mut place = Place::new(1);
    place.append("log", "1\n");
    let error = place.try_poll_by(&[0], &Endless(place.dir.clone())).unwrap_err().to_string();
    assert!(error.contains("again and again"), "{error}");
}

/// One file may not be read.
struct Refusing(&'static str);

impl Opener for Refusing {
    fn follow(&self, path: &Path) -> std::io::Result<Option<(File, PathBuf)>> {
        if path.ends_with(self.0) {
            return Err(std::io::ErrorKind::PermissionDenied.into());
        }
        Plain.follow(path)
    }

    fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> std::io::Result<Vec<Entry>> {
        Plain.list(dir, wanted)
    }

    fn again(&self) -> std::rc::Rc<dyn Opener> {
        std::rc::Rc::new(Plain)
    }
}

#[test]
fn an_older_file_that_may_not_be_read_stops_nobody_and_a_younger_one_does() {
    let mut place = Place::new(1);
    place.append("log", "1\n2\n3\n");
    assert_eq!(place.news(), ["1", "2", "3"]);
    place.append("log.3", "of last year\n");
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    OpenOptions::new().write(true).open(place.path("log.3")).unwrap().set_modified(old).unwrap();
    // Truncated without a copy.
    place.truncate();
    place.append("log", "4\n");
    place.try_poll_by(&[0], &Refusing("log.3")).unwrap();
    assert_eq!(place.got[0], ["4"]);
    place.append("log.1", "may be ours\n");
    place.truncate();
    place.append("log", "5\n");
    let said = place.try_poll_by(&[0], &Refusing("log.1")).unwrap_err();
    assert!(said.to_string().contains("Permission denied"), "{said}");
}

/// More rotated files than are held open, and a rotation between the look and the reading, which gives every one of them
/// another name: all is read anew, nothing is missed or read twice.
#[test]
fn a_rotation_between_the_look_and_the_reading_of_many_files() {
    const FILES: usize = 530;
    let mut place = begun();
    let rotate = |dir: &Dir, files: usize, line: &str| {
        for n in (1..=files).rev() {
            dir.rename(&format!("log.{n}"), &format!("log.{}", n + 1));
        }
        dir.rename("log", "log.1");
        dir.append("log", line);
    };
    let mut expected = Vec::new();
    for n in 0..FILES {
        rotate(&place, n, &format!("line {n}\n"));
        expected.push(format!("line {n}"));
    }
    let streams: Vec<&Stream> = place.streams.iter().collect();
    let (snapshot, plans) = open(&place.path("log"), None, &streams, CLOCK, &Plain).unwrap();
    let held = snapshot.files().iter().filter(|file| file.is_held()).count();
    assert!((1..=514).contains(&held), "{held} are open");
    rotate(&place, FILES, "after\n");
    let outcome = snapshot.read(&plans, &mut |_: &Open, _: &RawLine<'_>, _: Readers<'_>| {}).unwrap();
    assert!(matches!(outcome, Outcome::Changed), "{outcome:?}");
    expected.push("after".to_owned());
    assert_eq!(place.news(), expected);
    assert_eq!(place.lost(), "");
    assert_eq!(place.news(), Vec::<String>::new());
}
