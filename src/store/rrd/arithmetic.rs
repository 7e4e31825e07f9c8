//! An update of an RRD as a pure function: its header and values, and what comes of them.
//!
//! librrd would write both through a mapping. Computed beforehand they are the same however often a process dies while
//! it writes them: what is written again is the same bytes. The operations and their order are those of librrd
//! (`rrdupdate(1)`), for any header, also one that somebody else's update left in the middle of a step.
use std::collections::VecDeque;

use super::consolidate::{Elapsed, Function, OpenRow, Rule, float};
use super::header::Header;
use super::layout::{
    self, AMOUNT, HEARTBEAT, LAST_VALUE, MAXIMUM, MICROSECONDS, MINIMUM, POINTER, PRIMARY, SECONDARY,
    UNKNOWN_SECONDS, UNKNOWN_STEPS, VALUE, XFF,
};

/// What an update makes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Updated {
    /// Every byte before the rows.
    pub(super) header: Vec<u8>,
    /// Where in the file which bytes of the rows stand.
    pub(super) rows: Vec<(u64, Vec<u8>)>,
}

/// A file while updates are computed.
#[derive(Debug)]
pub(super) struct Arithmetic<'h> {
    header: &'h Header,
    step: i64,
    /// The last update: seconds, and microseconds behind them.
    last: (i64, i64),
    sources: Vec<Source>,
    /// Of each data source the rate of the steps that are over.
    rates: Vec<f64>,
    archives: Vec<Archive>,
}

#[derive(Debug)]
struct Source {
    is_gauge: bool,
    heartbeat: u64,
    minimum: f64,
    maximum: f64,
    /// Seconds of the open step that are unknown, and rate × seconds of those that are not.
    unknown: u64,
    amount: f64,
    /// What the update brings, as rate × seconds.
    new: f64,
    /// The newest value, as it was told; `None`: none was.
    told: Option<f64>,
}

#[derive(Debug)]
struct Archive {
    rule: Rule,
    rows: usize,
    /// The row that was written last.
    pointer: usize,
    /// The byte at which the rows begin.
    begin: u64,
    open: OpenRow,
    /// The rows that were finished, no more than the archive has.
    finished: VecDeque<f64>,
}

/// The time between two updates, in seconds.
#[derive(Clone, Copy)]
struct Interval {
    all: f64,
    /// The part of it before the end of the newest step that is over, and the part behind that.
    before: f64,
    behind: f64,
}

impl<'h> Arithmetic<'h> {
    /// # Errors
    /// What it is in this file that no file of ours has.
    pub(super) fn of(header: &'h Header) -> Result<Self, String> {
        let (bytes, width) = (&header.bytes, header.sources.len());
        let mut begin = bytes.len() as u64;
        let mut archives = Vec::with_capacity(header.archives.len());
        for (number, archive) in header.archives.iter().enumerate() {
            let function = Function::of(&archive.function).ok_or_else(|| {
                format!("it has an archive of {}, which maillogs cannot update", archive.function)
            })?;
            let definition = header.definition(width + number);
            let at = |source, field| header.cdp_prep(number, source).start + field;
            let float = |field| (0..width).map(|source| layout::float(bytes, at(source, field))).collect();
            let unknown = (0..width).map(|source| layout::integer(bytes, at(source, UNKNOWN_STEPS)));
            let open = OpenRow {
                value: float(VALUE),
                unknown: unknown.collect(),
                primary: float(PRIMARY),
                secondary: float(SECONDARY),
            };
            archives.push(Archive {
                rule: Rule {
                    function,
                    steps: archive.steps as u64,
                    may_be_unknown: layout::float(bytes, definition + XFF),
                },
                rows: archive.rows,
                pointer: header.pointer(number),
                begin,
                open,
                finished: VecDeque::new(),
            });
            begin += (archive.rows * 8 * width) as u64;
        }
        let mut sources = Vec::with_capacity(width);
        for (number, source) in header.sources.iter().enumerate() {
            if !["ABSOLUTE", "GAUGE"].contains(&source.kind.as_str()) {
                let (name, kind) = (&source.name, &source.kind);
                return Err(format!("its data source {name} is a {kind}, which maillogs cannot update"));
            }
            let (definition, at) = (header.definition(number), header.pdp_prep(number).start);
            sources.push(Source {
                is_gauge: source.kind == "GAUGE",
                heartbeat: layout::integer(bytes, definition + HEARTBEAT),
                minimum: layout::float(bytes, definition + MINIMUM),
                maximum: layout::float(bytes, definition + MAXIMUM),
                unknown: layout::integer(bytes, at + UNKNOWN_SECONDS),
                amount: layout::float(bytes, at + AMOUNT),
                new: f64::NAN,
                told: None,
            });
        }
        let at = header.live_head().start;
        Ok(Self {
            header,
            step: i64::try_from(header.step).unwrap_or(i64::MAX),
            last: (header.last_update, layout::time(bytes, at + MICROSECONDS)),
            rates: vec![f64::NAN; sources.len()],
            sources,
            archives,
        })
    }

