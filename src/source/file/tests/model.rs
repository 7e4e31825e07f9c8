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
        5 => (1u8..8).prop_map(Action::Poll),
    ]
}

struct World {
    place: Place,
    written: Vec<String>,
    unfinished: bool,
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
                    self.place.pack(["gzip", "bzip2", "xz", "zstd"][program], &name);
                }
            }
            Action::Poll(bits) => self.poll(bits),
        }
    }

    fn rename(&mut self, linger: usize) {
        self.finish_line();
        self.place.make_room();
        self.place.rename("log", "log.1");
        (0..linger).for_each(|_| self.line("log.1"));
        self.place.append("log", "");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_seen_once_by_every_stream(actions in proptest::collection::vec(action(), 1..25)) {
        let mut world = World { place: Place::new(STREAMS), written: vec![], unfinished: false };
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
        prop_assert_eq!(world.place.lost(), "");
        world.poll(7);
        prop_assert_eq!(world.place.got[0].len(), world.written.len());
    }
}
