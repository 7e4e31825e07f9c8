//! A log directory in which the logger rolls, dies and is read at any byte: every line counts once, and is archived as
//! it was.
use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use maillogs::ingest::{Intake, ReadOptions};
use maillogs::line::{Parser, label_len};
use maillogs::protocol::memory::Messages;
use maillogs::protocol::send::SEND;
use maillogs::protocol::{LogKind, Raise};
use maillogs::source::directory::{Chunk, Role};
use maillogs::source::lines::LINE_LIMIT;
use maillogs::source::stdin::Input;
use maillogs::store::archive::Pieces;
use maillogs::store::session::StateOrigin;
use maillogs::store::state::State;

use crate::scratch;

/// When the log begins; it is read a day later.
const BEGIN: u64 = 1_790_635_500;

/// These bytes of an input are no text, but what happens there.
const UPDATE: u8 = 1;
const ROLL: u8 = 2;
const KILL: u8 = 3;
/// A text that is longer than what is looked at of a line.
const LONG: u8 = 4;
/// The byte after it says where the label of this line is cut, and by what.
const WITHIN: u8 = 5;

/// Lines and what happens to them.
pub fn any(bytes: &[u8]) {
    let mut logger = Logger::new();
    let mut rest = bytes;
    let mut at_line = true;
    while let Some((&byte, more)) = rest.split_first() {
        rest = more;
        if at_line && !matches!(byte, UPDATE..=KILL) {
            let cut = match rest.split_first() {
                Some((&how, more)) if byte == WITHIN => {
                    rest = more;
                    Some(how)
                }
                _ => None,
            };
            logger.label(cut);
            at_line = false;
        }
        match byte {
            // A text that is a label itself cannot be told from the next line.
            UPDATE..=KILL if !at_line && label_len(&text_of(rest)).is_some() => {}
            UPDATE..=KILL => logger.happens(byte),
            LONG => logger.write(&[b'x'; 5000]),
            WITHIN => {}
            b'@' => logger.write(b"a"),
            _ => logger.write(&[byte]),
        }
        at_line |= byte == b'\n';
    }
    if !at_line {
        logger.write(b"\n");
    }
    logger.happens(ROLL);
    logger.happens(UPDATE);
    logger.check();
}

/// What follows of a line.
fn text_of(rest: &[u8]) -> Vec<u8> {
    let line = rest.split(|&b| b == b'\n').next().unwrap_or_default();
    line.iter().copied().filter(|b| !(UPDATE..=WITHIN).contains(b)).take(64).collect()
}

struct Logger {
    dir: PathBuf,
    /// What was not written to `current` yet.
    buffer: Vec<u8>,
    /// Everything that was logged.
    log: Vec<u8>,
    archive: Vec<u8>,
    state: State,
    lines: u64,
    /// Times of the last write differ, as those of real chunks do.
    writes: u32,
}

impl Logger {
    fn new() -> Logger {
        let dir = scratch::dir().join("log");
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).expect("a log directory");
        let (buffer, log, archive) = (Vec::new(), Vec::new(), Vec::new());
        Logger { dir, buffer, log, archive, state: State::new(&SEND), lines: 0, writes: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        self.log.extend(bytes);
    }

    /// Begins a line; `cut` says where its label is cut, and by what.
    fn label(&mut self, cut: Option<u8>) {
        self.lines += 1;
        let label = format!("@{:016x}{:08x} ", (1 << 62) + 10 + BEGIN + self.lines, self.lines);
        let (left, right) = label.split_at(cut.map_or(0, |how| usize::from(how) % label.len()));
        self.write(left.as_bytes());
        if let Some(how) = cut {
            self.happens(1 + how / 32 % 3);
        }
        self.write(right.as_bytes());
    }

    fn happens(&mut self, what: u8) {
        let (current, previous) = (self.dir.join("current"), self.dir.join("previous"));
        self.append(&current);
        match what {
            ROLL => {
                fs::rename(&current, &previous).expect("a roll");
                File::create(&current).expect("a new current");
                self.read(Some(&previous));
                fs::remove_file(&previous).expect("a processed chunk");
            }
            KILL => {
                let orphan = self.dir.join(format!("@{:024x}.u", self.writes));
                fs::rename(&current, orphan).expect("a logger that starts again");
            }
            _ => self.read(None),
        }
    }

    fn append(&mut self, current: &Path) {
        let mut file = File::options().append(true).create(true).open(current).expect("current");
        file.write_all(&std::mem::take(&mut self.buffer)).expect("a log that can be written");
        self.writes += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::new(BEGIN, self.writes);
        file.set_times(FileTimes::new().set_modified(time)).expect("a time");
    }

    /// An advance; `stdin`: that of a roll.
    fn read(&mut self, stdin: Option<&Path>) {
        let how = ReadOptions {
            step: 60,
            tai_offset: Some(10),
            now: BEGIN.cast_signed() + 86_400,
            archive: true,
            may_time_out: false,
            origin: StateOrigin::Known,
            force: false,
            known_until: None,
        };
        let input = stdin.map(|path| {
            let file = File::open(path).expect("previous");
            let meta = file.metadata().expect("its metadata");
            let chunk = Chunk { file, meta, name: "previous".into(), role: Role::Stdin };
            Input { chunk, directory: Some(self.dir.clone()), is_pipe: false }
        });
        let messages = Messages::of(&self.state.messages.changed, None);
        let mut intake = Intake::new(&SEND, "sendlog", false, how, self.state.clone(), messages);
        let listing = intake.open(&self.dir, input.as_ref(), 512).expect("a log directory");
        let listing = match &input {
            // An empty chunk is in no listing.
            Some(input) => listing.with_stdin(&input.chunk).expect("a descriptor"),
            None => listing,
        };
        intake.read_directory(&self.dir, listing).expect("a log that can be read");
        let (state, plan, files) = intake.finish();
        self.state = state;
        for day in plan.days() {
            plan.with_files(&files).write(day, &mut self.archive).expect("chunks that are still there");
        }
    }

    /// Is everything counted and archived?
    fn check(&self) {
        let mut sums = vec![0; SEND.counters.len()];
        for line in self.log.strip_suffix(b"\n").into_iter().flat_map(|log| log.split(|&b| b == b'\n')) {
            let line = Parser::new(10, 0).parse(&line[..line.len().min(LINE_LIMIT)]);
            (SEND.classify)(&line, LogKind::Dedicated, &mut Raise(&mut sums));
        }
        for ((counter, sum), total) in SEND.counters.iter().zip(sums).zip(&self.state.totals) {
            assert!(!counter.kind.is_odometer() || sum == *total, "{}: {total}, not {sum}", counter.key);
        }
        let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
        assert!(self.archive == self.log, "{}\nis not\n{}", shown(&self.archive), shown(&self.log));
    }
}
