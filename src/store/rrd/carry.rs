//! The way from the rows of one file to those of another one with other data sources.
use super::header::Source;
use super::layout::float;
use super::schema::Wanted;

/// For each data source of `new`, where `old` has it.
pub fn origins(old: &[Source], new: &[Source]) -> Vec<Option<usize>> {
    // A source that may be negative now goes on; one that was a level and is an amount now does not.
    new.iter().map(|n| old.iter().position(|o| o.name == n.name && o.kind == n.kind)).collect()
}

/// Where the values of a new row come from.
pub(super) struct Carry {
    origins: Vec<Option<usize>>,
    were_zero: Vec<bool>,
}

impl Carry {
    pub(super) fn of(old: &[Source], wanted: &Wanted) -> Self {
        Self { origins: origins(old, &wanted.sources), were_zero: wanted.were_zero.clone() }
    }

    /// For each data source of the new file, where the old one has it.
    pub(super) fn origins(&self) -> &[Option<usize>] {
        &self.origins
    }

    /// Puts into `new` the bytes of the row that goes on with the row `old`.
    pub(super) fn row(&self, old: &[u8], new: &mut Vec<u8>) {
        let is_known = || old.chunks_exact(8).any(|value| !float(value, 0).is_nan());
        let zero = if self.were_zero.contains(&true) && is_known() { 0.0 } else { f64::NAN };
        new.clear();
        for (origin, was_zero) in self.origins.iter().zip(&self.were_zero) {
            match origin {
                Some(at) => new.extend_from_slice(&old[8 * at..8 * at + 8]),
                None => new.extend_from_slice(&if *was_zero { zero } else { f64::NAN }.to_le_bytes()),
            }
        }
    }
}
