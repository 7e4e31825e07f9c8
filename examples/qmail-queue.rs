//! Plays back the queue that a qmail-send's log tells of: makes the queue's directory as it was every few minutes, and
//! each time runs a command with the clock of that time (by faketime).
//!
//! `qmail-queue --log qmail-send.log --queue queue -- maillogs update queue`

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, UNIX_EPOCH};

use clap::Parser;

/// Plays back the queue that a qmail-send's log tells of.
#[derive(Parser)]
#[command(name = "qmail-queue")]
struct Options {
    /// qmail-send's log, with TAI64N labels
    #[arg(long)]
    log: PathBuf,
    /// The directory that is made, and made anew at each step
    #[arg(long)]
    queue: PathBuf,
    /// Seconds of a step
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// What is run at each step
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// `conf-split`, the number of directories in each part of the queue.
const SPLIT: u32 = 23;
const NEVER: u64 = u64::MAX;

/// A message and its spans in the queue's parts, each with the second it ends; the name comes back, the message not.
struct Message {
    name: u32,
    /// qmail-queue has written it.
    queued: u64,
    /// qmail-send has looked at it.
    seen: u64,
    ended: u64,
    /// Local and remote.
    channels: [Channel; 2],
}

/// The recipients of a message on one channel.
#[derive(Default)]
struct Channel {
    open: BTreeSet<String>,
    any: bool,
    done: u64,
}

impl Channel {
    fn until(&self) -> u64 {
        match (self.any, self.open.is_empty()) {
            (false, _) => 0,
            (true, false) => NEVER,
            (true, true) => self.done,
        }
    }
}

fn main() -> ExitCode {
    match play(&Options::parse()) {
        Ok(measured) => {
            println!("{measured}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("qmail-queue: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the number of steps.
fn play(options: &Options) -> io::Result<u64> {
    let (messages, begin, end) = read(&options.log)?;
    for part in ["mess", "info", "local", "remote", "todo"] {
        for n in 0..SPLIT {
            fs::create_dir_all(options.queue.join(format!("{part}/{n}")))?;
        }
    }
    let mut there = BTreeMap::new();
    let mut steps = 0;
    // In the order of their coming, so that those before `first` are gone and those from `next` on are to come.
    let (mut first, mut next) = (0, 0);
    let mut at = begin.next_multiple_of(options.every);
    while at <= end {
        while messages.get(next).is_some_and(|message| message.queued <= at) {
            next += 1;
        }
        while first < next && messages[first].ended <= at {
            first += 1;
        }
        let mut files = BTreeMap::new();
        for message in messages[first..next].iter().filter(|message| message.ended > at) {
            let mut put = |part: &str| {
                let file = format!("{part}/{}/{}", message.name % SPLIT, message.name);
                files.insert(file, message.queued);
            };
            put("mess");
            if message.seen > at {
                put("todo");
                continue;
            }
            put("info");
            for (part, channel) in ["local", "remote"].iter().zip(&message.channels) {
                if channel.until() > at {
                    put(part);
                }
            }
        }
        change(&options.queue, &there, &files)?;
        there = files;
        run(&options.command, at)?;
        steps += 1;
        at += options.every;
    }
    Ok(steps)
}

/// Makes the queue's files, each with its time, from those that are there.
fn change(queue: &Path, there: &BTreeMap<String, u64>, wanted: &BTreeMap<String, u64>) -> io::Result<()> {
    for file in there.keys().filter(|file| !wanted.contains_key(*file)) {
        fs::remove_file(queue.join(file))?;
    }
    for (file, written) in wanted.iter().filter(|(file, written)| there.get(*file) != Some(written)) {
        File::create(queue.join(file))?.set_modified(UNIX_EPOCH + Duration::from_secs(*written))?;
    }
    Ok(())
}

/// Runs `command` with the clock standing at `at`; the files keep the times that they have.
fn run(command: &[String], at: u64) -> io::Result<()> {
    let status = Command::new("faketime")
        .env("FAKETIME_FMT", "%s")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
        .args(["-f", &at.to_string()])
        .args(command)
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} at {at}: {status}"))) }
}

/// The messages in the order of their coming, and the first and the last second of the log.
fn read(log: &Path) -> io::Result<(Vec<Message>, u64, u64)> {
    let mut messages: Vec<Message> = Vec::new();
    let mut here: HashMap<u32, usize> = HashMap::new();
    let mut running: HashMap<String, (usize, usize, String)> = HashMap::new();
    let (mut begin, mut end) = (None, 0);
    for line in BufReader::new(File::open(log)?).lines() {
        let line = line?;
        let (label, text) = line.split_at_checked(25).unwrap_or_default();
        let Some(at) = label.get(1..17).and_then(|hex| u64::from_str_radix(hex, 16).ok()) else { continue };
        let at = at.saturating_sub((1 << 62) + 10);
        begin.get_or_insert(at);
        end = at;
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["new", "msg", name] => {
                let Ok(name) = name.parse() else { continue };
                here.insert(name, messages.len());
                let queued = at.saturating_sub(lag(at));
                let channels = Default::default();
                messages.push(Message { name, queued, seen: at, ended: NEVER, channels });
            }
            ["end", "msg", name] => {
                if let Some(n) = name.parse().ok().and_then(|name: u32| here.remove(&name)) {
                    messages[n].ended = at;
                }
            }
            ["starting", "delivery", number, "msg", name, "to", channel, to] => {
                let Some(&n) = name.parse().ok().and_then(|name: u32| here.get(&name)) else { continue };
                let channel = usize::from(channel == "remote");
                let place = &mut messages[n].channels[channel];
                place.any = true;
                place.open.insert(to.to_owned());
                running.insert(number.trim_end_matches(':').to_owned(), (n, channel, to.to_owned()));
            }
            ["delivery", number, outcome, ..] => {
                let Some((n, channel, to)) = running.remove(number.trim_end_matches(':')) else { continue };
                if outcome != "deferral:" {
                    let place = &mut messages[n].channels[channel];
                    place.open.remove(&to);
                    place.done = at;
                }
            }
            _ => {}
        }
    }
    messages.sort_by_key(|message| message.queued);
    Ok((messages, begin.unwrap_or_default(), end))
}

/// How many seconds before `at` a message had come that qmail-send saw then: a few, more while the disk is busy.
fn lag(at: u64) -> u64 {
    let noise = (at / 420).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let usual = 1 + noise % 3;
    if noise.is_multiple_of(17) { usual + 5 + noise % 19 } else { usual }
}
