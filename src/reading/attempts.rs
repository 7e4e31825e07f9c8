//! How attempts to deliver ended today and yesterday: where they went, why they did not succeed, what was said last. Plain
//! values, with the words that people are told.
use std::fmt;

/// Two days of attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    /// From when on all of them are in it, Unix seconds; 0: nothing is known yet. What ended before is not in it, which does
    /// not mean that it was nothing.
    pub since: i64,
    /// What places and classes are, for people.
    pub told: Told,
    /// The local day of the reading.
    pub today: Day,
    /// The one before.
    pub yesterday: Day,
    /// Of each class that has one, the last text of those days.
    pub texts: Vec<Text>,
}

/// Makes the words: they are asked for by pages alone, and take longer than all else of a query that finds nothing new.
#[derive(Clone, Copy)]
pub struct Told(pub &'static (dyn Fn() -> Words + Send + Sync));

impl Default for Told {
    fn default() -> Told {
        Told(&Words::default)
    }
}

impl PartialEq for Told {
    /// Always equal, because they follow from the protocol.
    fn eq(&self, _: &Told) -> bool {
        true
    }
}

impl Eq for Told {}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

/// What is told of the rows and columns, for people. Positions in these lists name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Where attempts go.
    pub places: Vec<Place>,
    /// Why they do not succeed.
    pub classes: Vec<Class>,
    /// Where all attempts are counted, wherever they go.
    pub all: Series,
}

/// A place that attempts go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name in toaster.conf and in counters.
    pub key: &'static str,
    /// Its name for people, where it stands alone.
    pub label: String,
    /// The same within a sentence.
    pub name: String,
    /// What belongs to it, in a few words.
    pub has: String,
    /// Where its attempts are counted; `None`: no counter has them alone.
    pub series: Option<Series>,
}

/// Which counters have the attempts of a place, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// Those that succeeded.
    pub delivered: Sum,
    /// Those that are tried again.
    pub put_off: Sum,
    /// Those that are not.
    pub failed: Sum,
}

/// An amount that is made of counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// Those that are added.
    pub plus: Vec<&'static str>,
    /// Those that are taken away.
    pub minus: Vec<&'static str>,
    /// The sum says nothing where one of these moved.
    pub unless: Vec<&'static str>,
}

impl Sum {
    /// What one counter has.
    pub fn of(key: &'static str) -> Sum {
        Sum { plus: vec![key], ..Sum::default() }
    }

    /// Its keys, each with what it is multiplied by.
    pub fn terms(&self) -> impl Iterator<Item = (&'static str, i128)> {
        self.plus.iter().map(|key| (*key, 1)).chain(self.minus.iter().map(|key| (*key, -1)))
    }
}

/// A class of reasons why attempts do not succeed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    /// Its name in the table of rules.
    pub key: &'static str,
    /// The counter that has its attempts, those of all outcomes.
    pub counter: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it means, a sentence.
    pub means: String,
    /// What a postmaster should do about it, a sentence.
    pub todo: String,
}

/// The attempts that ended on a local day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// `YYYYMMDD`; 0: there is none.
    pub date: u32,
    /// When it begins, Unix seconds.
    pub begin: i64,
    /// Those that succeeded, of each of [`Words::places`]. Empty: none did.
    pub delivered: Vec<u64>,
    /// Those that did not; what is not in it is 0.
    pub cells: Vec<Cell>,
}

/// The attempts to one place that did not succeed for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// A position in [`Words::places`].
    pub place: usize,
    /// A position in [`Words::classes`].
    pub class: usize,
    /// Those that are tried again.
    pub put_off: u64,
    /// Those that are not.
    pub failed: u64,
}

/// What was said last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// A position in [`Words::classes`].
    pub class: usize,
    /// Of what failed for good? Else of what is tried again.
    pub failed: bool,
    /// When it was logged, Unix seconds.
    pub time: i64,
    /// The text. It has no control characters; all else is as another server or a client wrote it.
    pub text: String,
}

impl Attempts {
    /// What places and classes are, for people.
    pub fn words(&self) -> Words {
        (self.told.0)()
    }
}

impl Day {
    /// Those that succeeded at a place.
    pub fn delivered(&self, place: usize) -> u64 {
        self.delivered.get(place).copied().unwrap_or_default()
    }

    /// The sum of the cells that are wanted: those that are tried again, and those that are not.
    pub fn sum(&self, is_wanted: impl Fn(&Cell) -> bool) -> (u64, u64) {
        let wanted = self.cells.iter().filter(|cell| is_wanted(cell));
        wanted.fold((0, 0), |(put_off, failed), cell| (put_off + cell.put_off, failed + cell.failed))
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.delivered.iter().all(|number| *number == 0)
    }
}
