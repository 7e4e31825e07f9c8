//! What is measured: each row's work, what it is compared with, and how far it shall be from that.
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::inputs::{END, Input, Inputs, Kind};
use crate::measure::{Figures, Job, SYNCS, take_turns};
use crate::report::{Instructions, Memory, Row};
use crate::store::{self, Settings, Store};

/// Runs of what takes a second, and of what takes some milliseconds.
const FEW: usize = 5;
const MANY: usize = 31;
/// The number of counters of `rbl` that the server uses whose RRD is measured.
const USED: usize = 20;
/// The instructions are counted of this number of bytes of a log. Those of its first part are subtracted, so that the start
/// is left out.
const COUNTED: u64 = 20_000_000;
const BEGIN: u64 = 4_000_000;

/// Where everything is.
pub struct Bench {
    pub inputs: Inputs,
    pub maillogs: PathBuf,
    /// The size of the largest logs.
    pub megabytes: f64,
}

impl Bench {
    fn scratch(&self) -> &Path {
        &self.inputs.dir
    }

    fn store(&self, settings: Settings<'_>) -> Result<Store> {
        Store::new(&self.inputs.dir.join("store"), &self.maillogs, settings)
    }

    /// A store for a log that is counted at once. Its RRD is made anew, as that of a new server.
    fn fresh(&self, kind: Kind, log: &Path) -> Result<Store> {
        self.store(Settings { syslog: (kind == Kind::Maillog).then_some(log), ..Settings::default() })
    }

