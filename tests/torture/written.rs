//! What a logger has written: its chunks in order, whole lines, and what its death cut off.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::lines::number;
use crate::support::lines;

/// A line that a killed logger did not finish.
#[derive(Debug)]
pub struct Stump {
    pub bytes: Vec<u8>,
    /// The whole line before it, from which it has its time if its label is cut.
    pub before: Vec<u8>,
    /// As many whole lines stand before it.
    pub at: usize,
}

/// The content of a log directory.
#[derive(Debug, Default)]
pub struct Written {
    /// Every whole line, in order.
    pub lines: Vec<Vec<u8>>,
    /// How many of them, from the first, have left `current`.
    pub rolled: usize,
    /// The beginning of a line that ends in `current`.
    pub begun: Option<Vec<u8>>,
    pub stumps: Vec<Stump>,
}

impl Written {
    /// Reads a directory whose logger is not running. A chunk that ends within a line goes on in the next one if that
    /// does not begin with a label; where no line has one, never: their lines are short, and a roll parts none.
    pub fn read(dir: &Path, labelled: bool) -> Self {
        let mut written = Written::default();
        // svlogd may leave both what it gave to its processor and what it got: that is one chunk.
        let mut chunks: BTreeMap<(String, usize, String), Vec<u8>> = BTreeMap::new();
        for entry in fs::read_dir(dir).expect("the log directory") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name");
            if !name.starts_with('@') || !(name.ends_with(".s") || name.ends_with(".u")) {
                continue;
            }
            let bytes = fs::read(dir.join(&name)).expect("a chunk");
            let first = lines(&bytes).find_map(number).unwrap_or(0);
            chunks.insert((name[..25].to_owned(), first, name), bytes);
        }
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for ((stamp, _, name), bytes) in chunks {
            match all.last() {
                // svlogd's `.u` beside the `.s`.
                Some((other, twin)) if *twin == bytes && !bytes.is_empty() && other.starts_with(&stamp) => {}
                _ => all.push((name, bytes)),
            }
        }
        let is_whole = |name: &str| fs::metadata(dir.join(name)).is_ok_and(|m| m.mode() & 0o100 != 0);
        let between = if is_whole("processed") { "processed" } else { "previous" };
        all.push((between.to_owned(), fs::read(dir.join(between)).unwrap_or_default()));
        all.push(("current".to_owned(), fs::read(dir.join("current")).unwrap_or_default()));
        let mut open: Vec<u8> = Vec::new();
        for (name, bytes) in &all {
            if !labelled && !open.is_empty() {
                written.cut(std::mem::take(&mut open));
            }
            if name == "current" {
                written.rolled = written.lines.len();
                let goes_on = !open.is_empty() && !bytes.is_empty() && !bytes.starts_with(b"@");
                written.begun = goes_on.then(|| open.clone());
            }
            for line in lines(bytes) {
                let begins = line.starts_with(b"@");
                if begins && !open.is_empty() {
                    written.cut(std::mem::take(&mut open));
                }
                open.extend(line);
                if line.ends_with(b"\n") {
                    written.lines.push(std::mem::take(&mut open));
                }
            }
        }
        if !open.is_empty() {
            written.cut(open);
        }
        written
    }

    fn cut(&mut self, bytes: Vec<u8>) {
        let before = self.lines.last().cloned().unwrap_or_default();
        self.stumps.push(Stump { bytes, before, at: self.lines.len() });
    }

    /// The number of the first line that is not written, `first` being that of the first of all.
    pub fn next(&self, first: usize) -> usize {
        self.lines.iter().rev().find_map(|line| number(line)).map_or(first, |n| n + 1)
    }

    /// All whole lines.
    pub fn bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }
}
