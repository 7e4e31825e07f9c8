//! The files that a link led to between the one that was read and the one that it leads to now, where their names or
//! directories are dates: cronolog(1) and rsyslogd(8) begin `2026/10/01/mail.log` in a directory of its own.
use std::path::{Path, PathBuf};

use super::siblings::{Age, Kin, LINKED, shape};
use crate::source::opener::names;

/// The most directories between two files that are looked into.
const MOST_DIRECTORIES: usize = 400;

/// The paths that have one form and whose numbers lie between two others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    form: String,
    was: PathBuf,
    now: PathBuf,
    low: Vec<u64>,
    high: Vec<u64>,
}

impl Range {
    /// Between the file that was read and the live one. `None`: they differ in more than their digits, or not at all.
    pub fn new(was: &Path, now: &Path) -> Option<Range> {
        let (form, old) = shape(was.to_str()?)?;
        let (form_now, new) = shape(now.to_str()?)?;
        let (low, high) = (old.clone().min(new.clone()), old.max(new));
        let (was, now) = (was.to_owned(), now.to_owned());
        (form == form_now && low != high).then_some(Range { form, was, now, low, high })
    }

    /// What is known of the file of this path, without the ending of a compression. `None`: it is none of those between.
    pub fn kin(&self, path: &Path) -> Option<Kin> {
        let (form, groups) = shape(path.to_str()?)?;
        let is_between = form == self.form && (&self.low..=&self.high).contains(&&groups) && path != self.now;
        let scheme = LINKED + groups.len();
        is_between.then_some(Kin::Sure(Age::Date(groups), scheme))
    }

    /// The directories in which they may stand, but for those of the two files themselves.
    pub fn directories(&self) -> Vec<PathBuf> {
        let (Some(was), Some(now)) = (self.was.parent(), self.now.parent()) else { return vec![] };
        let mut found = vec![PathBuf::new()];
        for (old, new) in was.components().zip(now.components()) {
            if old == new {
                found.iter_mut().for_each(|dir| dir.push(old));
                continue;
            }
            let form = old.as_os_str().to_str().and_then(shape).map(|(form, _)| form);
            let is_alike = |name: &std::ffi::OsStr| name.to_str().and_then(shape).map(|(f, _)| f) == form;
            let list = |dir: &PathBuf| names(dir, MOST_DIRECTORIES, &is_alike).unwrap_or_default().0;
            let below = found.iter().flat_map(|dir| list(dir).into_iter().map(|name| dir.join(name)));
            found = below.filter(|dir| self.may_lead(dir)).collect();
            let more = found.len().saturating_sub(MOST_DIRECTORIES);
            found.drain(..more);
        }
        found.retain(|dir| dir != was && dir != now);
        found
    }

    /// May a path that begins with `dir` be one of those between?
    fn may_lead(&self, dir: &Path) -> bool {
        let Some((_, groups)) = dir.to_str().and_then(shape) else { return true };
        let many = groups.len();
        let begin = |bound: &Vec<u64>| bound.get(..many).map(<[u64]>::to_vec);
        begin(&self.low).is_none_or(|low| low <= groups)
            && begin(&self.high).is_none_or(|high| groups <= high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_between_two_days() {
        let root = tempfile::tempdir().unwrap();
        for dir in
            ["2026/01/31", "2026/02/27/x", "2026/02/28/x", "2026/03/01/x", "2026/03/02/x", "2026/03/03/x"]
        {
            std::fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        std::fs::create_dir_all(root.path().join("2026/03/tmp/x")).unwrap();
        let file = |day: &str| root.path().join(day).join("x/mail.log");
        let range = Range::new(&file("2026/02/27"), &file("2026/03/02")).unwrap();
        let between = ["2026/02/28/x", "2026/03/01/x"].map(|dir| root.path().join(dir));
        assert_eq!(range.directories(), between);
        let is_between = |day| range.kin(&file(day)).is_some();
        assert!(is_between("2026/02/27") && is_between("2026/02/28") && is_between("2026/03/01"));
        assert!(!is_between("2026/02/26") && !is_between("2026/03/02") && !is_between("2027/03/01"));
        // A month whose days are counted anew.
        let of_month = |name: &str| root.path().join(name);
        let range = Range::new(&of_month("03/mail-30.log"), &of_month("04/mail-02.log")).unwrap();
        for (name, wanted) in [("03/mail-31.log", true), ("04/mail-01.log", true), ("03/mail-05.log", false)]
        {
            assert_eq!(range.kin(&of_month(name)).is_some(), wanted, "{name}");
        }
        assert_eq!(Range::new(&file("2026/02/27"), &file("2026/02/27")), None);
        assert_eq!(Range::new(&file("2026/02/27"), Path::new("/x/mail.log")), None);
    }
}
