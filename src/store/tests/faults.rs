//! Two things that went wrong at once, and things in the place of our files.
use std::fs;
use std::io::{self, Write};

use super::*;
use crate::protocol::{count, send::SEND};
use crate::store::archive::{Pieces, name_of};
use crate::store::session::StateOrigin;

struct Lines(&'static [u8]);

impl Pieces for Lines {
    fn write(&self, _day: u32, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.0)
    }
}

const DAY: u32 = 20_260_927;

/// A store whose archive of [`DAY`] has one committed line, and one whose commit died.
fn dead_in_the_archive() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), &SEND, 60);
    for (line, dies) in [(&b"one\n"[..], false), (b"two\n", true)] {
        let mut session = store.open(AT_ONCE, DAY0).unwrap();
        session.archive("sendlog", &[DAY], &Lines(line), &mut || Ok(()), DAY0).unwrap();
        if !dies {
            let state = session.state.clone();
            session.commit(state, vec![], DAY0).unwrap();
        }
    }
    assert_eq!(archive(&store), "one\ntwo\n");
    (dir, store)
}

fn archive(store: &Store) -> String {
    fs::read_to_string(store.base.join(name_of(DAY, "sendlog"))).unwrap()
}

#[test]
fn a_damaged_state_does_not_keep_what_no_commit_archived() {
    a_damaged_state_keeps_nothing(StateOrigin::Damaged, without_copies);
}

#[test]
fn nor_does_one_whose_copy_is_left() {
    a_damaged_state_keeps_nothing(StateOrigin::Known, |_| ());
}

fn a_damaged_state_keeps_nothing(origin: StateOrigin, prepare: fn(&Store)) {
    for survivors in 0.. {
        let (_dir, store) = dead_in_the_archive();
        prepare(&store);
        fs::write(store.state_dir.join("send.state"), "damaged").unwrap();
        crate::disk::crash::arm(survivors);
        let _ = store.open(AT_ONCE, DAY0);
        let died = crate::disk::crash::disarm();
        let mut session = store.open(AT_ONCE, DAY0).unwrap();
        assert_eq!((session.origin, archive(&store).as_str()), (origin, "one\n"), "{died:?}");
        // The logger runs us again with the same chunk.
        session.archive("sendlog", &[DAY], &Lines(b"two\n"), &mut || Ok(()), DAY0).unwrap();
        let state = session.state.clone();
        session.commit(state, vec![], DAY0).unwrap();
        drop(session);
        drop(store.open(AT_ONCE, DAY0).unwrap());
        assert_eq!(archive(&store), "one\ntwo\n", "{died:?}");
        if died.is_none() {
            break;
        }
    }
}

#[test]
fn an_archive_beyond_its_commit_point_is_never_cut() {
    // Died after the commit point, and both records of it were damaged: a chunk may be gone from the logger.
    let (_dir, store) = dead_in_the_archive();
    without_copies(&store);
    for name in ["send.state", "send.journal"] {
        fs::write(store.state_dir.join(name), "damaged").unwrap();
    }
    assert_eq!(store.open(AT_ONCE, DAY0).unwrap().origin, StateOrigin::Damaged);
    assert_eq!(archive(&store), "one\ntwo\n");
}

#[test]
fn an_empty_directory_in_place_of_the_lock_stops_nobody() {
    const TABLE: &[Counter] = &[count("a", "a", "")];
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), protocol(TABLE, &[], &[]), 60);
    fs::create_dir_all(store.state_dir.join("p.lock")).unwrap();
    let session = store.open(AT_ONCE, DAY0).unwrap();
    assert!(store.open(AT_ONCE, DAY0).is_err(), "it is held");
    drop(session);
    assert!(store.open(AT_ONCE, DAY0).is_ok());
    // What somebody keeps in there is not ours to remove: we say where it is.
    fs::remove_file(store.state_dir.join("p.lock")).unwrap();
    fs::create_dir_all(store.state_dir.join("p.lock/kept")).unwrap();
    assert!(store.open(AT_ONCE, DAY0).unwrap_err().to_string().contains("p.lock"));
    assert!(path(&store.state_dir, "p.lock/kept").is_dir());
}

/// A commit that could not write its copies is followed by no other one, if nothing more is counted.
#[test]
fn copies_that_could_not_be_written_are_written_without_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), &SEND, 60);
    let commit = || {
        let mut session = store.open(AT_ONCE, DAY0).unwrap();
        let state = session.state.clone();
        session.commit(state, vec![], DAY0).unwrap();
    };
    commit();
    let copy = store.counters_copy();
    let older = fs::read(&copy).unwrap();
    commit();
    let newest = fs::read(&copy).unwrap();
    assert_eq!(newest, fs::read(store.file("state")).unwrap());
    assert_ne!(newest, older);
    let lose = |bytes: Option<&[u8]>| {
        fs::remove_file(&copy).unwrap();
        if let Some(bytes) = bytes {
            fs::write(&copy, bytes).unwrap();
        }
    };
    for left in [None, Some(&older[..]), Some(&newest[..10]), Some(&b""[..])] {
        lose(left);
        store.open(AT_ONCE, DAY0).unwrap().mend_copies().unwrap();
        assert_eq!(fs::read(&copy).unwrap(), newest, "{left:?}");
    }
    // One that is as it should be is not written again.
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&copy).unwrap());
    let before = inode();
    store.open(AT_ONCE, DAY0).unwrap().mend_copies().unwrap();
    assert_eq!(inode(), before);
}
