//! What graphs are made of, where they go, and whether they are drawn.
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User};

use super::finding::{Level, Report};
use super::places::{SEARCH, WRITE, is_open, may};
use super::sources::ago;
use crate::chart::period::Period;
use crate::chart::theme::Theme;
use crate::config::Config;
use crate::error::words;
use crate::ingest::AsRoot;
use crate::owner;
use crate::picture;
use crate::reading::Reading;

/// `maillogs graph` has to run at least this often (seconds), otherwise the pictures end in the past.
const CRON: i64 = 3600;

/// `readings`: what templates may draw from.
pub(super) fn check(report: &mut Report, config: &Config, readings: &[Reading], as_root: AsRoot, now: i64) {
    templates(report, config.templates_dir.as_deref(), readings);
    // Elsewhere he writes who reads, and a link leads him to nothing that he may not write.
    let by_root = nix::unistd::getuid().is_root() && !config.graphs_dir.starts_with(&config.logs_base);
    match picture::refused_directory(&config.graphs_dir, as_root).filter(|_| by_root) {
        Some(problem) => report.add(Level::Error, "graphs", "graphs_dir", problem),
        None => directory(report, config, by_root, as_root, now),
    }
    match picture::missing_librrd() {
        // Who draws nothing needs none.
        Some(problem) if config.graphs_dir.exists() => {
            report.add(Level::Warning, "librrd", "graphs", problem)
        }
        Some(problem) => report.add(Level::Note, "librrd", "graphs", problem),
        None => report.add(Level::Ok, "librrd", "graphs", "is installed"),
    }
    match picture::missing_fonts() {
        Some(problem) => report.add(Level::Warning, "fonts", "DejaVu", problem),
        None => report.add(Level::Ok, "fonts", "DejaVu", "is installed"),
    }
}

/// Every template is read as `graph` reads it.
fn templates(report: &mut Report, dir: Option<&Path>, readings: &[Reading]) {
    let problems = picture::template_problems(dir, readings);
    let subject = match dir {
        Some(dir) => format!("templates_dir {}", dir.display()),
        None => "templates".to_owned(),
    };
    if problems.is_empty() {
        report.add(Level::Ok, "templates", &subject, "every template is understood");
    }
    for problem in problems {
        report.add(Level::Warning, "templates", &subject, problem);
    }
}

/// The directory of pictures and pages, and how old they are.
fn directory(report: &mut Report, config: &Config, by_root: bool, as_root: AsRoot, now: i64) {
    let dir = &config.graphs_dir;
    let subject = format!("graphs_dir {}", dir.display());
    let meta = match with_rights(by_root, as_root, || std::fs::metadata(dir)) {
        Ok(meta) => meta,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let text = "is not there, and no graph was drawn yet; `maillogs graph` makes it: put it into cron, every five minutes";
            return report.add(Level::Note, "graphs", subject, text);
        }
        Err(e) => {
            let text = format!("cannot be looked at: {}", words(&e));
            return report.add(Level::Error, "graphs", subject, text);
        }
    };
    if !meta.is_dir() {
        let text = "is not a directory; move it away, or set graphs_dir to another";
        return report.add(Level::Error, "graphs", subject, text);
    }
    let user = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten();
    let owner = format!(
        "belongs to {}:{} and has mode {:04o}",
        user.map_or_else(|| meta.uid().to_string(), |user| user.name),
        group.map_or_else(|| meta.gid().to_string(), |group| group.name),
        meta.mode() & 0o7777
    );
    if is_open(&meta) {
        let text = format!("{owner}: everybody may put something in the place of a page; chmod o-w");
        report.add(Level::Error, "graphs", &subject, text);
    }
    let writer = owner::owner(config).ok().map(|owner| (owner.uid, owner.gid));
    match writer {
        _ if by_root => report.add(Level::Ok, "graphs", &subject, format!("{owner}; root writes there")),
        Some(writer) if !may(&meta, dir, writer, WRITE | SEARCH) => {
            let text = format!(
                "{owner}, which does not let logs_user write there; chown it to logs_user:logs_group, or let root's cron draw to a graphs_dir outside logs_base"
            );
            report.add(Level::Error, "graphs", &subject, text);
        }
        Some(_) => report.add(Level::Ok, "graphs", &subject, format!("{owner}; logs_user writes there")),
        // Why there is no such user was said.
        None => {}
    }
    match with_rights(by_root, as_root, || newest(dir)) {
        Ok(newest) => drawn(report, newest, now),
        Err(e) => report.add(Level::Error, "graphs", subject, format!("cannot be read: {}", words(&e))),
    }
}

/// Does somebody run `maillogs graph`?
fn drawn(report: &mut Report, newest: Option<i64>, now: i64) {
    let (level, text) = match newest {
        None => (Level::Note, "has drawn nothing yet; put it into cron, every five minutes".to_owned()),
        Some(newest) if now - newest > CRON => {
            (Level::Warning, format!("has drawn last {}; is it in cron?", ago(now - newest)))
        }
        Some(newest) => (Level::Ok, format!("has drawn {}", ago(now - newest))),
    };
    report.add(level, "graphs", "maillogs graph", text);
}

/// When the newest picture of `dir`, or the page that is written with them, was made, unix seconds.
fn newest(dir: &Path) -> io::Result<Option<i64>> {
    let mut newest = None;
    for entry in crate::dir::read(dir)? {
        let entry = entry?;
        if entry.name().is_some_and(is_ours)
            && let Ok(meta) = entry.metadata()
            && meta.is_file()
        {
            newest = newest.max(Some(meta.mtime()));
        }
    }
    Ok(newest)
}

/// Is it a file that maillogs draws? Other programs may keep pictures of their own in that directory.
fn is_ours(name: &str) -> bool {
    let Some((stem, "png" | "svg")) = name.rsplit_once('.') else { return name == "index.html" };
    Period::ALL.into_iter().any(|period| {
        Theme::ALL.into_iter().any(|theme| stem.ends_with(&format!("-{}-{}", period.name(), theme.name())))
    })
}

/// Does `what` with root's rights, if `by_root`.
fn with_rights<T>(by_root: bool, as_root: AsRoot, what: impl Fn() -> io::Result<T>) -> io::Result<T> {
    if !by_root {
        return what();
    }
    let mut done = None;
    as_root(&mut || done = Some(what()));
    done.unwrap_or_else(|| Err(io::Error::other("nothing was done")))
}
