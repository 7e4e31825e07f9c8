//! Any sequence of writing, rotating and reading: every line is seen once by every stream.
use proptest::prelude::*;

use super::*;

const STREAMS: usize = 3;

#[derive(Clone, Debug)]
enum Action {
    /// So many lines, and perhaps the beginning of a further one.
    Append(usize, bool),
    /// The writer reopens the live name afterwards.
    Rename,
    /// The writer goes on writing to the renamed file for so many lines, then reopens.
    RenameAndLinger(usize),
    CopyTruncate,
    /// A copy, of which a stream sees the half before the live file is truncated.
    SlowCopyTruncate(usize),
    /// Packs the sibling of this number by this program, if there is a plain one.
    Pack(usize, usize),
    /// All read, then so many lines come; the live file gets a name that nobody knows, its writer goes on in it for so many
    /// lines, and it may be packed.
    AnyName(usize, usize, Option<usize>),
    /// The live name becomes a link to a new file, or the link moves; the writer goes on in the old file for so many lines.
    Link(usize, usize),
    /// Somebody copies a file of this number, or the live one.
    Backup(usize),
    /// These streams read; bit by bit.
    Poll(u8),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0usize..40, any::<bool>()).prop_map(|(n, half)| Action::Append(n, half)),
        2 => Just(Action::Rename),
        1 => (0usize..4).prop_map(Action::RenameAndLinger),
        2 => Just(Action::CopyTruncate),
        1 => (0..STREAMS).prop_map(Action::SlowCopyTruncate),
        2 => (1usize..4, 0usize..4).prop_map(|(n, program)| Action::Pack(n, program)),
        2 => (0usize..9, 0usize..4, proptest::option::of(0usize..4)).prop_map(|(n, more, pack)| Action::AnyName(n, more, pack)),
        2 => (0usize..9, 0usize..4).prop_map(|(n, more)| Action::Link(n, more)),
        1 => (0usize..4).prop_map(Action::Backup),
        5 => (1u8..8).prop_map(Action::Poll),
    ]
}

struct World {
    place: Place,
    written: Vec<String>,
    unfinished: bool,
    /// How many files have got a name of their own.
    named: usize,
}

impl World {
    fn line(&mut self, name: &str) {
        let line = format!("line {} {}", self.written.len(), "x".repeat(self.written.len() * 37 % 300));
        self.place.append(name, &format!("{line}\n"));
        self.written.push(line);
    }

    /// Lines are rotated whole.
    fn finish_line(&mut self) {
        if std::mem::take(&mut self.unfinished) {
            self.place.append("log", " its end\n");
        }
    }