    /// Takes the `values` that the data sources have at `time` (unix seconds), NaN where it is unknown.
    ///
    /// # Errors
    /// When the time is not later than the last one.
    pub(super) fn update(&mut self, time: i64, values: &[f64]) -> Result<(), String> {
        let (last, microseconds) = self.last;
        if time <= last {
            return Err(format!("it was updated at {last} and cannot be with the values of {time}"));
        }
        let fraction = seconds(microseconds) / 1e6;
        let all = seconds(time - last) - fraction;
        for (source, value) in self.sources.iter_mut().zip(values) {
            source.take(*value, all);
        }
        let step = self.step.unsigned_abs();
        let (begun, over) = (last - last % self.step, time - time % self.step);
        let mut number = begun.unsigned_abs() / step;
        let mut steps = (over - begun).unsigned_abs() / step;
        self.last = (time, 0);
        if steps == 0 {
            self.sources.iter_mut().for_each(|source| source.stay_within_a_step(all));
            return Ok(());
        }
        let mut interval =
            Interval { all, before: seconds(over - last) - fraction, behind: seconds(time - over) };
        // A step that was begun before this update ends by itself, and not as one of those behind it.
        let open = whole(interval.before) % step;
        if steps > 1 && open > 0 {
            let part = Interval { all: float(open), before: float(open), behind: 0.0 };
            for (source, rate) in self.sources.iter_mut().zip(&mut self.rates) {
                let new = source.split_off(part.all, interval.all);
                *rate = source.end_steps(new, part, step, 1);
            }
            self.consolidate(number, 1);
            interval.all -= part.all;
            interval.before -= part.all;
            (number, steps) = (number + 1, steps - 1);
        }
        for (source, rate) in self.sources.iter_mut().zip(&mut self.rates) {
            *rate = source.end_steps(source.new, interval, step, steps);
        }
        self.consolidate(number, steps);
        Ok(())
    }

    /// Brings `steps` steps that are over to all archives; the first of them is the step of this `number`, counted from
    /// 1970.
    fn consolidate(&mut self, number: u64, steps: u64) {
        for archive in &mut self.archives {
            archive.bring_in(number, steps, &self.rates);
        }
    }

    /// What the updates so far make of the file.
    pub(super) fn finish(self) -> Updated {
        let mut bytes = self.header.bytes.clone();
        let live_head = self.header.live_head().start;
        layout::put_time(&mut bytes, live_head, self.last.0);
        layout::put_time(&mut bytes, live_head + MICROSECONDS, self.last.1);
        for (number, source) in self.sources.iter().enumerate() {
            let at = self.header.pdp_prep(number).start;
            if let Some(value) = source.told {
                let text = if value.is_nan() { "U".to_owned() } else { value.to_string() };
                layout::put_text(&mut bytes, at, LAST_VALUE, &text);
            }
            layout::put_integer(&mut bytes, at + UNKNOWN_SECONDS, source.unknown);
            layout::put_float(&mut bytes, at + AMOUNT, source.amount);
        }
        let mut rows = Vec::new();
        for (number, archive) in self.archives.into_iter().enumerate() {
            let at = self.header.pointers().start + POINTER * number;
            layout::put_integer(&mut bytes, at, archive.pointer as u64);
            let open = &archive.open;
            for source in 0..self.sources.len() {
                let at = self.header.cdp_prep(number, source).start;
                layout::put_float(&mut bytes, at + VALUE, open.value[source]);
                layout::put_integer(&mut bytes, at + UNKNOWN_STEPS, open.unknown[source]);
                layout::put_float(&mut bytes, at + PRIMARY, open.primary[source]);
                layout::put_float(&mut bytes, at + SECONDARY, open.secondary[source]);
            }
            archive.place_rows(&mut rows);
        }
        Updated { header: bytes, rows }
    }
}

