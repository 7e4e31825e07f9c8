//! What the store is told of the configuration that it is written under.
use std::path::Path;

use super::feeds::{Feed, feeds};
use crate::config::{Config, Problem};
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
