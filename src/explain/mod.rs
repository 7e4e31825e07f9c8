//! `maillogs explain`: what each line of a log counts, and by which rule. It reads lines as an update or a roll does, with the
//! same parser and the same classifiers, and keeps nothing: no store is opened for writing, no lock is taken.
//!
//! | file | purpose |
//! |---|---|
//! | `inputs` | what is read: standard input, files, days of the archive; of whom each of them is |
//! | `asked` | which protocols are asked about a line, and as which kind of log |
//! | `judge` | what a line counts: `seen` is what was found out about it; `repeated`: the last line of each host |
//! | `needed` | how much of a text is needed for what it counts |
//! | `definitions` | what `[[counter]]` and `[[rbl]]` of toaster.conf say |
//! | `details` | all that is said of a line; `block` prints it for people, `json` for programs |
//! | `summary` | what all lines count together |
//! | `shapes` | lines that nothing understood, by their shapes |
//! | `secrets` | what of a line may be shown |
//!
//! Memory does not grow with the log: a line is forgotten when it was printed, and the shapes are bounded.
mod asked;
mod block;
mod definitions;
mod details;
mod inputs;
mod json;
mod judge;
mod needed;
mod repeated;
mod secrets;
mod seen;
mod shapes;
mod summary;

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::source::lines::OneByOne;
use asked::Panel;
use definitions::Definitions;
use details::Circumstances;
use inputs::{Input, Place};
use judge::Judge;
use seen::{Judged, Seen};
use shapes::Shapes;
use summary::Summary;

/// What is to be explained, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Files; `-` is standard input, and so is an empty list.
    pub files: Vec<PathBuf>,
    /// A day of the archive in place of files, `YYYYMMDD`.
    pub day: Option<u32>,
    /// Only these protocols, or those that have these sections; empty: all.
    pub protocols: Vec<String>,
    /// Only the lines that nothing understood, by their shapes.
    pub unknown: bool,
    /// Only the summary.
    pub summary: bool,
    /// As JSON.
    pub json: bool,
}

/// Explains. `now` in unix seconds; what cannot be read is handed to `failed`, and the others are read all the same.
///
/// # Errors
/// When the archive has no such day, or `out` cannot be written to.
pub fn explain(
    config: &Config,
    options: &Options,
    now: i64,
    out: &mut dyn Write,
    failed: &mut dyn FnMut(Error),
) -> Result<()> {
    let panel = Panel::new(config, &options.protocols);
    let places = match options.day {
        Some(day) => inputs::archived(config, &panel, day)?,
        None if options.files.is_empty() => vec![Place::Stdin],
        None => options.files.iter().map(|file| place(file)).collect(),
    };
    let circumstances = Circumstances {
        panel: &panel,
        names: &options.protocols,
        reasons: config.settings().reasons,
        providers: config.settings().providers,
        step: i64::from(config.rrd_step),
        now,
    };
    let mut telling = Telling {
        options,
        circumstances: &circumstances,
        definitions: Definitions::new(config),
        table: config.reasons_file.as_ref().map_or_else(
            || "the built-in reasons.toml".to_owned(),
            |file| secrets::shown(file.as_os_str().as_encoded_bytes(), &[], 4096),
        ),
        summary: Summary::new(&panel.all),
        unknown: Shapes::default(),
        foreign: Shapes::default(),
        out,
        written: Ok(()),
    };
    for place in places {
        match inputs::open(config, &place, now) {
            Ok(input) => telling.read(&input, failed),
            Err(e) => failed(e),
        }
        if telling.written.is_err() {
            break;
        }
    }
    telling.end()
}

fn place(file: &Path) -> Place {
    if file == Path::new("-") { Place::Stdin } else { Place::Path(file.to_owned()) }
}

/// What is told of all lines.
struct Telling<'a> {
    options: &'a Options,
    circumstances: &'a Circumstances<'a>,
    definitions: Definitions<'a>,
    /// What the table of the rules for reasons is called.
    table: String,
    summary: Summary,
    unknown: Shapes,
    foreign: Shapes,
    out: &'a mut dyn Write,
    written: std::io::Result<()>,
}

impl Telling<'_> {
    /// Reads a log to its end.
    fn read(&mut self, input: &Input, failed: &mut dyn FnMut(Error)) {
        let Circumstances { panel, now, .. } = *self.circumstances;
        let questions = panel.questions(input.whose);
        let mut judge = Judge::new(&panel.all, &questions, &input.name, input.parser(), now);
        let is_enough = Cell::new(false);
        let mut visit = OneByOne(|raw: crate::source::lines::RawLine<'_>| {
            if is_enough.get() {
                return;
            }
            judge.line(&raw, &mut |seen| self.line(seen));
            is_enough.set(self.written.is_err());
        });
        let read = input.walk(&mut visit, &is_enough);
        if let Err(e) = read {
            failed(e);
        }
    }

    fn line(&mut self, seen: &Seen<'_>) {
        let Circumstances { panel, step, .. } = *self.circumstances;
        self.summary.add(seen, &panel.all);
        let hits = self.definitions.of(seen, &panel.all);
        if self.options.unknown {
            match seen.judged {
                Judged::Unknown => self.unknown.add_line(seen),
                Judged::Foreign => self.foreign.add_line(seen),
                _ => {}
            }
        } else if !self.options.summary {
            let details = self.circumstances.details(seen, &self.definitions, &hits);
            let text = match self.options.json {
                true => json::object(&details, &self.table),
                false => block::block(&details, &self.table, step),
            };
            self.write(&text);
        }
    }

    fn write(&mut self, text: &str) {
        if self.written.is_ok() {
            self.written = self.out.write_all(text.as_bytes());
        }
    }

    /// Tells what comes at the end.
    fn end(mut self) -> Result<()> {
        if self.options.unknown {
            let groups = [("unknown", &self.unknown), ("foreign", &self.foreign)];
            let text = match self.options.json {
                true => groups.map(|(kind, shapes)| shapes.objects(kind)).concat(),
                false => {
                    self.unknown.text("not understood")
                        + &self.foreign.text("of other programs, which no protocol counts")
                }
            };
            self.write(&text);
        }
        if self.options.unknown || self.options.summary || self.summary.lines != 1 {
            let text = match self.options.json {
                true => self.summary.object(self.circumstances, &self.definitions),
                false => self.summary.text(self.circumstances, &self.definitions),
            };
            self.write(&text);
        }
        self.written.and_then(|()| self.out.flush()).at("write", Path::new("standard output"))
    }
}

#[cfg(test)]
mod tests;
