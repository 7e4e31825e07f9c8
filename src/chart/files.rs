//! The RRDs behind charts: each is opened once, and each stretch of its rows is read once, whatever is drawn of it.
//!
//! A lock on a file is the whole process's, and closing any descriptor of the file gives it up (`fcntl(2)`). Threads that draw
//! at the same time therefore share a descriptor, and take turns in reading it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::known::Stretch;
use super::period::{Span, nearest_row, next_row};
use crate::error::Error;
use crate::store::rrd::fetch::{Cf, Reader, Rows};
use crate::store::rrd::open::OpenRrd;

/// RRDs that stay open as long as this lives, and what was read of them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: Mutex<HashMap<PathBuf, Arc<File>>>,
}

/// An RRD. None: there is no file.
#[derive(Debug)]
pub(super) struct File {
    rrd: Result<Option<Arc<OpenRrd>>, String>,
    /// Who has it reads the file.
    turn: Mutex<()>,
    read: Mutex<HashMap<Wanted, Arc<OnceLock<Tried>>>>,
}

/// A table, `None` where nothing was ever written to the file, or the line that says why it cannot be read.
type Tried = Result<Option<Arc<Table>>, String>;

/// What of an RRD is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) cf: Cf,
    /// The rows that are drawn, and how many seconds earlier that was which is drawn there.
    pub(super) drawn: Span,
    pub(super) shift: i64,
    /// Seconds of a step.
    pub(super) step: i64,
}

/// Rows of an RRD by one consolidation function.
#[derive(Debug)]
pub(super) struct Table {
    /// What of the file is shown, by its own times, and by how many seconds later it is drawn.
    pub(super) span: Span,
    pub(super) shift: i64,
    /// The end of the last step that is in the file.
    pub(super) last_update: i64,
    /// Is nothing known in any of the rows?
    pub(super) empty: bool,
    pub(super) names: Vec<String>,
    pub(super) rows: Columns,
    /// The steps of the row that is not over yet.
    pub(super) newest: Columns,
    /// What librrd is to open.
    pub(super) name: PathBuf,
    best_known: OnceLock<usize>,
}

/// Rows, column by column.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) when: Stretch,
    /// How many rows there are.
    count: usize,
    values: Vec<f64>,
}

impl Files {
    /// All rows of the RRD at `path` that end after `from` (Unix seconds), of each time the finest that are left: stretches of
    /// rows that are equally long, the oldest first. `None`: there is no file.
    ///
    /// # Errors
    /// One line that names the file.
    pub(crate) fn finest(&self, path: &Path, from: i64) -> Result<Option<Vec<Rows>>, String> {
        let file = self.file(path);
        let Some(rrd) = file.rrd()? else { return Ok(None) };
        let _turn = file.turn();
        let read = Reader::of(rrd).and_then(|reader| reader.stretches(from));
        read.map(Some).map_err(|error| error.to_string())
    }

    /// The RRD at `path`.
    pub(super) fn file(&self, path: &Path) -> Arc<File> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = known.get(path) {
            return Arc::clone(file);
        }
        let rrd = OpenRrd::open(path).map(|rrd| rrd.map(Arc::new)).map_err(|error| error.to_string());
        let file = Arc::new(File { rrd, turn: Mutex::default(), read: Mutex::default() });
        known.insert(path.to_owned(), Arc::clone(&file));
        file
    }
}

impl File {
    /// The file itself; None: there is none.
    ///
    /// # Errors
    /// One line that names it.
    pub(super) fn rrd(&self) -> Result<Option<&Arc<OpenRrd>>, String> {
        self.rrd.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// The rows of it. `None` if there is no file, or if nothing was ever written to it.
    ///
    /// # Errors
    /// One line that names the file.
    pub(super) fn table(&self, wanted: Wanted) -> Tried {
        let Some(rrd) = self.rrd()? else { return Ok(None) };
        let place = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(wanted).or_default())
        };
        let read = || Table::read(rrd, || self.turn(), wanted);
        let table = place.get_or_init(|| read().map(|table| table.map(Arc::new)).map_err(|e| e.to_string()));
        table.clone()
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn read<'f>(
        rrd: &OpenRrd,
        turn: impl Fn() -> MutexGuard<'f, ()>,
        wanted: Wanted,
    ) -> Result<Option<Self>, Error> {
        let Wanted { cf, drawn, mut shift, step } = wanted;
        let turn = turn();
        let file = Reader::of(rrd)?;
        let (mut span, mut rows) = earlier_rows(&file, cf, drawn, shift, drawn.row)?;
        if span.row > drawn.row {
            // librrd moves rows by whole ones only.
            shift = nearest_row(shift, span.row);
            (span, rows) = earlier_rows(&file, cf, drawn, shift, span.row)?;
        }
        let last_update = file.last_update();
        // A little more than the newest row: whether the last step is known says whether anything
        // was ever written, since every step is written at its end.
        let from = last_update.div_euclid(span.row) * span.row - 2 * step;
        let newest = file.fetch(cf, from, last_update, step)?;
        drop(file);
        drop(turn);
        if newest.values.iter().all(|value| value.is_nan()) {
            return Ok(None);
        }
        Ok(Some(Self {
            span,
            shift,
            last_update,
            empty: rows.values.iter().all(|value| value.is_nan()),
            rows: Columns::of(&rows),
            newest: Columns::of(&newest),
            names: rows.names,
            name: rrd.name().to_owned(),
            best_known: OnceLock::new(),
        }))
    }

    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    pub(super) fn best_known(&self) -> usize {
        *self.best_known.get_or_init(|| {
            let known = |rows: &Columns, n| rows.column(n).iter().filter(|value| value.is_finite()).count();
            // Of several the first.
            let columns = (0..self.names.len()).rev();
            columns.max_by_key(|n| (known(&self.rows, *n), known(&self.newest, *n))).unwrap_or_default()
        })
    }
}

