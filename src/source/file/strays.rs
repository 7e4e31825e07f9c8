//! The search for a file that was being read among all regular files, whatever they are called.
use std::cmp::Reverse;

use super::content::Match;
use super::look::Look;
use super::plan::{SECOND, Trouble, Try};
use super::siblings::{Kin, Sibling};
use crate::store::ledger::{Position, Stream};

/// The most files that are opened, those that were written to last first.
const MOST_FILES: usize = 500;
/// The most bytes that are unpacked in one search. Of a file that is not packed at most 1,280 are read.
const MOST_BYTES: u64 = 256 << 20;
/// A position with so many bytes before it, or with a time, is of one file only; of fewer bytes others may begin so.
const ENOUGH: u64 = 256;

impl Look<'_> {
    /// Looks for the file of `position` by its content in every directory where a rotated file may stand. One that is
    /// found is a sibling from the next list on.
    pub fn search(&mut self, stream: &Stream, position: &Position) -> Try<()> {
        let is_hinted = |s: &Sibling| s.entry.file == position.file;
        let mut all: Vec<Sibling> = self.list_all(true)?;
        // Ours was written to when it was read, and no program that packs or copies makes that older or shorter.
        all.retain(|s| {
            let is_younger = s.entry.mtime.saturating_add(SECOND) >= position.mtime;
            s.kin == Kin::Stray
                && (is_hinted(s) || is_younger)
                && (s.compression.is_packed() || s.entry.size > 0)
                && !self.strays.contains(&s.path)
        });
        all.sort_by_key(|s| (Reverse((is_hinted(s), s.entry.mtime)), s.path.clone()));
        let is_telling = position.counted >= ENOUGH || stream.last_time > 0;
        let mut bytes = 0;
        for sibling in all.iter().filter(|s| is_telling || is_hinted(s)).take(MOST_FILES) {
            let name = sibling.path.display().to_string();
            let open = match self.open_new(sibling) {
                Ok(open) => open,
                Err(Trouble::Changed) => return Err(Trouble::Changed),
                // It was ours a moment ago.
                Err(e) if is_hinted(sibling) => return Err(e),
                Err(Trouble::Failed(_)) => {
                    self.looked.insert(format!("{name} (cannot be read)"));
                    continue;
                }
            };
            self.looked.insert(name);
            if open.compression.is_packed() && open.begins_as(position) {
                bytes += position.counted;
            }
            if bytes <= MOST_BYTES && open.matches(position)? == Match::Full {
                self.strays.push(sibling.path.clone());
                return Ok(());
            }
        }
        if all.len() > MOST_FILES || bytes > MOST_BYTES {
            self.looked.insert(format!("and no further: there are {} files", all.len()));
        }
        Ok(())
    }

    /// Where the file of a stream was looked for, for a sentence.
    pub fn places(&self) -> String {
        const MOST: usize = 8;
        let mut names: Vec<&str> = self.looked.iter().map(String::as_str).take(MOST).collect();
        let more = format!("{} more", self.looked.len().saturating_sub(MOST));
        if self.looked.len() > MOST {
            names.push(&more);
        }
        if names.is_empty() { "no other file is there".to_owned() } else { names.join(", ") }
    }
}
