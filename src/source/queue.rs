//! qmail's queue, looked at from outside: names and times, never what is in a message.
//!
//! Its shape is that of qmail's INTERNALS: `mess`, `local` and `remote` hold directories 0 to conf-split - 1, in
//! them a file a message whose name is a number. `todo` holds such files itself, or, with the big-todo patch (and
//! in netqmail's descendants), directories as the others do. Numbers are counted as `qmail-qstat` does.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::dir::{self, Entries, Entry, Kind};
use crate::error::{Error, Result};
use crate::protocol::queue::Queue;

/// Measures the queues in `dirs` together; `now` is in unix seconds. `None`: there is none here.
///
/// It delays no program and takes no lock, so a message that comes or goes meanwhile may be in one number and not in
/// another. Symbolic links in a queue are not followed.
///
/// # Errors
/// When a part of a queue cannot be read, or some of `dirs` are there and others are not: half of the numbers
/// would look like all.
pub fn measure(dirs: &[PathBuf], now: i64) -> Result<Option<Queue>> {
    let (here, absent): (Vec<_>, Vec<_>) = dirs.iter().partition(|dir| is_directory(&dir.join("mess")));
    let Some(_) = here.first() else { return Ok(None) };
    if let Some(dir) = absent.first() {
        let text = format!("{}: is not a queue of qmail; take it out of qmail_queue_dir", dir.display());
        return Err(Error::Message(text));
    }
    let mut sum = Queue::default();
    for dir in here {
        let one = measure_one(dir, now)?;
        sum.messages += one.messages;
        sum.unprocessed += one.unprocessed;
        sum.local += one.local;
        sum.remote += one.remote;
        sum.oldest = sum.oldest.max(one.oldest);
    }
    Ok(Some(sum))
}

/// Is there something of that name that is a directory, or may be one?
fn is_directory(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(meta) => meta.is_dir(),
        // What we may not look at is there; reading it will say so.
        Err(e) => e.kind() == io::ErrorKind::PermissionDenied,
    }
}

fn measure_one(dir: &Path, now: i64) -> Result<Queue> {
    let count = |part: &str| {
        let mut files = 0;
        each_message(&dir.join(part), &mut |_| files += 1)?;
        Ok(files)
    };
    let mut queue = Queue {
        unprocessed: count("todo")?,
        local: count("local")?,
        remote: count("remote")?,
        ..Queue::default()
    };
    each_message(&dir.join("mess"), &mut |entry| {
        // A message that has been delivered since is none.
        if let Some(age) = age(entry, now) {
            queue.messages += 1;
            queue.oldest = queue.oldest.max(age);
        }
    })?;
    Ok(queue)
}

/// Seconds since a file was written; 0 if its time lies in the future; `None`: it is gone.
fn age(entry: &Entry, now: i64) -> Option<u64> {
    let written = entry.metadata().ok()?.modified().ok()?;
    let written = written.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Some(u64::try_from(now).unwrap_or(0).saturating_sub(written))
}

/// Calls `found` for each message in `part`: its files, and those of its directories.
fn each_message(part: &Path, found: &mut dyn FnMut(&Entry)) -> Result<()> {
    each_number(part, &mut |entry| {
        let Ok(kind) = entry.kind() else { return Ok(()) };
        if kind == Kind::File {
            found(entry);
        } else if kind == Kind::Directory {
            return each_number(entry.path(), &mut |entry| {
                if entry.kind().is_ok_and(|kind| kind == Kind::File) {
                    found(entry);
                }
                Ok(())
            });
        }
        Ok(())
    })
}

/// Calls `found` for each entry of `dir` whose name is a number. A directory that is gone is empty.
fn each_number(dir: &Path, found: &mut dyn FnMut(&Entry) -> Result<()>) -> Result<()> {
    for entry in open(dir)?.into_iter().flatten() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(unreadable(dir, &e)),
        };
        let name = entry.file_name().as_encoded_bytes();
        if !name.is_empty() && name.iter().all(u8::is_ascii_digit) {
            found(&entry)?;
        }
    }
    Ok(())
}

fn open(dir: &Path) -> Result<Option<Entries>> {
    match dir::read(dir) {
        Ok(entries) => Ok(Some(entries)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unreadable(dir, &e)),
    }
}

