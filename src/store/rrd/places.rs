//! Where the rows of an archive are in their file, by the times at which they end.
use super::header::Header;

/// The rows of one archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// Seconds that a row covers.
    pub(super) period: i64,
    count: i64,
    /// When the newest row ends, unix seconds: at the last multiple of its length.
    pub(super) newest: i64,
    /// The number of the newest row.
    pointer: i64,
    begin: u64,
    width: u64,
}

impl Places {
    /// Those of all archives of a file, in order.
    pub(super) fn of(header: &Header) -> Vec<Self> {
        let mut begin = header.bytes.len() as u64;
        let place = |number: usize| {
            let archive = &header.archives[number];
            let period = i64::try_from(archive.steps as u64 * header.step).unwrap_or(i64::MAX);
            let places = Self {
                period,
                count: i64::try_from(archive.rows).unwrap_or(0),
                newest: header.last_update.div_euclid(period) * period,
                pointer: i64::try_from(header.pointer(number)).unwrap_or(0),
                begin,
                width: 8 * header.sources.len() as u64,
            };
            begin += archive.rows as u64 * places.width;
            places
        };
        (0..header.archives.len()).map(place).collect()
    }

    /// When the oldest row ends.
    pub(super) fn oldest(&self) -> i64 {
        self.newest - (self.count - 1) * self.period
    }

    /// The byte at which the row that ends at `end` begins.
    pub(super) fn place(&self, end: i64) -> u64 {
        let back = (self.newest - end) / self.period;
        let at = (self.pointer - back).rem_euclid(self.count);
        self.begin + u64::try_from(at).unwrap_or(0) * self.width
    }

    /// The byte at which the rows begin.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// The byte behind the last row.
    pub(super) fn end(&self) -> u64 {
        self.begin + u64::try_from(self.count).unwrap_or(0) * self.width
    }
}
