//! Against the real journalctl(1), on journals made by systemd-journal-remote(8).
use super::*;
use crate::line::Stamp;
use std::io::Write;

/// One entry in the export format. `n` makes its times.
fn entry(n: u64, tag: &str, message: &str) -> Vec<u8> {
    let micros = 1_790_000_000_000_000 + n * 1_000_000;
    let mut bytes = format!(
        "__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={n}000000\n_BOOT_ID=4d1a3a1e5b8f4c0c8a9d2f6e7b3c1a55\n_HOSTNAME=mx1\nSYSLOG_IDENTIFIER={tag}\nSYSLOG_PID={n}\nUNWANTED=x\nMESSAGE\n"
    )
    .into_bytes();
    bytes.extend((message.len() as u64).to_le_bytes());
    bytes.extend(message.as_bytes());
    bytes.extend(b"\n\n");
    bytes
}

/// Makes the journal file `name` of these entries.
fn journal(dir: &Path, name: &str, entries: &[Vec<u8>]) {
    let mut child = Command::new("/usr/lib/systemd/systemd-journal-remote")
        .arg("-o")
        .arg(dir.join(name))
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("install the package systemd-journal-remote");
    child.stdin.take().unwrap().write_all(&entries.concat()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn messages(dir: &Path, from: Begin) -> (Vec<String>, Option<String>) {
    let mut all = Vec::new();
    let reading = start(&JournalLocation::Directory(dir.to_owned()), from).unwrap();
    let cursor = reading
        .read(|e| all.push(String::from_utf8_lossy(e.message).into_owned()))
        .unwrap_or_else(|e| panic!("{e}"));
    (all, cursor)
}

fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(|n| entry(n, "qmail", &format!("m{n}"))).collect()
}

#[test]
fn reading_goes_on_after_the_cursor() {
    let temp = tempfile::tempdir().unwrap();
    journal(temp.path(), "a.journal", &numbered(1..=3));
    let (all, cursor) = messages(temp.path(), Begin::Oldest);
    assert_eq!(all, ["m1", "m2", "m3"]);
    let (all, again) = messages(temp.path(), Begin::After(cursor.clone().unwrap()));
    assert!(all.is_empty());
    assert_eq!(again, cursor);
    journal(temp.path(), "b.journal", &numbered(4..=5));
    let (all, cursor) = messages(temp.path(), Begin::After(cursor.unwrap()));
    assert_eq!(all, ["m4", "m5"]);
    assert!(messages(temp.path(), Begin::After(cursor.unwrap())).0.is_empty());
}

#[test]
fn an_entry_that_was_vacuumed_takes_none_with_it() {
    let temp = tempfile::tempdir().unwrap();
    journal(temp.path(), "a.journal", &numbered(1..=3));
    let cursor = messages(temp.path(), Begin::Oldest).1.unwrap();
    let later = tempfile::tempdir().unwrap();
    journal(later.path(), "a.journal", &numbered(5..=6));
    assert_eq!(messages(later.path(), Begin::After(cursor)).0, ["m5", "m6"]);
}

/// The journal of a machine that was set up anew, or of another one that keeps the same store.
#[test]
fn of_another_machines_journal_what_is_later_is_new() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    journal(ours.path(), "a.journal", &numbered(1..=3));
    let cursor = messages(ours.path(), Begin::Oldest).1.unwrap();
    let of_another_boot = |n: u64| {
        let text = entry(n, "qmail", &format!("o{n}"));
        let at = text.windows(8).position(|w| w == b"_BOOT_ID").unwrap() + 9;
        [&text[..at], b"99999999999999999999999999999999", &text[at + 32..]].concat()
    };
    journal(other.path(), "a.journal", &(1..=6).map(of_another_boot).collect::<Vec<_>>());
    let (all, next) = messages(other.path(), Begin::After(cursor.clone()));
    assert_eq!(all, ["o4", "o5", "o6"]);
    let (all, last) = messages(other.path(), Begin::After(next.unwrap()));
    assert!(all.is_empty());
    journal(other.path(), "b.journal", &[of_another_boot(7)]);
    assert_eq!(messages(other.path(), Begin::After(last.unwrap())).0, ["o7"]);
    // Nothing in it is later: what comes is counted, and what stands there never.
    let empty = tempfile::tempdir().unwrap();
    journal(empty.path(), "a.journal", &(1..=2).map(of_another_boot).collect::<Vec<_>>());
    let (all, next) = messages(empty.path(), Begin::After(cursor));
    assert!(all.is_empty());
    journal(empty.path(), "b.journal", &[of_another_boot(8)]);
    assert_eq!(messages(empty.path(), Begin::After(next.unwrap())).0, ["o8"]);
}

#[test]
fn the_time_tells_between_journals_and_the_number_within_one() {
    let last = "s=1;i=4;b=a;m=1;t=ff;x=3";
    assert!(is_not_later(last, "s=2;i=1;b=c;m=9;t=ff;x=1"));
    assert!(!is_not_later(last, "s=2;i=1;b=c;m=9;t=100;x=1"));
    assert!(!is_not_later(last, "s=1;i=5;b=c;m=9;t=1;x=1"), "the clock was set back");
    assert!(!is_not_later("no cursor", "s=1;i=5;b=c;m=9;t=1;x=1"));
}

