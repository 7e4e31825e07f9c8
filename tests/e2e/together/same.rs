//! Two processes at the very same work: the chunk counts once, and both outputs are whole.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::count;
use crate::support::multilog::Multilog;
use crate::support::process::{self, children, has_open};
use crate::support::store::{MAILLOGS, Store, assert_same_bytes, name_of};
use crate::support::{lines, traffic, wait_until};

/// Holds `send`'s lock: whoever comes waits.
fn hold(store: &Store) -> File {
    store.run(&["update", "send"]);
    let lock = File::open(lock_of(store)).expect("the lock");
    lock.lock().expect("locking it");
    lock
}

fn lock_of(store: &Store) -> PathBuf {
    store.base().join("state/send.lock")
}

fn wait_for_the_lock(store: &Store, pid: u32) {
    wait_until("it waits for the lock", || has_open(pid, &lock_of(store)));
}

/// A processor on the chunk at `chunk`, and its output.
fn processor(store: &Store, chunk: &Path, output: &Path) -> Child {
    store
        .command(store.sendlog())
        .current_dir(store.logs())
        .stdin(File::open(chunk).expect("a chunk"))
        .stdout(File::create(output).expect("an output"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("sendlog")
}

/// svlogd starts a second one at a HUP; a killed multilog's processor works on beside the new one's. `name` is the
/// chunk's.
fn two_on_one_chunk(name: &str) {
    let (store, log) = (Store::new(), traffic(81, 0.05, 1.0));
    let lock = hold(&store);
    let chunk = store.logs().join(name);
    fs::write(&chunk, &log).expect("a chunk");
    let outputs: Vec<PathBuf> = (0..3).map(|n| store.path(&format!("processed{n}"))).collect();
    let mut all: Vec<Child> = outputs.iter().map(|output| processor(&store, &chunk, output)).collect();
    let sweep = store.command(MAILLOGS).args(["update", "send"]).stderr(Stdio::piped()).spawn();
    all.push(sweep.expect("update"));
    for child in &all {
        wait_for_the_lock(&store, child.id());
    }
    drop(lock);
    for child in all {
        let output = child.wait_with_output().expect("a processor");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    for output in &outputs {
        assert_same_bytes("passed through", &fs::read(output).expect("an output"), &log);
    }
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
    fs::remove_file(chunk).expect("the chunk");
    store.flush();
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn processors_on_the_same_previous() {
    two_on_one_chunk("previous");
}

#[test]
fn processors_on_the_same_chunk_of_svlogd() {
    two_on_one_chunk("@40000000655400000badcafe.u");
}

/// multilog is killed alone while its processor works. The next multilog calls that one's chunk `@….u`, and its own
/// processor comes too.
#[test]
fn an_orphan_beside_the_next_processor() {
    let (store, log) = (Store::new(), traffic(82, 0.05, 1.0));
    let lock = hold(&store);
    let parts: Vec<&[u8]> = lines(&log).collect();
    let parts: Vec<Vec<u8>> = parts.chunks(parts.len().div_ceil(3)).map(<[&[u8]]>::concat).collect();
    let mut orphans = Vec::new();
    for part in &parts {
        let mut multilog = Multilog::start(&store, 4_096);
        let pid = multilog.group();
        std::thread::scope(|scope| {
            let (store, orphans) = (&store, &mut orphans);
            scope.spawn(move || {
                let mut found = Vec::new();
                wait_until("its processor waits", || {
                    found = children(pid);
                    found.first().is_some_and(|child| has_open(*child, &lock_of(store)))
                });
                process::send("KILL", pid);
                orphans.extend(found);
            });
            multilog.feed_until_killed(part);
        });
        multilog.wait_killed();
    }
    assert_eq!(orphans.len(), parts.len());
    let mut last = Multilog::start(&store, 4_096);
    std::thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            wait_until("the last one rolls", || store.logs().join("previous").exists());
            drop(lock);
        });
        last.feed(&traffic(83, 0.05, 1.0));
    });
    last.finish();
    for orphan in orphans {
        wait_until("the orphan is done", || process::state(orphan).is_none_or(|state| state == 'Z'));
    }
    store.flush();
    let rolled = store.chunks();
    let names = store.chunk_names();
    let left_over = names.iter().filter(|path| name_of(path).ends_with(".u")).count();
    assert!(left_over >= parts.len(), "{left_over} chunks that no multilog finished");
    let sorted = |log: &[u8]| {
        let mut all: Vec<Vec<u8>> = lines(log).map(Vec::from).collect();
        all.sort();
        all.concat()
    };
    assert_same_bytes("the archive, sorted", &sorted(&store.archived()), &sorted(&rolled.concat()));
    store.query().assert_counts(&count::count(&[rolled.concat(), store.current()].concat()));
}

/// `update` and `graph` of the same minute both find a day that is over. One that dies leaves nothing half done in the
/// archive's place.
#[test]
fn a_day_is_compressed_by_one_at_a_time() {
    let store = Store::new();
    let day = store.base().join("2023/11/15");
    fs::create_dir_all(&day).expect("mkdir");
    let log = traffic(84, 1.5, 1.0);
    let plain = day.join("sendlog");
    fs::write(&plain, &log).expect("an archive");
    let hours_ago = SystemTime::now() - Duration::from_secs(3 * 3_600);
    File::options().append(true).open(&plain).and_then(|f| f.set_modified(hours_ago)).expect("a time");

    let half = || fs::metadata(day.join(".sendlog.gz.tmp")).ok().filter(|m| m.len() > 0);
    let inode = || half().map(|m| std::os::unix::fs::MetadataExt::ino(&m));
    let update = || {
        let mut command = store.command(MAILLOGS);
        command.args(["update", "send"]).process_group(0).stderr(Stdio::piped()).spawn().expect("update")
    };
    let mut first = update();
    wait_until("one compresses", || half().is_some() || first.try_wait().expect("update").is_some());
    process::stop(&mut first);
    let firsts = inode().expect("it compresses for longer than it takes to stop it");
    let mut second = update();
    wait_until("the other one compresses too, or lets it be", || {
        inode().is_some_and(|inode| inode != firsts) || second.try_wait().expect("update").is_some()
    });
    process::stop(&mut second);
    process::go_on(&mut first);
    let output = first.wait_with_output().expect("update");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let _ = second.kill();
    second.wait().expect("update");

    assert!(!plain.exists(), "it is not compressed");
    assert_same_bytes("the archive", &store.archived(), &log);
}
