//! Several RRDs as one: the files that one host has of a protocol, or the sum of many hosts.
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::create::blank;
use super::fetch::{Cf, Reader};
use super::finest::{FineRow, Finest};
use super::header::{Archive, Source};
use super::open::OpenRrd;
use super::places::Places;
use super::schema::{archives_of, sources_of};
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::protocol::Protocol;

/// One of those that are added up: all files of a host, whose data sources differ.
#[derive(Debug)]
pub struct Summand {
    files: Vec<OpenRrd>,
    /// The end of what all of its files have, unix seconds.
    pub last: i64,
}

impl Summand {
    /// Those of the `files` that have a counter of `protocol`; `None`: there is none. What was taken out of toaster.conf need not
    /// go on, and is not waited for.
    ///
    /// # Errors
    /// When one cannot be read, or is not made as ours are.
    pub fn of(files: Vec<OpenRrd>, protocol: &Protocol, step: i64) -> Result<Option<Self>> {
        let sources = sources_of(protocol);
        let (mut last, mut used) = (i64::MAX, Vec::new());
        for file in files {
            let reader = Reader::of(&file)?;
            let header = reader.header();
            if !header.sources.iter().any(|there| sources.iter().any(|ours| ours.name == there.name)) {
                continue;
            }
            let ours = archives_of(u32::try_from(step).unwrap_or(60));
            if header.step != step.unsigned_abs() || header.archives != ours {
                return Err(Error::Message(format!(
                    "{}: has other steps or rows than rrd_step = {step} makes; set rrd_step of toaster.conf here as on that host",
                    file.path().display()
                )));
            }
            last = last.min(header.last_update);
            drop(reader);
            used.push(file);
        }
        Ok((!used.is_empty()).then_some(Self { files: used, last }))
    }

    /// Its only file: then it need not be put together.
    pub fn only(&self) -> Option<&Path> {
        match self.files.as_slice() {
            [file] => Some(file.path()),
            _ => None,
        }
    }

    /// What it knows, file by file, each stretch of time by the finest rows that are left of it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn finest(&self) -> Result<Vec<Finest>> {
        self.files.iter().map(|file| Reader::of(file)?.finest(0)).collect()
    }
}

/// Makes an RRD at `to` that has, of each row up to `until` (unix seconds), the sum of those of the `summands`; what one of
/// them does not know is nothing, and unknown where none of them knows anything.
///
/// The highest minute of a longer row is the highest of the sum, as far as there are minutes; of the time before that it is
/// not known, and the sum of the highest is written, which is not less.
///
/// # Errors
/// When a file cannot be read or written.
pub fn sum(to: &Path, protocol: &Protocol, step: i64, summands: &[Summand], until: i64) -> Result<()> {
    let mut readers: Vec<Vec<Reader<'_>>> = Vec::new();
    for summand in summands {
        readers.push(summand.files.iter().map(Reader::of).collect::<Result<_>>()?);
    }
    let has = |source: &Source| {
        readers.iter().flatten().any(|r| r.header().sources.iter().any(|s| s.name == source.name))
    };
    let sources: Vec<Source> = sources_of(protocol).into_iter().filter(has).collect();
    let header = blank(&sources, step, until);
    let table = Table { sources: &sources, until };
    // Of who has stopped, the longer rows that are open.
    let mut open = Vec::new();
    for file in readers.iter().flatten() {
        // Each file for itself: one that goes further has the row in which another one stops.
        let last = file.last_update();
        if last < until {
            open.push((last, file.finest(last - 2 * 86_400)?));
        }
    }
    let file = disk::create(to, 0o600)?;
    let mut out = BufWriter::with_capacity(1 << 18, &file);
    let mut write = |bytes: &[u8]| disk::change(Change::Write(to), || out.write_all(bytes)).at("write", to);
    write(&header.bytes)?;
    let mut minutes: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (archive, places) in header.archives.iter().zip(Places::of(&header)) {
        let mut rows = table.rows(archive, places, &readers, &open)?;
        if archive.steps == 1 {
            minutes = rows.iter().map(|row| (row.end, row.rates.clone())).collect();
        } else if archive.function == Cf::Max.as_str() && summands.len() > 1 {
            highest(&mut rows, &minutes, step);
        }
        let mut bytes = Vec::with_capacity(rows.len() * sources.len() * 8);
        rows.iter().flat_map(|row| &row.rates).for_each(|rate| bytes.extend_from_slice(&rate.to_le_bytes()));
        write(&bytes)?;
    }
    out.flush().at("write", to)
}

