//! The search for a file that was being read among all regular files, whatever they are called.
use std::cmp::Reverse;

use super::catch_up::{SECOND, Trouble, Try};
use super::content::Match;
use super::look::Look;
use super::siblings::{Kin, Sibling};
use crate::ledger::{Position, Stream};

/// The most files that are opened, those that were written to last first.
const MOST_FILES: usize = 500;
/// The most bytes that are unpacked in one search. Of a file that is not packed at most 1,280 are read.
const MOST_BYTES: u64 = 256 << 20;
/// A position with at least this number of counted bytes, or with a time, can be of one file only; with fewer bytes other
/// files may begin in the same way.
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
        let (mut bytes, mut looked_at) = (0, 0);
        for sibling in all.iter().filter(|s| is_telling || is_hinted(s)).take(MOST_FILES) {
            let name = sibling.path.display().to_string();
            let open = match self.open_new(sibling) {
                Ok(open) => open,
                Err(Trouble::Changed) => return Err(Trouble::Changed),
                // It was ours a moment ago.
                Err(e) if is_hinted(sibling) => return Err(e),
                Err(Trouble::Failed(_)) => {
                    self.looked.insert(format!("{name} (cannot be read)"));
                    looked_at += 1;
                    continue;
                }
            };
            self.looked.insert(name);
            if open.compression.is_packed() && open.begins_as(position) {
                bytes += position.counted;
            }
            let matches = match open.matches(position) {
                _ if bytes > MOST_BYTES => break,
                // An archive that is being made stands beside what it is made of.
                Err(_) if !is_hinted(sibling) => Match::No,
                other => other?,
            };
            looked_at += 1;
            if matches == Match::Full {
                self.strays.push(sibling.path.clone());
                return Ok(());
            }
        }
        self.not_looked_at = all.len() - looked_at;
        Ok(())
    }

    /// Where the file of a stream was looked for, for a sentence.
    pub fn places(&self) -> String {
        const MOST: usize = 8;
        let names: Vec<&str> = self.looked.iter().map(String::as_str).take(MOST).collect();
        if names.is_empty() {
            return "no other file is there".to_owned();
        }
        let mut text = format!("none of these files is it: {}", names.join(", "));
        if self.looked.len() > MOST {
            text += &format!(" and {} more", self.looked.len() - MOST);
        }
        if self.not_looked_at > 0 {
            text += &format!("; {} older ones were not looked at", self.not_looked_at);
        }
        text
    }
}
