//! Which toaster.conf holds, and its text.
//!
//! A file that is named, or stands at one of the usual places, is read whole or not at all: one that cannot be read,
//! is empty or has NUL bytes in it (as files have after a full disk or a loss of power) is an error, never the
//! defaults, which would be another server's.
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{getegid, geteuid};

use super::document::Document;
use super::fields::{Config, ProvidersTable, ReasonsTable};
use super::keys;
use super::problem::{Problem, ProblemKind, Severity};
use crate::error::words;
use crate::protocol::{providers, reasons};

/// Where toaster.conf is looked for unless `--config` or `$TOASTER_CONF` names it.
const PLACES: [&str; 3] = ["/usr/local/etc/toaster.conf", "/opt/local/etc/toaster.conf", "/etc/toaster.conf"];

/// No configuration is longer than this, in bytes.
pub(super) const LONGEST: u64 = 1 << 20;

/// If no file is found, the search is repeated after this time: an editor that removes a file and then writes the new
/// one needs less.
const BEING_REPLACED: Duration = Duration::from_millis(100);

impl Config {
    /// Reads the configuration: `explicit` (`--config`), else `$TOASTER_CONF`, else toaster.conf in the first of
    /// /usr/local/etc, /opt/local/etc and /etc that has one, else the built-in defaults.
    ///
    /// Never fails: whatever cannot be read keeps its default and is reported.
    pub fn load(explicit: Option<&Path>) -> (Config, Vec<Problem>) {
        let variable = std::env::var_os("TOASTER_CONF");
        let search = || Config::search(explicit, variable.clone(), &PLACES.map(Path::new));
        let (mut config, mut problems) = search();
        let nothing_found = config.file.is_none() && problems.is_empty();
        if nothing_found && std::fs::symlink_metadata(config.logs_base.join("state")).is_err() {
            // Either this is a first run with the defaults, or the file is being replaced at this moment.
            std::thread::sleep(BEING_REPLACED);
            (config, problems) = search();
        }
        config.read_tables(&mut problems);
        config.broken = problems.iter().any(Problem::stops);
        let real = |file: &Path| std::fs::canonicalize(file).or_else(|_| std::path::absolute(file)).ok();
        config.real_file = config.file.as_deref().and_then(real);
        (config, problems)
    }

    /// Reads the files that `reasons_file` and `providers_file` name.
    pub(super) fn read_tables(&mut self, problems: &mut Vec<Problem>) {
        if let Some(file) = self.reasons_file.clone().filter(|_| self.reasons) {
            let table = read_table("reasons_file", &file, reasons::Table::parse, problems);
            self.reasons_table = table.map(ReasonsTable);
        }
        if let Some(file) = self.providers_file.clone().filter(|_| self.providers) {
            let table = read_table("providers_file", &file, providers::Table::parse, problems);
            self.providers_table = table.map(ProvidersTable);
        }
    }