impl Columns {
    fn of(rows: &Rows) -> Self {
        let width = rows.names.len().max(1);
        let when = Stretch { step: rows.step, first_end: rows.first_end };
        Self { when, count: rows.values.len() / width, values: by_column(&rows.values, width) }
    }

    /// The values of the data source that stands at `index` in the file.
    pub(super) fn column(&self, index: usize) -> &[f64] {
        self.values.get(index * self.count..(index + 1) * self.count).unwrap_or_default()
    }
}

/// Rows of `width` values, one behind the other, as columns.
pub(crate) fn by_column(rows: &[f64], width: usize) -> Vec<f64> {
    // Some columns at a time, so that what is read and what is written both stay near to the processor.
    const SOME: usize = 16;
    let count = rows.len() / width.max(1);
    let mut values = vec![0.0; count * width];
    for first in (0..width).step_by(SOME) {
        let last = width.min(first + SOME);
        for (n, row) in rows.chunks_exact(width).enumerate() {
            for (column, value) in row.iter().enumerate().take(last).skip(first) {
                values[column * count + n] = *value;
            }
        }
    }
    values
}

/// The rows of `file`, near to `row` seconds, that are drawn in `drawn` and were `shift` seconds earlier, and the span of
/// them. Those of an earlier time may be kept only in longer rows.
fn earlier_rows(file: &Reader<'_>, cf: Cf, drawn: Span, shift: i64, row: i64) -> Result<(Span, Rows), Error> {
    let (start, end) = (drawn.start - shift, drawn.end - shift);
    let rows = file.fetch(cf, start, end, row)?;
    let span = match shift {
        0 => drawn,
        _ => {
            let row = rows.step.max(drawn.row);
            Span { start: start.div_euclid(row) * row, end: next_row(end, row), row }
        }
    };
    Ok((span, rows))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;
    use crate::protocol::send::SEND;
    use crate::store::rrd::{Update, create};

    const T: i64 = 1_790_000_040 / 3_600 * 3_600;

    /// Each row of a table stands in its column, and no file is opened or read a second time, whatever becomes of its path.
    #[test]
    fn a_file_is_opened_once_and_each_stretch_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("send.rrd");
        let new = SEND.index("message_new").unwrap();
        let update = |minute: i64| -> Update {
            let mut values = vec![0; SEND.counters.len()];
            values[new] = i128::from(minute);
            (T + minute * 60, values.into())
        };
        create(&path, &SEND, 60, &(1..=60).map(update).collect::<Vec<_>>()).unwrap();
        let files = Files::default();
        let span = |row| Span { start: T, end: T + 3_600, row };
        let wanted = |row| Wanted { cf: Cf::Average, drawn: span(row), shift: 0, step: 60 };
        let read = |row| files.file(&path).table(wanted(row)).unwrap().unwrap();
        let minutes = read(60);
        let column = minutes.names.iter().position(|name| name == "message_new").unwrap();
        let first = usize::try_from((T + 120 - minutes.rows.when.first_end) / 60).unwrap();
        let counted: Vec<f64> =
            minutes.rows.column(column)[first..first + 58].iter().map(|rate| (rate * 60.0).round()).collect();
        assert_eq!(counted, (1..=58).map(f64::from).collect::<Vec<_>>());
        std::fs::remove_file(&path).unwrap();
        thread::scope(|scope| {
            let other = || assert!(Arc::ptr_eq(&read(60), &minutes) && read(300).rows.when.step == 300);
            let started = thread::Builder::new().spawn_scoped(scope, other).unwrap();
            other();
            started.join().unwrap();
        });
        let opened = Command::new("ls").arg("-l").arg(format!("/proc/{}/fd", std::process::id())).output();
        let opened = String::from_utf8_lossy(&opened.unwrap().stdout).into_owned();
        assert_eq!(opened.matches(path.to_str().unwrap()).count(), 1, "{opened}");
        assert!(Files::default().file(&path).table(wanted(60)).unwrap().is_none(), "it is gone");
    }

    /// A thread that unlocked or closed the file while another one reads it would let a writer in between.
    #[test]
    fn while_one_thread_reads_a_file_no_other_gives_up_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("send.rrd");
        create(&path, &SEND, 60, &[(T + 60, vec![0; SEND.counters.len()].into())]).unwrap();
        let files = Files::default();
        let span = Span { start: T, end: T + 3_600, row: 60 };
        let file = files.file(&path);
        // How often another process may write in 300 ms.
        let writes = || {
            let program = "import fcntl, sys, time
file, got = open(sys.argv[1], 'r+b'), 0
for _ in range(30):
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        got += 1
        fcntl.lockf(file, fcntl.LOCK_UN)
    except OSError:
        pass
    time.sleep(0.01)
print(got)";
            let output = Command::new("python3").args(["-c", program]).arg(&path).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().unwrap()
        };
        assert_eq!(writes(), 30);
        thread::scope(|scope| {
            let turn = file.turn();
            let reader = Reader::of(file.rrd().unwrap().unwrap()).unwrap();
            let other =
                || files.file(&path).table(Wanted { cf: Cf::Average, drawn: span, shift: 0, step: 60 });
            let other = thread::Builder::new().spawn_scoped(scope, other).unwrap();
            assert_eq!(writes(), 0);
            drop(reader);
            drop(turn);
            other.join().unwrap().unwrap();
        });
        assert_eq!(writes(), 30);
    }
}
