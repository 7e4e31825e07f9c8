//! `like` in `[protocol.NAME]`: which protocols may be taken once more, and that no line counts for both.
use std::path::{Path, PathBuf};

use super::custom::CustomSource;
use super::defaults::USUAL_SYSLOGS;
use super::fields::Config;
use super::keys;
use crate::protocol::{BUILTIN, Protocol, shipped};

/// The built-in protocol that `like` names.
///
/// # Errors
/// When there is none of that name, or it does not count lines.
pub(super) fn original(like: &str, config: &Config) -> Result<&'static Protocol, String> {
    if let Some(card) = shipped().iter().find(|card| card.name == like) {
        return match card.measured {
            false => Ok(card),
            true => Err(format!(
                "like: {like} is measured, not read from lines; a list of directories in qmail_queue_dir measures them together"
            )),
        };
    }
    if let Some(card) = shipped().iter().find(|card| card.parts().any(|part| part == like)) {
        return Err(format!("like: {like} is a part of {0}; like = \"{0}\" has it too", card.name));
    }
    let models: Vec<&str> = shipped().iter().filter(|card| !card.measured).map(|card| card.name).collect();
    let all = models.join(", ");
    if let Some(own) = config.protocols.iter().find(|own| own.name == like) {
        let way = match own.like {
            Some(original) => format!("write like = \"{original}\" here too"),
            None => "write its [[counter]] tables again for this one".to_owned(),
        };
        return Err(format!("like: {like} is a protocol of toaster.conf; {way}"));
    }
    let start: String = like.chars().take(60).collect();
    let near = keys::nearest_of(like, models.into_iter());
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("like: there is no built-in protocol {start:?}, only {all}{near}"))
}

/// A log.
#[derive(PartialEq, Eq)]
enum Log {
    Directory(PathBuf),
    /// A file; of the journal, its name in `logs_syslog`.
    File(PathBuf),
}

impl Log {
    /// Is it the same, or does one of them stand in the other?
    fn meets(&self, other: &Log) -> bool {
        let is_in = |file: &Path, dir: &Path| file.parent() == Some(dir);
        match (self, other) {
            (Log::Directory(dir), Log::File(file)) | (Log::File(file), Log::Directory(dir)) => {
                is_in(file, dir)
            }
            _ => self == other,
        }
    }

    fn name(&self) -> String {
        let (Log::Directory(path) | Log::File(path)) = self;
        format!("{:?}", path.display().to_string())
    }
}

/// The logs of a source.
fn logs(config: &Config, source: &CustomSource) -> Vec<Log> {
    match source {
        CustomSource::Multilog(dir) => vec![Log::Directory(dir.clone())],
        CustomSource::File(file) | CustomSource::SyslogAt(file) => vec![Log::File(file.clone())],
        CustomSource::Syslog => syslogs(config),
    }
}

/// What syslog may be.
fn syslogs(config: &Config) -> Vec<Log> {
    match &config.logs_syslog {
        Some(names) => names.iter().map(|name| Log::File(name.into())).collect(),
        None => USUAL_SYSLOGS.iter().map(|name| Log::File(name.into())).collect(),
    }
}

/// Refuses a `source` of a second instance of `original` that the original reads too, or another instance of it: each of its
/// lines would count twice.
///
/// # Errors
/// When it is read already: by whom, and the way out.
pub(super) fn refuse_to_read_twice(
    config: &Config,
    original: &Protocol,
    source: &CustomSource,
) -> Result<(), String> {
    const WAY: &str =
        "name a source that only this one reads (\"multilog:DIR\", \"syslog:PATH\", \"file:PATH\")";
    let wanted = logs(config, source);
    // It depends on toaster.conf whether it reads syslog.
    let at = shipped().iter().position(|card| card.name == original.name);
    let reads_syslog = at.is_some_and(|at| BUILTIN[at](&config.settings()).reads_syslog);
    let others = config.protocols.iter().filter(|own| own.like == Some(original.name));
    if *source == CustomSource::Syslog {
        let other = others.clone().find(|own| own.source == CustomSource::Syslog).map(|own| &*own.name);
        if let Some(reader) = reads_syslog.then_some(original.name).or(other) {
            return Err(format!(
                "source: {reader} reads the syslog already, and its lines would count twice; {WAY}"
            ));
        }
    }
    let meets = |log: &Log| wanted.iter().any(|wanted| wanted.meets(log));
    let directories = config.directories(original);
    if let Some(dir) = directories.into_iter().map(Log::Directory).find(meets) {
        let key = original.directories().map_or("toaster.conf", |dirs| dirs.key);
        return Err(format!(
            "source: {} is a log directory of {} already, and its lines would count twice; take it out of {key}, or {WAY}",
            dir.name(),
            original.name
        ));
    }
    let files = config.files(original).into_iter().map(Log::File);
    let syslogs = if reads_syslog { syslogs(config) } else { Vec::new() };
    let of_original = files.chain(syslogs).map(|log| (original.name, log));
    let of_others = others.flat_map(|own| logs(config, &own.source).into_iter().map(|log| (&*own.name, log)));
    match of_original.chain(of_others).find(|(_, log)| meets(log)) {
        None => Ok(()),
        Some((reader, log)) => Err(format!(
            "source: {reader} reads {} already, and its lines would count twice; {WAY}",
            log.name()
        )),
    }
}