impl Source {
    /// What `value` brings that was told `interval` seconds after the last one.
    fn take(&mut self, value: f64, interval: f64) {
        self.told = Some(value);
        let rate = if self.is_gauge { value } else { value / interval };
        // Comparisons with what is unknown are never true: no limit, and no value.
        let is_known = float(self.heartbeat) >= interval && !(rate > self.maximum || rate < self.minimum);
        let new = if self.is_gauge { value * interval } else { value };
        self.new = if is_known { new } else { f64::NAN };
    }

    /// No step is over.
    fn stay_within_a_step(&mut self, interval: f64) {
        if self.new.is_nan() {
            self.unknown = self.unknown.wrapping_add(whole(interval));
        } else if self.amount.is_nan() {
            self.amount = self.new;
        } else {
            self.amount += self.new;
        }
    }

    /// Takes from what an update of `interval` seconds brings what belongs to its first seconds.
    fn split_off(&mut self, first: f64, interval: f64) -> f64 {
        if self.new.is_nan() || interval <= 0.0 {
            return f64::NAN;
        }
        let part = self.new * first / interval;
        self.new -= part;
        part
    }

    /// `steps` steps of `step` seconds are over, after `new` (rate × seconds) has come in `interval`. Returns their rate.
    fn end_steps(&mut self, new: f64, interval: Interval, step: u64, steps: u64) -> f64 {
        let mut unknown_before = 0.0;
        if new.is_nan() {
            unknown_before = interval.before;
        } else {
            let amount = if self.amount.is_nan() { 0.0 } else { self.amount };
            self.amount = amount + new / interval.all * interval.before;
        }
        // librrd takes these seconds for an `int`.
        #[expect(clippy::cast_possible_truncation, reason = "as librrd does")]
        let unknown = f64::from(self.unknown as i32);
        let rate = if interval.all > float(self.heartbeat) || float(step) / 2.0 < unknown {
            f64::NAN
        } else {
            let known = (steps * step).wrapping_sub(self.unknown);
            self.amount / (float(known) - unknown_before)
        };
        if new.is_nan() {
            (self.unknown, self.amount) = (whole(interval.behind), f64::NAN);
        } else {
            (self.unknown, self.amount) = (0, new / interval.all * interval.behind);
        }
        rate
    }
}

impl Archive {
    fn bring_in(&mut self, number: u64, steps: u64, rates: &[f64]) {
        let needed = self.rule.steps - number % self.rule.steps;
        self.open.bring_in(self.rule, Elapsed { steps, needed }, rates);
        if needed > steps {
            return;
        }
        let over =
            usize::try_from((steps - needed) / self.rule.steps + 1).unwrap_or(usize::MAX).min(self.rows);
        for row in 0..over {
            self.finished.extend(if row == 0 { &self.open.primary } else { &self.open.secondary });
            self.pointer = (self.pointer + 1) % self.rows;
        }
        let surplus = self.finished.len().saturating_sub(self.rows * rates.len());
        self.finished.drain(..surplus);
    }

    /// The finished rows end at the pointer; where they begin before the first row, they are two pieces.
    fn place_rows(self, places: &mut Vec<(u64, Vec<u8>)>) {
        let width = self.open.value.len();
        let count = self.finished.len() / width;
        let first = (self.pointer + 1 + self.rows - count) % self.rows;
        let until_the_end = count.min(self.rows - first);
        for (row, piece) in [(first, 0..until_the_end), (0, until_the_end..count)] {
            if !piece.is_empty() {
                let values = self.finished.range(piece.start * width..piece.end * width);
                let mut bytes = Vec::with_capacity(values.len() * 8);
                for value in values {
                    bytes.extend_from_slice(&value.to_le_bytes());
                }
                places.push((self.begin + (row * 8 * width) as u64, bytes));
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "librrd computes so, too")]
fn seconds(number: i64) -> f64 {
    number as f64
}

/// The whole seconds of some.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is negative or unknown is 0"
)]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}