    /// As [`Config::load`], in a given environment.
    pub(super) fn search(
        explicit: Option<&Path>,
        variable: Option<OsString>,
        places: &[&Path],
    ) -> (Config, Vec<Problem>) {
        let variable = variable.filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(file) = explicit.or(variable.as_deref()) {
            return match read(file) {
                Ok(text) => Config::with_neighbour(&text, file),
                Err(error) => Config::unreadable(file, &error),
            };
        }
        for file in places {
            match read(file) {
                Ok(text) => return Config::with_neighbour(&text, file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Config::unreadable(file, &error),
            }
        }
        (Config::default(), Vec::new())
    }

    fn unreadable(file: &Path, error: &io::Error) -> (Config, Vec<Problem>) {
        let text = format!("cannot read: {}", why(file, error));
        let problem = Problem { severity: Severity::Error, ..unread(file, text) };
        (Config::default(), vec![problem])
    }

    /// As [`Config::parse`]; for keys that `text` does not set, toaster-watcher.conf beside `file` is read.
    fn with_neighbour(text: &str, file: &Path) -> (Config, Vec<Problem>) {
        let neighbour = file.with_file_name("toaster-watcher.conf");
        let (config, problems) = Config::assemble(text, file, |config, document, problems| {
            let error = match read_text(&neighbour) {
                Ok(text) => {
                    // Most of that file is not for us, so its syntax is not ours to judge.
                    let watcher = Document::parse(&text, &neighbour, &mut Vec::new());
                    let lacking = |key: &str| keys::of_watcher(key) && !document.has(key);
                    keys::apply(config, &watcher, &neighbour, &lacking, problems);
                    return;
                }
                Err(error) => error,
            };
            // It holds passwords and is often for root alone. A logger's user who may not read it reads no syslog that
            // it names; root's cron does, and nothing is lost. Any other failure passes: then nothing is done.
            let severity = match error.kind() {
                io::ErrorKind::NotFound => return,
                io::ErrorKind::PermissionDenied => Severity::Warning,
                _ if keys::methods().all(|key| document.has(key)) => Severity::Warning,
                _ => Severity::Error,
            };
            let way = "what it says is left out; where that matters, put send_log_method, smtpd_log_method and \
                       pop3_log_method into toaster.conf";
            let text = format!("cannot read: {}; {way}", why(&neighbour, &error));
            problems.push(Problem { severity, ..unread(&neighbour, text) });
        });
        (Config { unended: !text.ends_with('\n'), ..config }, problems)
    }
}

/// The table in `file`, which `key` names, for as long as the process lives. `None`: it cannot be read, or has an error.
fn read_table<T>(
    key: &str,
    file: &Path,
    parse: fn(&str) -> Result<T, String>,
    problems: &mut Vec<Problem>,
) -> Option<&'static T> {
    let table = match read(file) {
        Ok(text) => parse(&text),
        Err(error) => Err(format!("cannot read: {}", why(file, &error))),
    };
    match table {
        Ok(table) => Some(Box::leak(Box::new(table))),
        Err(text) => {
            let (key, kind) = (Some(key.to_owned()), ProblemKind::Value);
            problems.push(Problem { severity: Severity::Error, kind, key, ..unread(file, text) });
            None
        }
    }
}

/// The text of a configuration, which is not empty.
pub(super) fn read(file: &Path) -> io::Result<String> {
    let text = read_text(file)?;
    let wrong = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    // Who names /dev/null means the defaults.
    let on_purpose = || std::fs::metadata(file).is_ok_and(|meta| meta.file_type().is_char_device());
    if text.chars().all(|c| c == '\0' || c.is_whitespace()) && !on_purpose() {
        return wrong("it is empty; write it anew (one that has only comments means the defaults)".into());
    }
    if let Some(at) = text.find('\0') {
        let line = 1 + text[..at].matches('\n').count();
        return wrong(format!("line {line} holds NUL bytes, as after a loss of power; write it anew"));
    }
    Ok(text)
}

/// The text of a file of at most [`LONGEST`] bytes. What is not UTF-8 in it (an old comment) becomes U+FFFD.
fn read_text(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut opened = File::open(file)?;
    opened.by_ref().take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let text = format!("it has more than {LONGEST} bytes, which no configuration has");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    // Somebody writes it at this moment: part of it may be missing.
    if opened.metadata().is_ok_and(|meta| meta.is_file() && meta.len() != bytes.len() as u64) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it changed while it was read"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Why a file cannot be read; where rights are missing, whose it is and the way out.
fn why(file: &Path, error: &io::Error) -> String {
    let said = words(error);
    match error.kind() {
        io::ErrorKind::PermissionDenied => match std::fs::metadata(file) {
            Ok(meta) => format!("{said}: {}; chmod 0644 lets everybody read it", rights(&meta)),
            Err(_) => format!(
                "{said}: a directory above it may not be searched by user {} of group {}",
                geteuid(),
                getegid()
            ),
        },
        io::ErrorKind::NotFound => {
            format!(
                "{said}; the built-in defaults are not used instead: put it back, or name another one with --config or TOASTER_CONF"
            )
        }
        _ => said,
    }
}

/// `it has mode 0600 and is of user 0 and group 0, and this is user 101 of group 102`.
fn rights(meta: &Metadata) -> String {
    format!(
        "it has mode {:04o}, user {} and group {}, and is read by user {} of group {}",
        meta.mode() & 0o7777,
        meta.uid(),
        meta.gid(),
        geteuid(),
        getegid()
    )
}

/// A warning about a whole file.
pub(super) fn unread(file: &Path, text: String) -> Problem {
    let file = file.to_path_buf();
    Problem { severity: Severity::Warning, kind: ProblemKind::File, file, line: None, key: None, text }
}
