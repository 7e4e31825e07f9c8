//! The tables, and the machine that they are of.
use std::fmt::Write;
use std::fs;

use crate::measure::{Figures, Job};

/// One row of the table of times.
pub struct Row {
    pub what: String,
    pub beside: String,
    pub goal: Option<f64>,
    pub runs: usize,
    /// Microseconds of our work, and of what it is compared with.
    pub ours: f64,
    pub other: f64,
    pub lines: Option<u64>,
    pub instructions: Option<Instructions>,
    /// What `cat` takes for the log, in microseconds.
    pub cat: Option<f64>,
}

/// Instructions that a processor executes in user space.
pub enum Instructions {
    ALine(f64),
    AllOfIt(f64),
}

/// One row of the table of memory, in KiB.
pub struct Memory {
    pub what: String,
    pub peak: u64,
    /// That of `rrdtool last`.
    pub librrd: u64,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:.2} × {}", self.what, self.ours / self.other, self.beside)
    }
}

impl Row {
    /// By the time that processors worked, in user space and for it in the kernel.
    pub fn of_cpu(runs: usize, ours: Figures, other: Figures) -> Self {
        Self::of(runs, ours.cpu, other.cpu)
    }

    /// By the time from begin to end.
    pub fn of_wall(runs: usize, ours: Figures, other: Figures) -> Self {
        Self::of(runs, ours.wall, other.wall)
    }

    fn of(runs: usize, ours: f64, other: f64) -> Self {
        let (what, beside) = (String::new(), String::new());
        Self { what, beside, goal: None, runs, ours, other, lines: None, instructions: None, cat: None }
    }

    fn line(&self) -> String {
        let ratio = |of: f64| format!("{:.2} ×", of / self.other);
        format!(
            "| {} | {} | {} {} | **{}** | {} | {} | {} | {} | {} |",
            self.what,
            milliseconds(self.ours),
            self.beside,
            milliseconds(self.other),
            ratio(self.ours),
            self.goal.map(|goal| format!("{goal} ×")).unwrap_or_default(),
            self.lines.map(|lines| format!("{:.0}", self.ours * 1e3 / lines as f64)).unwrap_or_default(),
            match self.instructions {
                Some(Instructions::ALine(n)) => format!("{n:.0} a line"),
                Some(Instructions::AllOfIt(n)) => format!("{:.1} million", n / 1e6),
                None => String::new(),
            },
            self.cat.map(|cat| format!("{}, {}", milliseconds(cat), ratio(cat))).unwrap_or_default(),
            self.runs,
        )
    }
}

fn milliseconds(microseconds: f64) -> String {
    let ms = microseconds / 1e3;
    if ms < 100.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

/// A fact of the machine: what it is, and its value.
pub type Fact = (&'static str, String);

/// What a reading may take in memory beyond what librrd does, whatever it reads.
const MEMORY_GOAL: &str = "16 MB";

/// The whole report.
pub fn report(machine: &[Fact], rows: &[Row], memory: &[Memory], sizes: &[String]) -> String {
    let mut text = String::from(
        "# What `make bench` measured\n\n\
         Medians of runs that took turns with what they are compared with, the page cache warm. Times are those of the\n\
         processor, in user space and in the kernel, unless the row says wall time. After each timed run the counters were\n\
         compared with what `grep` and `awk` find in the log. The logs are invented by `examples/qmail-traffic`. A whole log\n\
         is counted into a new store, its commit and its RRD included. Instructions are those of user space, counted by\n\
         callgrind; a line's without those of the start.\n\n",
    );
    for (what, value) in machine {
        let _ = writeln!(text, "- {what}: {value}");
    }
    text += "\n| work | maillogs | compared with | ratio | goal | ns a line | instructions | `cat` to /dev/null | runs |\n\
             |---|---|---|---|---|---|---|---|---|\n";
    for row in rows {
        let _ = writeln!(text, "{}", row.line());
    }
    if !memory.is_empty() {
        text += "\nThe most memory at once (maximum resident set). `rrdtool last` has librrd and its libraries in it, and no more.\n\n\
                 | work | maillogs | `rrdtool last` | more than that | goal |\n|---|---|---|---|---|\n";
    }
    let mb = |kib: u64| format!("{:.1} MB", kib as f64 * 1_024.0 / 1e6);
    for Memory { what, peak, librrd } in memory {
        let more = mb(peak.saturating_sub(*librrd));
        let _ = writeln!(text, "| {what} | {} | {} | **{more}** | {MEMORY_GOAL} |", mb(*peak), mb(*librrd));
    }
    for size in sizes {
        let _ = write!(text, "\nSize of `rbl.rrd`: {size}. The goal is 8 MB where 20 are used.\n");
    }
    text
}

/// What a reader has to know to compare these figures with others; nothing that says whose machine it is.
pub fn machine() -> Vec<Fact> {
    let of_file = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.map(|line| line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
    };
    let first_line = |job: Job| Some(job.output().ok()?.lines().next()?.trim().to_owned());
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory =
        of_file("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let load = of_file("/proc/loadavg", "").and_then(|text| text.split(' ').next().map(str::to_owned));
    let model = of_file("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    [
        ("maillogs", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("processor", Some(format!("{model}, {processors} of them"))),
        ("memory", memory.map(|kib| format!("{:.0} GB", kib * 1_024.0 / 1e9))),
        ("kernel", of_file("/proc/sys/kernel/osrelease", "")),
        ("file system", first_line(Job::new(["stat", "-f", "-c", "%T", "."]))),
        ("load before the first run", load),
        ("compiler", first_line(Job::new(["rustc", "--version"]))),
        ("librrd", first_line(Job::new(["pkg-config", "--modversion", "librrd"]))),
        ("compared programs", first_line(Job::new(["wc", "--version"]))),
    ]
    .into_iter()
    .filter_map(|(what, value)| Some((what, value?)))
    .collect()
}
