//! Which templates there are: the binary's, those of `templates_dir`, and those that are made from toaster.conf.

use std::path::Path;
use std::time::SystemTime;

use super::{MAX_LEGEND, Series, Template, own, parse, text};

/// Templates of the binary, in the order of the page.
pub(in crate::graph) const EMBEDDED: &[(&str, &str)] = &[
    ("deliveries", include_str!("../../../templates/deliveries.toml")),
    ("concurrency", include_str!("../../../templates/concurrency.toml")),
    ("messages", include_str!("../../../templates/messages.toml")),
    ("throughput", include_str!("../../../templates/throughput.toml")),
    ("queue", include_str!("../../../templates/queue.toml")),
    ("rbl", include_str!("../../../templates/rbl.toml")),
    ("smtp-filter", include_str!("../../../templates/smtp-filter.toml")),
    ("smtp-sessions", include_str!("../../../templates/smtp-sessions.toml")),
    ("smtp-auth", include_str!("../../../templates/smtp-auth.toml")),
    ("pop3", include_str!("../../../templates/pop3.toml")),
    ("imap", include_str!("../../../templates/imap.toml")),
    ("webmail", include_str!("../../../templates/webmail.toml")),
    ("spam", include_str!("../../../templates/spam.toml")),
    ("spam-scores", include_str!("../../../templates/spam-scores.toml")),
    ("spam-seconds", include_str!("../../../templates/spam-seconds.toml")),
    ("virus", include_str!("../../../templates/virus.toml")),
];

/// A template larger than this is not one.
const MAX_BYTES: u64 = 65_536;

/// All templates: those of the binary, each replaced by the file of its name in `dir`, then the
/// others of `dir` by name, then those of own protocols and counters. The second list says what could not be used;
/// the rest is there.
pub(in crate::graph) fn load(dir: Option<&Path>, series: &[Series]) -> (Vec<Template>, Vec<String>) {
    let mut problems = Vec::new();
    let mut found = dir.map_or_else(Vec::new, |dir| read_dir(dir, &mut problems));
    let mut templates = Vec::new();
    for (name, embedded) in EMBEDDED {
        let own = found.iter().position(|file| file.name == *name);
        let parsed = match own.map(|index| found.remove(index)) {
            Some(file) => file.parse(series),
            None => parse(name, &format!("templates/{name}.toml"), embedded, None, series),
        };
        match parsed {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    let taken: Vec<String> = found.iter().map(|file| file.name.clone()).collect();
    for file in found {
        match file.parse(series) {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    own::add(series, &taken, &mut templates, &mut problems);
    (templates, problems)
}

/// The text of one file of the user's.
struct File {
    name: String,
    path: String,
    text: Result<String, String>,
    modified: Option<SystemTime>,
}

impl File {
    fn parse(self, series: &[Series]) -> Result<Template, String> {
        let text = self.text.map_err(|error| format!("{}: {error}", self.path))?;
        parse(&self.name, &self.path, &text, self.modified, series)
    }
}

/// The `.toml` files of `dir`, by name.
fn read_dir(dir: &Path, problems: &mut Vec<String>) -> Vec<File> {
    let entries = match crate::dir::read(dir) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(format!(
                "templates_dir {}: {error}; only the built-in templates are drawn",
                dir.display()
            ));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path().to_owned()) {
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str());
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                let metadata = std::fs::metadata(&path);
                let text = match &metadata {
                    Ok(metadata) if !metadata.is_file() => Err("not a file".to_owned()),
                    Ok(metadata) if metadata.len() > MAX_BYTES => {
                        Err(format!("larger than {MAX_BYTES} bytes: not a template"))
                    }
                    Ok(_) => std::fs::read_to_string(&path).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                files.push(File {
                    name: name.to_owned(),
                    path: text::plain(&path.display().to_string()),
                    text,
                    modified: metadata.ok().and_then(|metadata| metadata.modified().ok()),
                });
            }
            None => problems.push(format!(
                "{}: a template's file name is 1 to {MAX_LEGEND} of a-z, 0-9, - and _, then .toml; \
                 rename it",
                text::plain(&path.display().to_string())
            )),
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Whether `name` may name a graph: it becomes part of file names and links.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_LEGEND).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        && !name.starts_with('-')
}
