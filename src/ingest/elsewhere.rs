//! A log directory that is counted in another store, or for another protocol.
use std::io::ErrorKind;
use std::path::Path;

use super::job::Job;
use crate::disk;
use crate::error::{Error, Result};
use crate::store::record::{LARGEST_RECORD, decode};
use crate::store::state::State;

impl Job<'_> {
    /// Refuses what a logger hands to us in `directory`, where that is a log directory of a second instance of this protocol
    /// (`like` in toaster.conf), or of the original: the logger still runs the processor of before, and the lines would count
    /// for both.
    ///
    /// # Errors
    /// When it is one.
    pub(super) fn refuse_to_count_for_another(&self, directory: &Path) -> Result<()> {
        let ours = self.feed.protocol;
        match self.other_reader_of(directory) {
            Some((processor, other)) if other.original() == ours.original() => Err(Error::Message(format!(
                "{}: is the log directory of {} in toaster.conf, not of {}; let its logger run {processor}",
                directory.display(),
                other.name,
                ours.name
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses what a logger hands to us in `directory`, where that is a log directory of another store than
    /// `logs_base`: the configuration that names it was not found this time, or was cut off. Such a store stands above
    /// its log directories, and knows them.
    ///
    /// # Errors
    /// When there is such a store, or it cannot be read.
    pub(super) fn refuse_to_count_elsewhere(&self, directory: &Path) -> Result<()> {
        let ours =
            std::fs::canonicalize(&self.config.logs_base).unwrap_or_else(|_| self.config.logs_base.clone());
        for base in directory.ancestors().skip(1).filter(|base| *base != ours) {
            let file = base.join("state").join(format!("{}.state", self.feed.protocol.name));
            let read = match disk::read_within(&file, LARGEST_RECORD) {
                // Whoever may not go there cannot have counted there.
                Err(Error::Io { source, .. })
                    if matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::NotADirectory)
                        || source.raw_os_error() == Some(nix::libc::ELOOP) =>
                {
                    continue;
                }
                // Something of that name is there, and no store: multilog has a file `state` in each of its directories.
                Err(Error::TooLarge { .. } | Error::Message(_)) => continue,
                other => other?,
            };
            let Some(state) = read.and_then(|bytes| decode::<State>(&bytes)) else {
                continue;
            };
            if state.ledger.directories.iter().any(|known| Path::new(&known.path) == directory) {
                let config = self
                    .config
                    .file
                    .as_ref()
                    .map_or("toaster.conf".into(), |file| file.display().to_string());
                let found =
                    if self.config.file.is_some() { "says" } else { "was not found; without it there is" };
                return Err(Error::Message(format!(
                    "{}: is counted in the store {}, and {config} {found} logs_base = {:?}; set logs_base, or, if the store was left on purpose, move {} away",
                    directory.display(),
                    base.display(),
                    self.config.logs_base,
                    file.display()
                )));
            }
        }
        Ok(())
    }
}