#[test]
fn from_the_end_and_since() {
    let temp = tempfile::tempdir().unwrap();
    journal(temp.path(), "a.journal", &numbered(1..=3));
    let (all, cursor) = messages(temp.path(), Begin::End);
    assert!(all.is_empty());
    journal(temp.path(), "b.journal", &numbered(4..=4));
    assert_eq!(messages(temp.path(), Begin::After(cursor.unwrap())).0, ["m4"]);
    assert_eq!(messages(temp.path(), Begin::Since(1_790_000_003)).0, ["m3", "m4"]);
}

#[test]
fn an_empty_journal_has_no_cursor() {
    let temp = tempfile::tempdir().unwrap();
    for from in [Begin::Oldest, Begin::End, Begin::Since(0)] {
        assert_eq!(messages(temp.path(), from), (vec![], None));
    }
}

#[test]
fn the_parts_of_an_entry() {
    let temp = tempfile::tempdir().unwrap();
    let long = format!("{}\nsecond line", "y".repeat(100_000));
    journal(temp.path(), "a.journal", &[entry(1, "vpopmail", "vchkpw-smtp: x\ny"), entry(2, "qmail", &long)]);
    let mut seen = 0;
    let reading = start(&JournalLocation::Directory(temp.path().to_owned()), Begin::Oldest).unwrap();
    reading
        .read(|e| {
            seen += 1;
            if seen == 1 {
                assert_eq!(e.time, Stamp { secs: 1_790_000_001, nanos: 0 });
                assert_eq!((e.host, e.tag), (Some(&b"mx1"[..]), Some(&b"vpopmail"[..])));
                assert_eq!((e.pid, e.message), (Some(&b"1"[..]), &b"vchkpw-smtp: x"[..]));
            } else {
                assert_eq!(e.message, "y".repeat(crate::source::lines::LINE_LIMIT).as_bytes());
            }
        })
        .unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn what_journalctl_complains_of_is_said() {
    let none = JournalLocation::Directory("/nonexistent".into());
    let error = start(&none, Begin::Oldest).unwrap().read(|_| {}).unwrap_err().to_string();
    assert!(error.contains("journalctl failed") && error.contains("/nonexistent"), "{error}");
    let temp = tempfile::tempdir().unwrap();
    let bad = Begin::After("nonsense".into());
    let reading = start(&JournalLocation::Directory(temp.path().into()), bad).unwrap();
    assert!(reading.read(|_| {}).unwrap_err().to_string().contains("cursor"));
    let denied =
        failed("exit status: 1", b"No journal files were opened due to insufficient permissions.\n\x1b[2J");
    assert!(denied.to_string().contains("the group systemd-journal"));
    assert!(!failed("1", b"a\x1b[2J").to_string().contains('\x1b'));
}

#[test]
fn a_cursor_names_its_entry_in_every_file() {
    assert!(same_entry("s=1;i=4;b=a;m=1;t=2;x=3", "s=2;i=9;b=a;m=1;t=2;x=3"));
    assert!(!same_entry("s=1;i=4;b=a;m=1;t=2;x=3", "s=1;i=5;b=a;m=1;t=2;x=4"));
    assert!(!same_entry("s=1;i=4", "s=1;i=5"));
    assert!(same_entry("s=1;i=4", "s=1;i=4"));
}

#[test]
fn a_reading_that_is_dropped_ends_its_program() {
    let temp = tempfile::tempdir().unwrap();
    let many: Vec<Vec<u8>> = (1..3000).map(|n| entry(n, "qmail", &"z".repeat(200))).collect();
    journal(temp.path(), "a.journal", &many);
    let reading = start(&JournalLocation::Directory(temp.path().to_owned()), Begin::Oldest).unwrap();
    let proc = PathBuf::from(format!("/proc/{}", reading.child.id()));
    assert!(proc.exists());
    drop(reading);
    assert!(!proc.exists());
}

#[test]
fn a_journal_that_was_vacuumed_whole_is_read_on_when_it_has_entries_again() {
    let temp = tempfile::tempdir().unwrap();
    journal(temp.path(), "a.journal", &numbered(1..=3));
    let cursor = messages(temp.path(), Begin::Oldest).1.unwrap();
    std::fs::remove_file(temp.path().join("a.journal")).unwrap();
    assert_eq!(messages(temp.path(), Begin::After(cursor.clone())), (vec![], Some(cursor.clone())));
    journal(temp.path(), "b.journal", &numbered(4..=4));
    assert_eq!(messages(temp.path(), Begin::After(cursor)).0, ["m4"]);
}

#[test]
fn a_program_that_says_nothing_is_not_waited_for() {
    let mut child = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
    let mut output = Output { pipe: child.stdout.take().unwrap(), patience: 50 };
    assert_eq!(output.read(&mut [0; 10]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(output.read(&mut [0; 10]).unwrap(), 0, "its end is no hanging");
}
