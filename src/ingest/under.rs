//! What the store is told of the configuration that it is written under.
use std::io::ErrorKind;
use std::path::Path;

use super::{Feed, Job, feeds};
use crate::config::{Config, Problem};
use crate::disk;
use crate::error::{Error, Result};
use crate::store::record::{LARGEST_RECORD, decode};
use crate::store::state::State;
use crate::store::under::{Form, Found, Under};

pub(super) fn under(config: &Config, feed: &Feed) -> Under {
    let file = config.real_file.as_deref().map(|file| file.to_string_lossy().into_owned());
    let named = config.file.as_deref().and_then(|file| std::path::absolute(file).ok());
    let named = named.map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
    Under {
        config: named,
        real: file.unwrap_or_default(),
        form: form(config, feed),
        cut: config.unended,
        read,
    }
}

fn form(config: &Config, feed: &Feed) -> Form {
    let counter_file = config.logs_counters.join(&feed.counter_file);
    let rrd = config.rrd_dir.join(format!("{}.rrd", feed.protocol.name));
    Form::of(feed.protocol, &config.logs_base, i64::from(config.rrd_step), &counter_file, &rrd)
}

fn read(file: &Path, protocol: &str) -> Found {
    match std::fs::symlink_metadata(file) {
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Found::Gone;
        }
        _ => {}
    }
    let (config, problems) = Config::load(Some(file));
    if let Some(problem) = problems.iter().find(|problem| Problem::stops(problem)) {
        let said = problem.to_string();
        return Found::Unreadable(
            said.strip_prefix(&format!("{}: ", file.display())).unwrap_or(&said).to_owned(),
        );
    }
    match feeds(&config).iter().find(|feed| feed.protocol.name == protocol) {
        Some(feed) => Found::Wants(form(&config, feed)),
        None => Found::Gone,
    }
}

impl Job<'_> {
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