/// What is made.
struct Table<'t> {
    sources: &'t [Source],
    until: i64,
}

impl Table<'_> {
    /// All rows of an archive, the oldest first.
    fn rows(
        &self,
        archive: &Archive,
        places: Places,
        readers: &[Vec<Reader<'_>>],
        open: &[(i64, Finest)],
    ) -> Result<Vec<FineRow>> {
        let (period, width) = (places.period, self.sources.len());
        let count = usize::try_from((places.newest - places.oldest()) / period + 1).unwrap_or(0);
        let mut rates = vec![f64::NAN; count * width];
        let mut add = |end: i64, names: &[Option<usize>], values: &[f64]| {
            let Ok(row) = usize::try_from((end - places.oldest()) / period) else { return };
            for (place, value) in names.iter().zip(values).filter(|(_, value)| value.is_finite()) {
                if let Some(there) = place.and_then(|place| rates.get_mut(row * width + place)) {
                    *there = if there.is_nan() { *value } else { *there + value };
                }
            }
        };
        let place = |name: &str| self.sources.iter().position(|source| source.name == name);
        for reader in readers.iter().flatten() {
            let header = reader.header();
            let names: Vec<Option<usize>> = header.sources.iter().map(|source| place(&source.name)).collect();
            let theirs =
                header.archives.iter().zip(Places::of(header)).find(|(theirs, _)| *theirs == archive);
            let Some((_, theirs)) = theirs else { continue };
            let (first, last) = (theirs.oldest().max(places.oldest()), theirs.newest.min(places.newest));
            if first > last {
                continue;
            }
            let values = reader.stretch(&theirs, first, last)?;
            let mut end = first;
            for row in values.chunks_exact(names.len().max(1)) {
                add(end, &names, row);
                end += period;
            }
        }
        for (last, finest) in open {
            let begin = last.div_euclid(period) * period;
            let end = begin + period;
            if begin == *last || end > self.until {
                continue;
            }
            let names: Vec<Option<usize>> = finest.names.iter().map(|name| place(name)).collect();
            let kinds = names.iter().map(|place| place.map(|place| self.sources[place].kind.as_str()));
            let is_max = archive.function == Cf::Max.as_str();
            let values: Vec<f64> =
                kinds.enumerate().map(|(at, kind)| part(finest, at, begin, end, is_max, kind)).collect();
            add(end, &names, &values);
        }
        let end = |n: usize| places.oldest() + i64::try_from(n).unwrap_or(0) * period;
        let row = |(n, rates): (usize, &[f64])| FineRow {
            begin: end(n) - period,
            end: end(n),
            rates: rates.to_vec(),
        };
        Ok(rates.chunks_exact(width.max(1)).enumerate().map(row).collect())
    }
}

/// What column `at` has of the row from `begin` to `end`, of which only the beginning is known: nothing came afterwards.
#[expect(clippy::cast_precision_loss, reason = "seconds of a row are far below 2^52")]
fn part(finest: &Finest, at: usize, begin: i64, end: i64, is_max: bool, kind: Option<&str>) -> f64 {
    let rows =
        || finest.rows.iter().filter(|row| row.begin >= begin && row.end <= end && row.rates[at].is_finite());
    let highest = rows().map(|row| row.rates[at]).fold(f64::NAN, f64::max);
    if is_max || highest.is_nan() {
        return highest;
    }
    let amount: f64 = rows().map(|row| row.rates[at] * (row.end - row.begin) as f64).sum();
    let known: i64 = rows().map(|row| row.end - row.begin).sum();
    let seconds = if kind == Some("GAUGE") { known } else { end - begin };
    amount / seconds as f64
}