    fn poll(&mut self, bits: u8) {
        let numbers: Vec<usize> = (0..STREAMS).filter(|n| bits & (1 << n) != 0).collect();
        self.place.try_poll_by(&numbers, &Plain).unwrap();
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Append(lines, half) => {
                self.finish_line();
                (0..lines).for_each(|_| self.line("log"));
                if half {
                    let line = format!("line {}", self.written.len());
                    self.place.append("log", &line);
                    self.written.push(format!("{line} its end"));
                    self.unfinished = true;
                }
            }
            Action::Rename => self.rename(0),
            Action::RenameAndLinger(lines) => self.rename(lines),
            // The copy and the next file would be of the same moment.
            Action::CopyTruncate | Action::SlowCopyTruncate(_) if self.is_link() => {}
            Action::CopyTruncate => {
                self.finish_line();
                self.place.make_room();
                self.place.copytruncate("log.1");
            }
            Action::SlowCopyTruncate(stream) => {
                self.finish_line();
                self.place.make_room();
                let bytes = std::fs::read(self.place.path("log")).unwrap();
                let half = String::from_utf8(bytes[..bytes.len() / 2].to_vec()).unwrap();
                let rest = String::from_utf8(bytes[bytes.len() / 2..].to_vec()).unwrap();
                self.place.append("log.1", &half);
                self.poll(1 << stream);
                self.place.append("log.1", &rest);
                self.poll(1 << stream);
                self.place.truncate();
            }
            Action::Pack(n, program) => {
                let name = format!("log.{n}");
                if self.place.path(&name).exists() {
                    // bzip2 and zstd keep but the seconds of a file's time. Beside names that do not tell the age the time
                    // does, and all of this happens within a second.
                    let exact = if self.named > 0 { program & 2 } else { program };
                    self.place.pack(["gzip", "bzip2", "xz", "zstd"][exact], &name);
                }
            }
            Action::AnyName(lines, linger, pack) => self.any_name(lines, linger, pack),
            Action::Link(lines, linger) => self.link(lines, linger),
            Action::Backup(n) => {
                let of = if n == 0 { "log".to_owned() } else { format!("log.{n}") };
                if self.place.path(&of).exists() {
                    let copy = self.place.path(&format!("{of}.{}.bak", self.written.len()));
                    std::fs::copy(self.place.path(&of), copy).unwrap();
                }
            }
            Action::Poll(bits) => self.poll(bits),
        }
    }

    fn is_link(&self) -> bool {
        std::fs::symlink_metadata(self.place.path("log")).unwrap().is_symlink()
    }

    /// Waits until what is written from now on has a later time than what was: beside names that do not tell the age the
    /// time does, and no log is rotated twice within a few milliseconds.
    fn tick(&self) {
        let probe = self.place.path("..tick");
        let write = || {
            std::fs::write(&probe, "x").unwrap();
            std::fs::metadata(&probe).unwrap().modified().unwrap()
        };
        let first = write();
        while write() == first {}
        std::fs::remove_file(&probe).unwrap();
    }

    fn any_name(&mut self, lines: usize, linger: usize, pack: Option<usize>) {
        self.finish_line();
        if self.is_link() {
            return;
        }
        // Of lines without times it takes 256 bytes to tell a file from others.
        self.line("log");
        while std::fs::metadata(self.place.path("log")).unwrap().len() < 256 {
            self.line("log");
        }
        self.poll(7);
        (0..lines).for_each(|_| self.line("log"));
        let name = ["log.{}.old", "log~{}", "{} of the log", "x{}"][self.named % 4];
        let name = name.replace("{}", &self.named.to_string());
        self.named += 1;
        self.place.rename("log", &name);
        (0..linger).for_each(|_| self.line(&name));
        if let Some(program) = pack {
            self.place.pack(["gzip", "bzip2", "xz", "zstd"][program], &name);
        }
        self.tick();
        self.place.append("log", "");
    }

    fn link(&mut self, lines: usize, linger: usize) {
        self.finish_line();
        if !self.is_link() {
            // All have to stand in the file that gets a name of its own.
            self.any_name(0, 0, None);
            self.line("log");
            self.poll(7);
            std::fs::create_dir_all(self.place.path("l")).unwrap();
        }
        (0..lines).for_each(|_| self.line("log"));
        let old = std::fs::canonicalize(self.place.path("log")).unwrap();
        let old = old.strip_prefix(self.place.path("").canonicalize().unwrap()).unwrap().to_owned();
        self.named += 1;
        let target = format!("l/log-{:04}.txt", self.named);
        self.place.append(&target, "");
        std::os::unix::fs::symlink(&target, self.place.path("new")).unwrap();
        let old = if self.is_link() {
            old.to_str().unwrap().to_owned()
        } else {
            self.place.rename("log", "what stood there");
            "what stood there".to_owned()
        };
        self.place.rename("new", "log");
        (0..linger).for_each(|_| self.line(&old));
        self.tick();
        if old == "what stood there" {
            // What a link leads to is known once it was met.
            self.line("log");
            self.poll(7);
        }
    }

    fn rename(&mut self, linger: usize) {
        self.finish_line();
        if self.is_link() {
            return;
        }
        self.place.make_room();
        self.place.rename("log", "log.1");
        (0..linger).for_each(|_| self.line("log.1"));
        if self.named > 0 {
            self.tick();
        }
        self.place.append("log", "");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_seen_once_by_every_stream(actions in proptest::collection::vec(action(), 1..25)) {
        let mut world = World { place: Place::new(STREAMS), written: vec![], unfinished: false, named: 0 };
        world.place.append("log", "");
        world.poll(7);
        for action in actions {
            world.act(action);
        }
        world.finish_line();
        world.poll(7);
        for got in &world.place.got {
            prop_assert_eq!(got, &world.written);
        }
        let lost = world.place.lost();
        // Copies of a log without times cannot be told from rotations, and that is said.
        let lost: Vec<&str> = lost.lines().filter(|said| !said.contains("have no time that tells")).collect();
        prop_assert_eq!(lost, Vec::<&str>::new());
        world.poll(7);
        prop_assert_eq!(world.place.got[0].len(), world.written.len());
    }
}
