//! Which templates there are: the binary's, those of `templates_dir`, and those that are made from toaster.conf.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::Path;
#[cfg(test)]
use std::sync::LazyLock;
use std::time::SystemTime;

use super::check::{parse, parse_for};
use super::custom;
use super::like::{Planned, planned};
use super::model::{MAX_NAME, Template, is_name};
use crate::chart::text;
use crate::error::words;
use crate::protocol::{Protocol, shipped};
use crate::reading::Reading;
use crate::source::opener::{self, Opener, Plain};

/// Templates of the binary, in the order of the page: name and text, as they stand on the cards of the protocols.
#[cfg(test)]
pub(crate) static EMBEDDED: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| cards().flat_map(embedded).collect());

/// The cards in the order in which their graphs stand on the page.
fn cards() -> impl Iterator<Item = &'static Protocol> {
    let (leading, others): (Vec<&Protocol>, Vec<&Protocol>) =
        shipped().iter().partition(|card| card.leads_the_page);
    leading.into_iter().chain(others)
}

/// The templates on a card.
fn embedded(card: &'static Protocol) -> impl Iterator<Item = (&'static str, &'static str)> {
    card.templates.iter().chain(card.sections.iter().flat_map(|section| section.templates)).copied()
}

/// A template larger than this is not one.
const MAX_BYTES: u64 = 65_536;
/// The most templates that are read of a directory.
const MOST: usize = 1_000;

/// All templates: those of the binary, each replaced by the file of its name in `dir`, and behind those of a protocol the
/// same for each of its second instances; then the others of `dir` by name, then those of own protocols and counters. The second list says what could not be used;
/// the rest is there.
pub(crate) fn load(dir: Option<&Path>, readings: &[Reading]) -> (Vec<Template>, Vec<String>) {
    let mut problems = Vec::new();
    let mut found = dir.map_or_else(Vec::new, |dir| read_dir(dir, &mut problems));
    let mut templates = Vec::new();
    let mut add = |parsed: Result<Template, String>| match parsed {
        Ok(template) => templates.push(template),
        // Of a file that is drawn for second instances too it is said once.
        Err(problem) if problems.contains(&problem) => {}
        Err(problem) => problems.push(problem),
    };
    for card in cards() {
        let parts: Vec<&str> = card.parts().collect();
        let planned = planned(readings, &parts);
        let mut originals = Vec::new();
        for (name, text) in embedded(card) {
            let own = take(&mut found, name);
            add(match &own {
                Some(file) => file.parse(readings),
                None => parse(name, &format!("templates/{name}.toml"), text, None, readings),
            });
            originals.extend(own);
        }
        for graph in planned {
            add(match take(&mut found, &graph.name) {
                Some(file) => file.parse(readings),
                None => graph.parse(originals.iter().find(|file| file.name == graph.original), readings),
            });
        }
    }
    let taken: Vec<String> = found.iter().map(|file| file.name.clone()).collect();
    for file in found {
        match file.parse(readings) {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    custom::add(readings, &taken, &mut templates, &mut problems);
    (templates, problems)
}

/// Takes the file of this name out of `files`.
fn take(files: &mut Vec<File>, name: &str) -> Option<File> {
    let at = files.iter().position(|file| file.name == name)?;
    Some(files.remove(at))
}

impl Planned {
    /// The template, made of the file of the user's that replaces the original's, if there is one.
    fn parse(&self, replaced: Option<&File>, readings: &[Reading]) -> Result<Template, String> {
        let (file, text, modified) = match replaced {
            Some(File { path, text: Err(error), .. }) => return Err(format!("{path}: {error}")),
            Some(File { path, text: Ok(text), modified, .. }) => (path.clone(), text.as_str(), *modified),
            None => (format!("templates/{}.toml", self.original), self.text, None),
        };
        parse_for(Some(&self.names), &self.name, &file, text, modified, readings)
    }
}

/// The text of one file of the user's.
struct File {
    name: String,
    path: String,
    text: Result<String, String>,
    modified: Option<SystemTime>,
}

impl File {
    fn parse(&self, readings: &[Reading]) -> Result<Template, String> {
        let text = self.text.as_ref().map_err(|error| format!("{}: {error}", self.path))?;
        parse(&self.name, &self.path, text, self.modified, readings)
    }
}

/// The `.toml` files of `dir`, by name. They are opened as logs are: no link is followed that others may have planted, and
/// nothing waits for a FIFO.
fn read_dir(dir: &Path, problems: &mut Vec<String>) -> Vec<File> {
    let is_template = |name: &OsStr| Path::new(name).extension().is_some_and(|extension| extension == "toml");
    let names = match opener::names(dir, MOST, &is_template) {
        Ok((names, more)) => {
            if more {
                problems.push(format!(
                    "templates_dir {}: holds more than {MOST} templates; only the first {MOST} by name are read",
                    dir.display()
                ));
            }
            names
        }
        Err(error) => {
            problems.push(format!(
                "templates_dir {}: {}; only the built-in templates are drawn",
                dir.display(),
                words(&error)
            ));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for path in names.iter().map(|name| dir.join(name)) {
        let name = path.file_stem().and_then(|stem| stem.to_str());
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                let (text, modified) = match read_small(&path, MAX_BYTES) {
                    Ok(Some((text, modified))) => (Ok(text), modified),
                    // Removed since the directory was listed.
                    Ok(None) => continue,
                    Err(why) => (Err(why), None),
                };
                let path = text::plain(&path.display().to_string());
                files.push(File { name: name.to_owned(), path, text, modified });
            }
            None => problems.push(format!(
                "{}: a template's file name is 1 to {MAX_NAME} of a-z, 0-9, - and _, then .toml; \
                 rename it",
                text::plain(&path.display().to_string())
            )),
        }
    }
    files
}

/// A file's text of at most `most` bytes, and when it was changed. `None`: there is none. It is opened as logs are.
pub(crate) fn read_small(path: &Path, most: u64) -> Result<Option<(String, Option<SystemTime>)>, String> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::PermissionDenied => {
            format!("{}; templates are read with the rights of logs_user", words(&error))
        }
        _ => words(&error),
    };
    let Some(file) = Plain.open(path).map_err(refused)? else { return Ok(None) };
    let modified = file.metadata().and_then(|meta| meta.modified()).ok();
    let mut bytes = Vec::new();
    // One that grows meanwhile, and one of endless length, ends here too.
    file.take(most + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > most {
        return Err(format!("larger than {most} bytes: not a template"));
    }
    String::from_utf8(bytes).map(|text| Some((text, modified))).map_err(|_| "is no text in UTF-8".to_owned())
}
