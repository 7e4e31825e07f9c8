//! What the program is at when the fault comes.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use super::fault::{Fault, made};
use super::world::{AFTER, BEFORE, CHUNK, CURRENT, Run, World};

/// What is run with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A roll, with lines of two days for the archive, the first of which began in the chunk before.
    Roll,
    /// A roll of a chunk without labels, half of which an update has counted.
    Bare,
    /// The first roll of all, which makes everything.
    First,
    /// Cron's update: an orphan, `current`, a rotated and packed syslog.
    Update,
    /// A query of a protocol with log directories.
    Query,
    /// A query of a protocol in syslog, whose file was rotated.
    QuerySyslog,
    /// A query that finds so much that it commits.
    QueryMuch,
    /// An update and a picture.
    Graph,
    /// An update with a counter that toaster.conf did not have before.
    Migration,
    /// An update that packs days of the archive.
    Packing,
    /// A roll after one that was killed between its commit point and its end.
    RedoJournal,
    /// An update after a roll, and its logger, were killed in the middle of the archive.
    UndoIntent,
    /// A look at everything, which changes nothing.
    Check,
    /// Charts in the terminal, which change nothing.
    Show,
}

impl Scenario {
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Roll => "a roll",
            Scenario::Bare => "a roll without labels",
            Scenario::First => "the first roll",
            Scenario::Update => "an update",
            Scenario::Query => "a query, multilog",
            Scenario::QuerySyslog => "a query, syslog",
            Scenario::QueryMuch => "a query that commits",
            Scenario::Graph => "a graph",
            Scenario::Migration => "a migration",
            Scenario::Packing => "packing",
            Scenario::RedoJournal => "redo from a journal",
            Scenario::UndoIntent => "undo of an intent",
            Scenario::Check => "check",
            Scenario::Show => "show",
        }
    }

    /// The world before the fault.
    pub fn prepare(self) -> World {
        let mut world = World::new("");
        let mut rest = Vec::new();
        if self != Scenario::First {
            world.bare = self == Scenario::Bare;
            if self == Scenario::Roll {
                rest = world.turn_in_mid_line(BEFORE);
            } else {
                world.turn(BEFORE);
            }
            world.must(world.roll(None));
            world.must(world.maillogs(&["update", "send", "--flush"], None));
        }
        match self {
            Scenario::Roll => world.turn_with(rest, CHUNK),
            Scenario::First | Scenario::Bare => world.turn(CHUNK),
            Scenario::Update
            | Scenario::Query
            | Scenario::QuerySyslog
            | Scenario::Graph
            | Scenario::Check
            | Scenario::Show => {
                world.append_syslog(BEFORE);
                world.must(world.maillogs(&["update", "imap", "--flush"], None));
                world.append_syslog(CHUNK);
                world.rotate_syslog();
                world.append_syslog(CURRENT);
                world.turn(CHUNK);
                world.orphan();
                let lines = world.lines(CURRENT);
                world.write_current(&lines);
            }
            Scenario::QueryMuch => {
                let long = format!("warning: {}\n", "a_long_story_".repeat(280));
                let mut lines = world.lines(CHUNK);
                for n in 0..300 {
                    let line = crate::support::labelled(1_700_009_100, n, long.trim_end());
                    world.log.extend(line.bytes());
                    lines.extend(line.bytes());
                }
                world.write_current(&lines);
            }
            Scenario::Migration => {
                world.own = Some(Vec::new());
                world
                    .configure("[[counter]]\nprotocol = \"send\"\nname = \"finished\"\nmatch = '^end msg'\n");
                let lines = world.lines(CHUNK);
                world.write_current(&lines);
            }
            Scenario::Packing => {
                world.turn(CHUNK);
                world.must(world.roll(None));
                world.must(world.maillogs(&["update", "send", "--flush"], None));
                let then = SystemTime::now() - Duration::from_secs(2 * 86_400);
                for day in world.store.archive_days() {
                    let file = File::options().append(true).open(day.join("sendlog")).expect("a day");
                    file.set_modified(then).expect("utimes");
                }
            }
            Scenario::RedoJournal | Scenario::UndoIntent => world.turn(CHUNK),
        }
        world.save();
        world
    }

    /// What is done before the fault each time anew, because it depends on the files' inodes.
    fn die(self, world: &World) {
        if self == Scenario::Bare {
            // The file must be the same all the time.
            let chunk = fs::read(world.previous()).expect("previous");
            fs::remove_file(world.previous()).expect("previous");
            let current = world.store.logs().join("current");
            let mut file = File::create(&current).expect("current");
            file.write_all(&chunk[..chunk.len() / 2]).expect("current");
            world.must(world.maillogs(&["update", "send"], None));
            file.write_all(&chunk[chunk.len() / 2..]).expect("current");
            fs::rename(current, world.previous()).expect("rename");
        }
        let (file, shift) = match self {
            Scenario::RedoJournal => ("send.journal", "SIGKILL-after"),
            Scenario::UndoIntent => ("send.journal", "SIGKILL"),
            _ => return,
        };
        let number = world.journal_rename.get_or_init(|| {
            world.must(world.roll(None));
            let calls = made(&world.calls());
            world.restore();
            let rename = calls.iter().find(|call| call.group == "rename" && call.path.ends_with(file));
            rename.expect("the commit point").number
        });
        let run = world.roll(Some(&Fault::of(&format!("rename {number} {shift}"))));
        assert_eq!(run.signal(), Some(9), "it was to be killed: {}", run.stderr);
        let expected = if self == Scenario::RedoJournal { "send.journal" } else { "send.intent" };
        assert!(world.store.path("log/state").join(expected).exists(), "there is no {expected}");
        if self == Scenario::UndoIntent {
            world.orphan();
        }
    }

    /// Everything as it was before the fault.
    pub fn begin(self, world: &World) {
        world.restore();
        self.die(world);
    }

    /// The run that gets the fault.
    pub fn act(self, world: &World, fault: Option<&Fault>) -> Run {
        match self {
            Scenario::Roll | Scenario::Bare | Scenario::First | Scenario::RedoJournal => world.roll(fault),
            Scenario::Update => world.maillogs(&["update", "send", "imap"], fault),
            Scenario::Migration | Scenario::Packing | Scenario::UndoIntent => {
                world.maillogs(&["update", "send"], fault)
            }
            Scenario::Query | Scenario::QueryMuch => world.maillogs(&["send"], fault),
            Scenario::QuerySyslog => world.maillogs(&["imap"], fault),
            Scenario::Graph => {
                world.maillogs(&["graph", "deliveries", "--period", "day", "--theme", "light"], fault)
            }
            Scenario::Check => world.maillogs(&["check"], fault),
            Scenario::Show => world.maillogs(&["show", "deliveries"], fault),
        }
    }

    pub fn is_roll(self) -> bool {
        matches!(self, Scenario::Roll | Scenario::Bare | Scenario::First | Scenario::RedoJournal)
    }

    pub fn is_query(self) -> bool {
        matches!(self, Scenario::Query | Scenario::QueryMuch | Scenario::QuerySyslog)
    }

    /// The exit codes that are allowed.
    pub fn codes(self) -> &'static [i32] {
        if self.is_roll() { &[0, 111] } else { &[0, 1] }
    }

    /// Ordinary life after the fault, without another. The world's lines are then all that was logged.
    pub fn go_on(self, world: &mut World, ended: &Run) {
        world.query();
        if self.is_roll() {
            if ended.code() != Some(0) {
                world.must(world.roll(None));
            }
        } else if self.is_query() || self == Scenario::Check {
            self.act(world, None);
        } else {
            world.must(self.act(world, None));
        }
        world.query();
        if world.store.logs().join("current").exists() {
            world.turn_current();
            world.must(world.roll(None));
        }
        world.turn(AFTER);
        world.must(world.roll(None));
        let mut words = vec!["update", "send"];
        if !world.logins.is_empty() {
            world.append_syslog(AFTER);
            words.push("imap");
        }
        words.push("--flush");
        world.must(world.maillogs(&words, None));
        world.assert_holds_once();
    }
}