    /// Counts a whole log, beside `wc -l`.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn whole_log(&self, what: &str, kind: Kind, megabytes: f64, days: f64, goal: f64) -> Result<Row> {
        let input = self.inputs.log(kind, megabytes, days)?;
        let log = input.path.display().to_string();
        let ours = &mut || {
            let store = self.fresh(kind, &input.path)?;
            let figures = store.count(kind, &input.path).run(self.scratch())?;
            store.check(&[&input])?;
            Ok(figures)
        };
        let wc = &mut || Job::new(["wc", "-l", &log]).run(self.scratch());
        let cat = &mut || Job::new(["cat", &log]).run(self.scratch());
        // Once before, so that all of it is in the page cache.
        wc()?;
        let figures = take_turns(FEW, &mut [ours, wc, cat])?;
        Ok(Row {
            what: format!("{what}, {} MB, {} lines", input.bytes / 1_000_000, input.lines),
            beside: "`wc -l`".into(),
            goal: Some(goal),
            lines: Some(input.lines),
            instructions: self.a_line(&input)?,
            cat: Some(figures[2].cpu),
            ..Row::of_cpu(FEW, figures[0], figures[1])
        })
    }

    /// Counts the whole log of a day with sections of send, beside the same without any.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn sections(&self, what: &str, without: &str, goal: Option<f64>) -> Result<Row> {
        let input = self.inputs.log(Kind::Send, self.megabytes / 5.0, 1.0)?;
        let count = |without: &str| {
            let store = self.store(Settings { without, ..Settings::default() })?;
            let figures = store.count(Kind::Send, &input.path).run(self.scratch())?;
            store.check(&[&input])?;
            Ok(figures)
        };
        let ours = &mut || count(without);
        let none = &mut || count("reasons = false\nproviders = false\ntimes = false\n");
        none()?;
        let figures = take_turns(FEW, &mut [ours, none])?;
        Ok(Row {
            what: format!("{what}, {} MB, {} lines", input.bytes / 1_000_000, input.lines),
            beside: "the same without sections".into(),
            goal,
            lines: Some(input.lines),
            ..Row::of_cpu(FEW, figures[0], figures[1])
        })
    }

    fn a_line(&self, input: &Input) -> Result<Option<Instructions>> {
        let count = |most| -> Result<(f64, u64)> {
            let part = self.inputs.dir.join("part.log");
            input.cut(0, most, &part)?;
            let store = self.fresh(input.kind, &part)?;
            let lines = Job::new(["wc", "-l", &part.display().to_string()]).output()?;
            let lines = lines.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default();
            let instructions = store.count(input.kind, &part).instructions(self.scratch())?;
            Ok((instructions.unwrap_or_default(), lines))
        };
        let (begin, whole) = (count(BEGIN.min(input.bytes / 4))?, count(COUNTED.min(input.bytes))?);
        let lines = whole.1 - begin.1;
        Ok((whole.0 > 0.0).then(|| Instructions::ALine((whole.0 - begin.0) / lines as f64)))
    }

    /// Passes a log on and archives it, beside two copies that are durable.
    ///
    /// # Errors
    /// When something cannot be run, a counter is wrong, or a byte is missing.
    pub fn keeping_lines(&self, what: &str) -> Result<Row> {
        let input = self.inputs.log(Kind::Send, self.megabytes / 5.0, 1.0)?;
        let (passed, copy) = (self.inputs.dir.join("passed"), self.inputs.dir.join("copy"));
        let ours = &mut || {
            let store = self.store(Settings { keeps_lines: true, ..Settings::default() })?;
            let figures = store.count(Kind::Send, &input.path).stdout(&passed).run(self.scratch())?;
            store.check(&[&input])?;
            Job::new(["cmp", &input.path.display().to_string(), &passed.display().to_string()]).output()?;
            let archived = Job::new([
                "find",
                &store.base().display().to_string(),
                "-name",
                "sendlog",
                "-printf",
                "%s\n",
            ]);
            let archived: u64 = archived.output()?.lines().filter_map(|size| size.parse::<u64>().ok()).sum();
            if archived != input.bytes {
                return Err(format!("{archived} bytes of {} are in the archive", input.bytes).into());
            }
            Ok(figures)
        };
        let (file, second) = (passed.display().to_string(), copy.display().to_string());
        let tee = Job::new(["sh", "-c", "tee \"$1\" >\"$2\"; sync \"$1\" \"$2\"", "sh", &file, &second])
            .stdin(&input.path);
        let tee = &mut || tee.run(self.scratch());
        // What earlier rows wrote must not wait in front of what is synced here.
        Job::new(["sync"]).output()?;
        let figures = take_turns(FEW, &mut [ours, tee])?;
        [passed, copy].iter().try_for_each(fs::remove_file)?;
        Ok(Row {
            what: format!("{what}, {} MB", input.bytes / 1_000_000),
            beside: "`tee FILE >FILE2; sync FILE FILE2`".into(),
            goal: Some(1.05),
            lines: Some(input.lines),
            ..Row::of_wall(FEW, figures[0], figures[1])
        })
    }

    /// A logger hands over 100 KB. It is compared with the update of an RRD and the same number of fsyncs.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn roll(&self, what: &str) -> Result<Row> {
        let input = self.inputs.log(Kind::Send, self.megabytes, 30.0)?;
        let (chunk, passed) = (self.inputs.dir.join("chunk"), self.inputs.dir.join("passed"));
        let store = self.store(Settings { keeps_lines: true, ..Settings::default() })?;
        let mut at = input.cut(0, COUNTED.min(input.bytes / 2), &chunk)?;
        store.count(Kind::Send, &chunk).stdout(&passed).output()?;
        let mut counted = vec![Input::of(Kind::Send, &chunk)?];
        let mut next = |counted: &mut Vec<Input>| {
            at = input.cut(at, 100_000, &chunk)?;
            counted.push(Input::of(Kind::Send, &chunk)?);
            Ok::<Job, crate::Error>(store.count(Kind::Send, &chunk).stdout(&passed))
        };
        let fsyncs = next(&mut counted)?.fsyncs(self.scratch())?;
        let instructions = next(&mut counted)?.instructions(self.scratch())?;
        let copy = self.inputs.dir.join("copy.rrd");
        fs::copy(store.base().join("rrd/send.rrd"), &copy)?;
        let rrd = copy.display().to_string();
        let mut last: u64 = Job::new(["rrdtool", "last", &rrd]).output()?.trim().parse()?;
        let columns = Job::new(["rrdtool", "info", &rrd]).output()?.matches("].type = ").count();
        let ours = &mut || {
            let figures = next(&mut counted)?.run(self.scratch())?;
            store.check(&counted.iter().collect::<Vec<_>>())?;
            Ok(figures)
        };
        let this = std::env::current_exe()?.display().to_string();
        let synced = self.inputs.dir.join("synced").display().to_string();
        let sync = |times: usize| Job::new([&this, SYNCS, &times.to_string(), &synced]).run(self.scratch());
        let other = &mut || {
            last += 60;
            let values = format!("{last}{}", ":1".repeat(columns));
            let update = Job::new(["rrdtool", "update", &rrd, &values]).run(self.scratch())?;
            // The fsyncs without the process that makes them.
            let (none, all) = (sync(0)?, sync(fsyncs)?);
            let of = |figure: fn(&Figures) -> f64| figure(&update) + (figure(&all) - figure(&none)).max(0.0);
            Ok(Figures {
                cpu: of(|figures| figures.cpu),
                wall: of(|figures| figures.wall),
                peak: update.peak,
            })
        };
        let figures = take_turns(MANY, &mut [ours, other])?;
        Ok(Row {
            what: what.to_owned(),
            beside: format!("`rrdtool update` and {fsyncs} fsyncs"),
            goal: Some(0.8),
            instructions: instructions.map(Instructions::AllOfIt),
            ..Row::of_cpu(MANY, figures[0], figures[1])
        })
    }

    /// A query of a log that was counted and has 10 KB more, beside `rrdtool last`.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn query(&self, what: &str) -> Result<Row> {
        let input = self.inputs.log(Kind::Send, self.megabytes, 30.0)?;
        let store = self.store(Settings { only_send: true, ..Settings::default() })?;
        let current = store.base().join("send/current");
        fs::create_dir(store.base().join("send"))?;
        fs::copy(&input.path, &current)?;
        store.maillogs("update").output()?;
        let (more, part) = (self.inputs.dir.join("more.log"), self.inputs.dir.join("part.log"));
        self.inputs.write(Kind::Send, 9.0 / 24.0, 1.0 / 24.0, END + 3_600, &more)?;
        Input::of(Kind::Send, &more)?.cut(0, 10_000, &part)?;
        OpenOptions::new().append(true).open(&current)?.write_all(&fs::read(&part)?)?;
        let more = Input::of(Kind::Send, &part)?;
        let answer = self.inputs.dir.join("answer");
        let query = store.maillogs("send").stdout(&answer);
        let ours = &mut || {
            let figures = query.run(self.scratch())?;
            store::check(&fs::read_to_string(&answer)?, "send", &[&input, &more])?;
            Ok(figures)
        };
        let figures = take_turns(MANY, &mut [ours, &mut || self.last(&store)])?;
        Ok(Row {
            what: format!("{what}, {} MB behind", input.bytes / 1_000_000),
            beside: "`rrdtool last`".into(),
            goal: Some(0.4),
            instructions: query.instructions(self.scratch())?.map(Instructions::AllOfIt),
            ..Row::of_cpu(MANY, figures[0], figures[1])
        })
    }

    fn last(&self, store: &Store) -> Result<Figures> {
        let rrd = store.base().join("rrd/send.rrd");
        Job::new(["rrdtool", "last", &rrd.display().to_string()]).run(self.scratch())
    }

    /// `maillogs update` and `maillogs graph` where no line is new and every picture is fresh, beside `rrdtool last`.
    ///
    /// # Errors
    /// When something cannot be run, a counter is wrong, or a picture was drawn.
    pub fn nothing_new(&self, what: &str, only_send: bool) -> Result<Row> {
        let syslog = self.inputs.dir.join("maillog");
        let settings = Settings { only_send, syslog: (!only_send).then_some(&syslog), ..Settings::default() };
        let store = self.store(settings)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut inputs = Vec::new();
        let mut make = |kind: Kind, file: &Path, day: f64| {
            fs::create_dir_all(file.parent().unwrap_or(file))?;
            self.inputs.write(kind, day, 1.0, now, file)?;
            inputs.push(Input::of(kind, file)?);
            Ok::<(), crate::Error>(())
        };
        make(Kind::Send, &store.base().join("send/current"), 9.0)?;
        if !only_send {
            make(Kind::Smtp, &store.base().join("smtp/current"), 18.7)?;
            make(Kind::Maillog, &syslog, 11.3)?;
            for part in ["mess", "info", "local", "remote", "todo"] {
                fs::create_dir_all(store.dir.join("queue").join(part).join("0"))?;
            }
        }
        let all: Vec<&Input> = inputs.iter().collect();
        let (update, graph) = (store.maillogs("update"), store.maillogs("graph"));
        update.output()?;
        graph.output()?;
        let newest = || newest_picture(&store.base().join("graphs"));
        let drawn = newest()?;
        let ours = &mut || {
            let (first, second) = (update.run(self.scratch())?, graph.run(self.scratch())?);
            store.check(&all)?;
            if newest()? != drawn {
                return Err("a picture was drawn: the machine is too busy for this row".into());
            }
            Ok(Figures {
                cpu: first.cpu + second.cpu,
                wall: first.wall + second.wall,
                peak: first.peak.max(second.peak),
            })
        };
        let figures = take_turns(MANY, &mut [ours, &mut || self.last(&store)])?;
        let of = |job: &Job| Ok::<_, crate::Error>(job.instructions(self.scratch())?.unwrap_or_default());
        let instructions = of(&update)? + of(&graph)?;
        Ok(Row {
            what: what.to_owned(),
            beside: "`rrdtool last`".into(),
            goal: Some(4.0),
            instructions: (instructions > 0.0).then_some(Instructions::AllOfIt(instructions)),
            ..Row::of_cpu(MANY, figures[0], figures[1])
        })
    }

    /// The size of `rbl.rrd` of a server that uses 20 of its counters: it reads a log up to the line with the 20th.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn size_of_rbl(&self) -> Result<String> {
        let input = self.inputs.log(Kind::Smtp, 14.0, 1.0)?;
        let path = self.scratch().join("some-smtpd.log");
        // Of the first `most` bytes: how many counters are used, how many there are, how large the RRD is.
        let counted = |most: u64| -> Result<(usize, usize, u64)> {
            input.cut(0, most, &path)?;
            let store = self.fresh(Kind::Smtp, &path)?;
            store.count(Kind::Smtp, &path).output()?;
            store.check(&[&Input::of(Kind::Smtp, &path)?])?;
            let printed = store.maillogs("rbl").output()?;
            let values: Vec<&str> = printed.trim().split(':').skip(1).step_by(2).collect();
            let used = values.iter().filter(|value| **value != "0").count();
            Ok((used, values.len(), fs::metadata(store.base().join("rrd/rbl.rrd"))?.len()))
        };
        let (mut fewer, mut enough) = (10_000, input.bytes);
        while enough - fewer > 50 {
            let half = fewer.midpoint(enough);
            if counted(half)?.0 < USED { fewer = half } else { enough = half }
        }
        let (used, all, bytes) = counted(enough)?;
        Ok(format!("{:.1} MB, of a server that uses {used} of its {all} counters", bytes as f64 / 1e6))
    }

    /// The most memory that counting a log takes, beside `rrdtool last`, which has librrd in its memory too.
    ///
    /// # Errors
    /// When something cannot be run, or a counter is wrong.
    pub fn memory(&self, what: &str, kind: Kind, megabytes: f64, days: f64) -> Result<Memory> {
        let input = self.inputs.log(kind, megabytes, days)?;
        let store = self.fresh(kind, &input.path)?;
        let peak = store.count(kind, &input.path).run(self.scratch())?.peak;
        store.check(&[&input])?;
        let rrd = fs::read_dir(store.base().join("rrd"))?.flatten().map(|entry| entry.path());
        let rrd = rrd.into_iter().find(|path| path.extension().is_some_and(|e| e == "rrd"));
        let rrd = rrd.ok_or("no RRD was made")?.display().to_string();
        let librrd = Job::new(["rrdtool", "last", &rrd]).run(self.scratch())?.peak;
        Ok(Memory { what: format!("{what}, {} MB, {days} days", input.bytes / 1_000_000), peak, librrd })
    }
}

/// When the newest picture was drawn, and how many there are.
fn newest_picture(graphs: &Path) -> Result<(SystemTime, usize)> {
    let mut found = (UNIX_EPOCH, 0);
    for entry in fs::read_dir(graphs)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "png") {
            found = (found.0.max(entry.metadata()?.modified()?), found.1 + 1);
        }
    }
    Ok(found)
}
