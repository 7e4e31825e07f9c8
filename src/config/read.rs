//! From the text of toaster.conf to [`Config`].
use std::collections::BTreeMap;
use std::path::Path;

use super::document::Document;
use super::fields::Config;
use super::keys;
use super::problem::{Problem, ProblemKind, Severity};
use super::tables;

/// The shipped toaster.conf: the defaults, each with its meaning.
pub const SHIPPED: &str = include_str!("../../toaster.conf");

impl Default for Config {
    /// The values of the shipped toaster.conf, which are the same on every machine.
    fn default() -> Self {
        let (config, _) = Config::parse(SHIPPED, Path::new("toaster.conf"));
        Config { file: None, origins: BTreeMap::new(), ..config }
    }
}

impl Config {
    /// Reads the configuration from text; `file` is its name in messages.
    pub fn parse(text: &str, file: &Path) -> (Config, Vec<Problem>) {
        Config::assemble(text, file, |_, _, _| {})
    }

    /// Defaults, then `text`, then what `more` adds.
    pub(super) fn assemble(
        text: &str,
        file: &Path,
        more: impl FnOnce(&mut Config, &Document, &mut Vec<Problem>),
    ) -> (Config, Vec<Problem>) {
        let mut problems = Vec::new();
        let document = Document::parse(text, file, &mut problems);
        let mut config = Config::builtin();
        keys::apply(&mut config, &document, file, &|_| true, &mut problems);
        more(&mut config, &document, &mut problems);
        (config.finish(document, file, &mut problems), problems)
    }

    /// Keys that were set and no longer act, each with why.
    pub fn inactive(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        keys::INACTIVE.iter().copied().filter(|(key, _)| self.raw.contains_key(*key))
    }

    /// The steps that need all keys: counter files must differ, paths become absolute, and then the tables are read,
    /// because their paths and counter files must differ from those as well.
    fn finish(mut self, document: Document, file: &Path, problems: &mut Vec<Problem>) -> Config {
        keys::distinct_counter_files(&mut self, &document, file, problems);
        let base = self.logs_base.clone();
        let lists = self.log_dirs.values_mut().chain(self.log_files.values_mut()).flatten();
        let single = [&mut self.logs_counters, &mut self.rrd_dir, &mut self.graphs_dir];
        let files = [&mut self.templates_dir, &mut self.reasons_file, &mut self.providers_file];
        for path in single.into_iter().chain(lists).chain(files.into_iter().flatten()) {
            // An absolute path stays what it is.
            *path = base.join(&*path);
        }
        tables::read(&mut self, &document, file, problems);
        self.raw = document.table;
        self.file = Some(file.to_path_buf());
        self
    }
}

impl Problem {
    /// Must nothing be done until this is mended? The default that is used in place of the value that was meant may
    /// be right for another server only.
    pub fn stops(&self) -> bool {
        let misspelt = || self.key.as_deref().is_some_and(keys::misspells_what_is_kept);
        self.severity == Severity::Error || (self.kind == ProblemKind::UnknownKey && misspelt())
    }

    /// Must a logger's processor stop as well, and exit 111? It goes on with the default of a key that only decides
    /// how something looks.
    pub fn stops_a_roll(&self) -> bool {
        let looks = self.kind == ProblemKind::Value && self.key.as_deref().is_some_and(keys::only_looks);
        self.stops() && !looks
    }
}