/// `local` and `remote` are qmails' alone, the others his group's: root may read them all.
fn unreadable(dir: &Path, error: &io::Error) -> Error {
    let text = format!("{}: cannot read: {}", dir.display(), error.kind());
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Error::Denied(format!("{text}; the queue is measured only where maillogs update runs as root"))
        }
        _ => Error::Message(format!("{text}; the queue is not measured")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    const NOW: i64 = 1_790_635_513;

    /// A queue of `split` directories, todo split or flat.
    fn queue(split: u64, big_todo: bool) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for part in ["mess", "info", "local", "remote"] {
            (0..split).for_each(|n| fs::create_dir_all(dir.path().join(format!("{part}/{n}"))).unwrap());
        }
        let todo = if big_todo { split } else { 0 };
        fs::create_dir_all(dir.path().join("todo")).unwrap();
        (0..todo).for_each(|n| fs::create_dir(dir.path().join(format!("todo/{n}"))).unwrap());
        for part in ["intd", "pid", "bounce", "lock"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        fs::write(dir.path().join("lock/sendmutex"), "").unwrap();
        dir
    }

    fn put(dir: &Path, file: &str, age: i64) {
        fs::write(dir.join(file), "To: someone\n").unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW - age).unwrap());
        fs::File::options().write(true).open(dir.join(file)).unwrap().set_modified(time).unwrap();
    }

    fn measured(dir: &Path) -> Queue {
        measure(&[dir.to_owned()], NOW).unwrap().unwrap()
    }

    /// The files below `part`, counted by find(1) and wc(1).
    fn found(dir: &Path, part: &str) -> u64 {
        let command = format!("find '{}' -type f | wc -l", dir.join(part).display());
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn it_counts_what_find_counts() {
        for big_todo in [false, true] {
            let dir = queue(23, big_todo);
            let path = dir.path();
            for id in 1_000u64..1_200 {
                let split = id % 23;
                put(path, &format!("mess/{split}/{id}"), i64::try_from(id).unwrap());
                if id % 5 == 0 {
                    let todo = if big_todo { format!("todo/{split}/{id}") } else { format!("todo/{id}") };
                    put(path, &todo, 1);
                    put(path, &format!("intd/{id}"), 1);
                } else {
                    put(path, &format!("info/{split}/{id}"), 100_000);
                    let place = if id % 3 == 0 { "local" } else { "remote" };
                    put(path, &format!("{place}/{split}/{id}"), 100_000);
                }
            }
            let queue = measured(path);
            let counts = [queue.messages, queue.unprocessed, queue.local, queue.remote];
            assert_eq!(counts, ["mess", "todo", "local", "remote"].map(|part| found(path, part)));
            assert_eq!(counts[..2], [200, 40]);
            assert_eq!(queue.oldest, 1_199);
        }
    }

    #[test]
    fn an_empty_queue_is_measured_and_an_absent_one_is_not() {
        assert_eq!(measured(queue(23, false).path()), Queue::default());
        let nowhere = tempfile::tempdir().unwrap();
        assert_eq!(measure(&[nowhere.path().join("queue")], NOW).unwrap(), None);
        assert_eq!(measure(&[nowhere.path().to_owned()], NOW).unwrap(), None);
        assert_eq!(measure(&[], NOW).unwrap(), None);
    }

    #[test]
    fn several_queues_are_one() {
        let (one, two) = (queue(23, true), queue(151, true));
        put(one.path(), "mess/0/23", 50);
        put(two.path(), "mess/150/301", 70);
        put(two.path(), "mess/0/151", 60);
        put(two.path(), "local/0/151", 60);
        let dirs = [one.path().to_owned(), two.path().to_owned()];
        let sum = measure(&dirs, NOW).unwrap().unwrap();
        assert_eq!(sum, Queue { messages: 3, local: 1, oldest: 70, ..Queue::default() });
        let lacking = [one.path().to_owned(), two.path().join("queue3")];
        let error = measure(&lacking, NOW).unwrap_err().to_string();
        assert!(
            error.ends_with("queue3: is not a queue of qmail; take it out of qmail_queue_dir"),
            "{error}"
        );
    }

    #[test]
    fn only_files_with_a_number_for_a_name_are_messages() {
        let dir = queue(2, false);
        let path = dir.path();
        put(path, "mess/0/2", 5);
        put(path, "mess/0/.nfs0001", 500);
        put(path, "mess/0/2.tmp", 500);
        fs::create_dir(path.join("mess/0/4")).unwrap();
        put(path, "mess/0/4/6", 500);
        fs::create_dir(path.join("mess/lost+found")).unwrap();
        put(path, "mess/lost+found/8", 500);
        assert_eq!(measured(path), Queue { messages: 1, oldest: 5, ..Queue::default() });
    }

    #[test]
    fn links_are_not_followed() {
        let (dir, other) = (queue(1, false), queue(1, false));
        put(other.path(), "mess/0/7", 9_000);
        symlink(other.path().join("mess/0/7"), dir.path().join("mess/0/1")).unwrap();
        symlink(other.path().join("mess/0"), dir.path().join("mess/1")).unwrap();
        symlink(other.path().join("mess/0"), dir.path().join("todo/1")).unwrap();
        assert_eq!(measured(dir.path()), Queue::default());
        let linked = tempfile::tempdir().unwrap();
        symlink(other.path().join("mess"), linked.path().join("mess")).unwrap();
        assert_eq!(measure(&[linked.path().to_owned()], NOW).unwrap(), None);
        // The queue itself may be elsewhere.
        symlink(other.path(), linked.path().join("queue")).unwrap();
        assert_eq!(measured(&linked.path().join("queue")).messages, 1);
    }

    #[test]
    fn a_time_to_come_has_no_age() {
        let dir = queue(1, false);
        put(dir.path(), "mess/0/1", -1_000);
        assert_eq!(measured(dir.path()), Queue { messages: 1, ..Queue::default() });
        let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(10);
        let file = fs::File::options().write(true).open(dir.path().join("mess/0/1")).unwrap();
        file.set_modified(before_1970).unwrap();
        assert_eq!(measured(dir.path()).oldest, u64::try_from(NOW).unwrap());
    }

    #[test]
    fn what_vanishes_while_it_is_read_does_no_harm() {
        let dir = queue(3, true);
        let path = dir.path();
        let stop = std::sync::atomic::AtomicBool::new(false);
        put(path, "mess/1/1", 40);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    for id in 2..40 {
                        fs::write(path.join(format!("mess/{}/{id}", id % 3)), "").unwrap();
                        fs::write(path.join(format!("todo/{}/{id}", id % 3)), "").unwrap();
                    }
                    for id in 2..40 {
                        fs::remove_file(path.join(format!("mess/{}/{id}", id % 3))).unwrap();
                        fs::remove_file(path.join(format!("todo/{}/{id}", id % 3))).unwrap();
                    }
                }
            });
            let measured: Vec<_> = (0..300).map(|_| measure(&[path.to_owned()], NOW)).collect();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            for queue in measured {
                let queue = queue.unwrap().unwrap();
                assert!((1..=39).contains(&queue.messages) && queue.oldest == 40, "{queue:?}");
            }
        });
    }

    #[test]
    fn what_may_not_be_read_is_said_with_the_way_out() {
        let dir = queue(1, false);
        let local = dir.path().join("local");
        fs::set_permissions(&local, fs::Permissions::from_mode(0o000)).unwrap();
        let result = measure(&[dir.path().to_owned()], NOW);
        fs::set_permissions(&local, fs::Permissions::from_mode(0o700)).unwrap();
        // Root may read all.
        if !nix::unistd::geteuid().is_root() {
            let text = result.unwrap_err().to_string();
            assert!(text.starts_with(&local.display().to_string()), "{text}");
        }
        // A part that is no directory cannot be read by anyone.
        fs::remove_dir_all(&local).unwrap();
        fs::write(&local, "").unwrap();
        let text = measure(&[dir.path().to_owned()], NOW).unwrap_err().to_string();
        assert_eq!(
            text,
            format!("{}: cannot read: not a directory; the queue is not measured", local.display())
        );
        let denied = unreadable(&local, &io::ErrorKind::PermissionDenied.into()).to_string();
        assert!(
            denied.ends_with(
                "permission denied; the queue is measured only where maillogs update runs as root"
            )
        );
    }
}
