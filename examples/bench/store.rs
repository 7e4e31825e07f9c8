//! Stores that know nothing yet, and what the counters in them must be.
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::inputs::{Input, Kind};
use crate::measure::Job;

/// A store in a directory of its own.
pub struct Store {
    pub dir: PathBuf,
    maillogs: PathBuf,
}

/// What is different in its toaster.conf.
#[derive(Clone, Copy, Default)]
pub struct Settings<'s> {
    /// Are lines archived and passed on?
    pub keeps_lines: bool,
    pub syslog: Option<&'s Path>,
    /// Has it no sources but qmail-send's directory?
    pub only_send: bool,
    /// Which sections of send are left out, as lines of toaster.conf.
    pub without: &'s str,
}

impl Store {
    /// A new store in `dir`, in the place of what is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(dir: &Path, maillogs: &Path, settings: Settings<'_>) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir.join("log"))?;
        let me = |what: &str| Job::new(["id", what]).output();
        let ours = |what| Ok::<String, crate::Error>(me(what)?.trim().to_owned());
        let syslog =
            settings.syslog.map_or("[]".to_owned(), |file| format!("{:?}", file.display().to_string()));
        let mut conf = format!(
            "logs_base = {:?}\nlogs_user = {:?}\nlogs_group = {:?}\nlogs_syslog = {syslog}\nqmail_queue_dir = {:?}\n",
            dir.join("log").display().to_string(),
            ours("-un")?,
            ours("-gn")?,
            dir.join("queue").display().to_string(),
        );
        conf += &format!("logs_archive = {0}\nlogs_taifiles = {0}\n", settings.keeps_lines);
        conf += settings.without;
        if settings.only_send {
            conf += "logs_smtp_dirs = []\nlogs_pop3_dirs = []\n";
        }
        fs::write(dir.join("toaster.conf"), conf)?;
        Ok(Self { dir: dir.to_owned(), maillogs: maillogs.to_owned() })
    }

    pub fn base(&self) -> PathBuf {
        self.dir.join("log")
    }

    pub fn config(&self) -> PathBuf {
        self.dir.join("toaster.conf")
    }

    /// `maillogs` with one word.
    pub fn maillogs(&self, word: &str) -> Job {
        Job::new([&self.maillogs.display().to_string(), word]).config(&self.config())
    }

    /// What counts the whole of `input`, whose file is at `path`: a logger's processor, or the reading of a syslog.
    pub fn count(&self, kind: Kind, path: &Path) -> Job {
        match kind {
            Kind::Send => self.maillogs("sendlog").stdin(path),
            Kind::Smtp => self.maillogs("smtplog").stdin(path),
            Kind::Maillog => self.maillogs("update"),
        }
    }

    /// Compares the counters with what grep and awk found in `inputs`.
    ///
    /// # Errors
    /// When a counter has another value.
    pub fn check(&self, inputs: &[&Input]) -> Result<()> {
        let mut protocols: Vec<&str> =
            inputs.iter().flat_map(|input| &input.expected).map(|(name, ..)| *name).collect();
        protocols.dedup();
        protocols
            .into_iter()
            .try_for_each(|protocol| check(&self.maillogs(protocol).output()?, protocol, inputs))
    }
}

/// Compares the counters that `printed` says with what grep and awk found in all of `inputs`.
///
/// # Errors
/// When a counter has another value.
pub fn check(printed: &str, protocol: &str, inputs: &[&Input]) -> Result<()> {
    let words: Vec<&str> = printed.trim().split(':').collect();
    let expected = inputs.iter().flat_map(|input| &input.expected).filter(|(name, ..)| *name == protocol);
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for &(_, key, value) in expected {
        match sums.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum += value,
            None => sums.push((key, value)),
        }
    }
    for (key, value) in sums {
        let counted = words.chunks_exact(2).find(|pair| pair[0] == key).map_or("nothing", |pair| pair[1]);
        if counted != value.to_string() {
            return Err(format!("maillogs {protocol} says {key} {counted}, and grep or awk {value}").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_a_missing_and_another_protocols_counter_are_told_from_right_ones() {
        let of = |expected: &[(&'static str, &'static str, u64)]| {
            let (kind, path, expected) = (Kind::Send, PathBuf::new(), expected.to_vec());
            Input { kind, path, lines: 0, bytes: 0, expected }
        };
        let printed = "delivery:12:delivery_success:7:status_local_sum:30\n";
        let is_right = |inputs: &[&Input]| check(printed, "send", inputs).is_ok();
        let right = of(&[("send", "delivery", 9), ("send", "delivery_success", 7), ("rbl", "count", 5)]);
        assert!(is_right(&[&right, &of(&[("send", "delivery", 3)])]), "two logs together");
        assert!(!is_right(&[&right]));
        assert!(!is_right(&[&of(&[("send", "delivery_success", 8)])]));
        assert!(!is_right(&[&of(&[("send", "success", 7)])]));
        assert!(!is_right(&[&of(&[("send", "12", 0)])]), "a value is no key");
    }
}
