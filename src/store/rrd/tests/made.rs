//! A new file is, to the byte, what librrd makes; and librrd takes it.
use std::process::Command;

use super::super::create::blank;
use super::super::layout::POINTER;
use super::reference::{bring, make, spelt};
use super::*;
use crate::protocol::{Settings, builtin};

/// librrd begins each archive at a row of chance.
fn without_pointers(header: &Header) -> Vec<u8> {
    header.bytes[..header.pointers().start].to_vec()
}

#[test]
fn a_header_is_what_librrd_makes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    let midnight = T / 86_400 * 86_400;
    for protocol in builtin(&Settings::default()) {
        for (step, start) in
            [(60, midnight), (60, midnight + 7 * 60), (300, midnight + 1234), (7200, midnight)]
        {
            make(&path, protocol, step, start);
            let (theirs, ours) = (sound(&path), blank(&sources_of(protocol), step, start));
            let what = format!("{} {step} {start}", protocol.name);
            assert_eq!(ours.pointers(), theirs.pointers(), "{what}");
            assert_eq!(ours.pointers().len(), POINTER * ours.archives.len(), "{what}");
            let (a, b) = (without_pointers(&ours), without_pointers(&theirs));
            let float = |word: &[u8]| f64::from_le_bytes(word.try_into().unwrap());
            let other = a
                .chunks(8)
                .zip(b.chunks(8))
                .position(|(a, b)| a != b && !(float(a).is_nan() && float(b).is_nan()));
            assert_eq!(other.map(|word| word * 8), None, "{what}");
            // What the bytes say is what the values beside them do.
            let parsed = Header::parse(ours.bytes.clone(), ours.mark.size, ours.file).unwrap();
            assert_eq!(parsed, ours, "{what}");
            std::fs::remove_file(&path).unwrap();
        }
    }
}

/// All rows of both files, by archive and time, as `rrdtool dump` tells them.
fn dumped(path: &Path) -> String {
    let output = Command::new("rrdtool").arg("dump").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_file_that_is_made_with_minutes_is_what_librrd_makes_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let (theirs, ours) = (dir.path().join("theirs.rrd"), dir.path().join("ours.rrd"));
    let bins: Vec<Update> = (0..500).map(|n| update(T + 60 * n + n / 100 * 7200, n.into())).collect();
    let start = T / 86_400 * 86_400;
    make(&theirs, &SEND, 60, start);
    bring(&theirs, &spelt(&SEND, 60, start, &bins));
    history::forget(&theirs, T).unwrap();
    create(&ours, &SEND, 60, &bins).unwrap();
    assert!(dumped(&theirs) == dumped(&ours));
    assert_eq!(std::fs::metadata(&ours).unwrap().len(), std::fs::metadata(&theirs).unwrap().len());
    // And rrdtool goes on with it.
    let end = sound(&ours).last_update;
    let sources = sound(&ours).sources.len();
    let text = format!("{}{}", end + 60, ":1".repeat(sources));
    let status = Command::new("rrdtool").arg("update").arg(&ours).arg(text).status().unwrap();
    assert!(status.success());
    assert_eq!(sound(&ours).last_update, end + 60);
    let one = fetch(&ours, end, end + 60, 60, "message_new");
    assert_eq!(one, [(end + 60, 1.0 / 60.0)]);
}
