//! What becomes of the syslog and its rotations.
use super::*;

impl Scene {
    /// Copies the syslog, or the rotated one of this number.
    pub(super) fn copy(&self, n: usize, name: impl Fn(&str) -> String, keeps_time: bool) {
        let of = if n == 0 { "log".to_owned() } else { format!("log.{n}") };
        let (from, to) = (self.syslog.path(&of), self.syslog.path(&name(&of)));
        if from.exists() {
            fs::copy(&from, &to).unwrap();
            if keeps_time {
                let time = fs::metadata(&from).unwrap().modified().unwrap();
                File::options().append(true).open(&to).unwrap().set_modified(time).unwrap();
            }
        }
    }

    /// Before a change all is counted, and what comes then is of a later second: of one and the same second nobody can
    /// tell by the time which lines were counted.
    pub(super) fn changing(&mut self, logins: u8) {
        self.update(None, false);
        self.later();
        if self.has_dated_copy() {
            self.tick();
        }
        self.log("log", logins);
    }

    /// Waits until what is written from now on has a later time than what was: nobody makes a copy of a log and changes the
    /// log in the same few milliseconds.
    pub(super) fn tick(&self) {
        let probe = self.world.config.logs_base.join("tick");
        let write = || {
            fs::write(&probe, "x").unwrap();
            fs::metadata(&probe).unwrap().modified().unwrap()
        };
        let first = write();
        while write() == first {}
    }

    /// Does the syslog end within a line?
    pub(super) fn is_cut(&self) -> bool {
        fs::read(self.syslog.path("log")).is_ok_and(|text| text.last().is_some_and(|last| *last != b'\n'))
    }

    pub(super) fn has_dated_copy(&self) -> bool {
        let mut names = fs::read_dir(&self.syslog.0).unwrap();
        names.any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("log-"))
    }

    /// If the syslog loses this number of bytes, is what is left less than a stamp and a host, but not nothing?
    pub(super) fn is_left_less_than_a_stamp(&self, bytes: usize) -> bool {
        let left = fs::read(self.syslog.path("log")).map_or(0, |text| text.len().saturating_sub(bytes));
        (1..32).contains(&left)
    }

    pub(super) fn is_link(&self) -> bool {
        fs::symlink_metadata(self.syslog.path("log")).unwrap().is_symlink()
    }

    pub(super) fn get_any_name(&mut self, linger: u8) {
        if self.is_link() {
            return;
        }
        let name = [format!("log.{}.old", NOW.get()), format!("{} of the log", NOW.get())];
        let name = &name[self.logged.len() % 2];
        self.syslog.rename("log", name);
        self.log(name, linger);
        self.syslog.append("log", "");
    }

    pub(super) fn link(&mut self, linger: u8) {
        if !self.is_link() {
            self.later();
            self.log("log", 1);
            self.changing(1);
        }
        self.later();
        let target = format!("l/{}", NOW.get());
        fs::create_dir_all(self.syslog.path("l")).unwrap();
        self.syslog.append(&target, "");
        std::os::unix::fs::symlink(&target, self.syslog.path("new")).unwrap();
        let old = fs::canonicalize(self.syslog.path("log")).unwrap();
        let old = match old.parent() {
            Some(dir) if dir.ends_with("l") => format!("l/{}", old.file_name().unwrap().to_str().unwrap()),
            _ => {
                self.syslog.rename("log", "log.plain");
                "log.plain".to_owned()
            }
        };
        self.syslog.rename("new", "log");
        self.log(&old, linger);
    }

    /// A new file of what `change` makes of the old one's text takes its place.
    pub(super) fn rewrite(&self, name: &str, change: impl Fn(&str) -> String) {
        if let Ok(text) = fs::read_to_string(self.syslog.path(name)) {
            let path = fs::canonicalize(self.syslog.path(name)).unwrap();
            fs::write(path.with_extension("new"), change(&text)).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }
    }

    pub(super) fn log(&mut self, name: &str, logins: u8) {
        for _ in 0..logins {
            let time =
                chrono::DateTime::from_timestamp(NOW.get(), 0).unwrap().format("%Y-%m-%dT%H:%M:%S+00:00");
            let (n, (_, program, _)) = (self.logged.len(), LOGINS[self.logged.len() % 2]);
            self.syslog.append(
                name,
                &format!(
                    "{time} mx1 {program}: LOGIN, user=u{n}@example.org, ip=[::ffff:192.0.2.7], port=[{n}]\n"
                ),
            );
            self.logged.push(NOW.get());
        }
    }
}