/// Puts into longer rows the highest of the `minutes`, where all of these are there.
fn highest(rows: &mut [FineRow], minutes: &BTreeMap<i64, Vec<f64>>, step: i64) {
    let Some(first) = minutes.keys().next().map(|end| end - step) else { return };
    for row in rows.iter_mut().filter(|row| row.begin >= first) {
        let within = || minutes.range(row.begin + 1..=row.end);
        for (at, rate) in row.rates.iter_mut().enumerate() {
            *rate = within().map(|(_, rates)| rates[at]).fold(f64::NAN, f64::max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Update, create, push};
    use super::*;
    use crate::protocol::send::SEND;

    /// 2026-09-22T00:00:00Z.
    const DAY0: i64 = 1_790_035_200;

    fn file(dir: &Path, name: &str, minutes: &[(i64, i128)]) -> Summand {
        let path = dir.join(name);
        let update = |(minute, new): &(i64, i128)| -> Update {
            let mut values = vec![0; SEND.counters.len()];
            values[SEND.index("message_new").unwrap()] = *new;
            (DAY0 + minute * 60, values.into())
        };
        let updates: Vec<Update> = minutes.iter().map(update).collect();
        create(&path, &SEND, 60, &updates[..1]).unwrap();
        if updates.len() > 1 {
            push(&path, &SEND, 60, &updates[1..]).unwrap();
        }
        Summand::of(vec![OpenRrd::open(&path).unwrap().unwrap()], &SEND, 60).unwrap().unwrap()
    }

    fn read(path: &Path, cf: Cf, step: i64, from: i64, to: i64) -> Vec<(i64, f64)> {
        let held = OpenRrd::open(path).unwrap().unwrap();
        let rows = Reader::of(&held).unwrap().fetch(cf, from, to, step).unwrap();
        assert_eq!(rows.step, step);
        let column = rows.names.iter().position(|name| name == "message_new").unwrap();
        let values = rows.values.iter().skip(column).step_by(rows.names.len());
        (0..)
            .map(|n| rows.first_end + n * step - DAY0)
            .zip(values.copied())
            .filter(|(_, v)| v.is_finite())
            .collect()
    }

    #[test]
    fn a_sum_has_what_all_have_and_a_silent_host_does_not_make_it_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let one = file(dir.path(), "one.rrd", &[(0, 6), (1, 12), (4, 6), (10, 18), (1499, 60)]);
        let two = file(dir.path(), "two.rrd", &[(1, 3), (3, 30), (1499, 6)]);
        // It says nothing any more after seven minutes.
        let silent = file(dir.path(), "silent.rrd", &[(0, 60), (6, 120)]);
        let path = dir.path().join("sum.rrd");
        let until = one.last.min(two.last);
        sum(&path, &SEND, 60, &[one, two, silent], until).unwrap();
        let minutes: Vec<(i64, f64)> =
            read(&path, Cf::Average, 60, DAY0, DAY0 + 720).into_iter().filter(|(_, v)| *v > 0.0).collect();
        let expected = [(60, 1.1), (120, 0.25), (240, 0.5), (300, 0.1), (420, 2.0), (660, 0.3)];
        assert_eq!(minutes.len(), expected.len(), "{minutes:?}");
        assert!(
            minutes.iter().zip(expected).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9),
            "{minutes:?}"
        );
        let five = read(&path, Cf::Average, 300, DAY0, DAY0 + 900);
        let sum: f64 = five.iter().map(|(_, v)| v * 300.0).sum();
        assert!((sum - 255.0).abs() < 1e-6, "{five:?}");
        // The row in which the silent one stopped has what it had said of it; so has that of its day.
        assert!((five[1].1 * 300.0 - 120.0).abs() < 1e-9, "{five:?}");
        let day = read(&path, Cf::Average, 86_400, DAY0, DAY0 + 86_400);
        assert!((day[0].1 * 86_400.0 - 255.0).abs() < 1e-6, "{day:?}");
        let most = read(&path, Cf::Max, 300, DAY0, DAY0 + 900);
        assert!(
            (most[0].1 - 1.1).abs() < 1e-9 && (most[1].1 - 2.0).abs() < 1e-9,
            "the highest of the sum: {most:?}"
        );
    }

    /// A host has several files, and one of them stopped before the others.
    #[test]
    fn a_row_in_which_one_file_of_a_silent_host_stops_is_counted_once() {
        let dir = tempfile::tempdir().unwrap();
        let going_on = file(dir.path(), "on.rrd", &[(0, 6), (1499, 12)]);
        let until = going_on.last;
        // The first stops in the third minute, the second in the twelfth, after the row of five minutes is over.
        let [short, long] = [("short.rrd", 2), ("long.rrd", 11)]
            .map(|(name, minute)| file(dir.path(), name, &[(0, 60), (minute, 120)]).files);
        let files = short.into_iter().chain(long).collect();
        let silent = Summand::of(files, &SEND, 60).unwrap().unwrap();
        let path = dir.path().join("sum.rrd");
        sum(&path, &SEND, 60, &[going_on, silent], until).unwrap();
        for period in [300, 1_800, 7_200, 86_400] {
            let rows = read(&path, Cf::Average, period, DAY0, DAY0 + 86_400 - 1);
            let sum: f64 = rows.iter().map(|(_, rate)| rate * period as f64).sum();
            assert!((sum - 366.0).abs() < 1e-6, "{period}: {sum}: {:?}", &rows[..rows.len().min(5)]);
        }
    }

    #[test]
    fn a_file_of_which_no_counter_is_left_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let going_on = file(dir.path(), "on.rrd", &[(0, 6), (1499, 12)]);
        let old = file(dir.path(), "old.rrd", &[(0, 6)]);
        let (last, files) = (going_on.last, going_on.files.into_iter().chain(old.files).collect());
        let all = Summand::of(files, &SEND, 60).unwrap().unwrap();
        assert!(all.last < last && all.files.len() == 2);
        let mut less = SEND;
        less.counters = &[];
        assert!(Summand::of(all.files, &less, 60).unwrap().is_none());
    }

    #[test]
    fn librrd_reads_a_sum_as_we_do() {
        let dir = tempfile::tempdir().unwrap();
        let one = file(dir.path(), "one.rrd", &[(0, 6), (700, 12)]);
        let two = file(dir.path(), "two.rrd", &[(3, 30), (700, 6)]);
        let path = dir.path().join("sum.rrd");
        let until = one.last;
        sum(&path, &SEND, 60, &[one, two], until).unwrap();
        let mut command = std::process::Command::new("rrdtool");
        let time = |time: i64| time.to_string();
        command.arg("fetch").arg(&path).args([
            "AVERAGE",
            "-r",
            "60",
            "-s",
            &time(DAY0),
            "-e",
            &time(DAY0 + 700 * 60),
        ]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let known: f64 = text
            .lines()
            .skip(2)
            .filter_map(|line| {
                line.split_whitespace().nth(1 + text.split_whitespace().position(|n| n == "message_new")?)
            })
            .filter_map(|value| value.parse::<f64>().ok().filter(|v| v.is_finite()))
            .map(|value| value * 60.0)
            .sum();
        assert!((known - 54.0).abs() < 1e-6, "{known}: {text}");
    }
}
