//! An RRD that is held open while it is read, by us or by librrd.
//!
//! librrd takes a name and opens it without looking at what stands there: it would wait for ever for a FIFO, and follow a
//! link. Whoever may write to the directory can put one in the place of the RRD after we have looked. So the file is
//! opened and looked at by ourselves, and librrd is given the name of our descriptor below `/proc/self/fd`, which leads
//! to that file and to no other. Where there is no such directory, it is given the path.
use std::fs::File;
use std::path::{Path, PathBuf};

use super::header::{self, Look};
use crate::disk::{self, file_id};
use crate::error::Result;

/// An open RRD, and the name by which librrd opens the same file.
#[derive(Debug)]
pub struct OpenRrd {
    file: File,
    path: PathBuf,
    name: PathBuf,
}

impl OpenRrd {
    /// Opens the file at `path`: never through a link, never waiting for a FIFO. `None`: there is none.
    ///
    /// # Errors
    /// When it cannot be opened, or is no regular file.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        use std::os::fd::AsRawFd;
        let Some(file) = disk::open(path)? else { return Ok(None) };
        let name = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let id = |meta: std::io::Result<std::fs::Metadata>| meta.ok().map(|meta| file_id(&meta));
        let leads_here = id(std::fs::metadata(&name)).is_some_and(|there| id(file.metadata()) == Some(there));
        let name = if leads_here { name } else { path.to_owned() };
        Ok(Some(Self { file, path: path.to_owned(), name }))
    }

    /// What librrd is to open.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The descriptor.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it stood when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it looks like, without librrd.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn peek(&self) -> Result<Look> {
        header::peek_at(&self.file, &self.path)
    }

    /// librrd's words, with the file's path where they name the descriptor.
    pub fn words(&self, text: &str) -> String {
        let (name, path) = (self.name.to_string_lossy(), self.path.to_string_lossy());
        let mut parts = text.split(&*name);
        let mut words = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Descriptor 12 is not descriptor 1.
            let whole = !part.starts_with(|c: char| c.is_ascii_digit());
            words += if whole { &path } else { &name };
            words += part;
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use crate::store::rrd::fetch::{Cf, Reader};
    use crate::store::rrd::graph_v::graph_v;
    use crate::store::rrd::{create, push};

    const T: i64 = 1_790_000_040 / 60 * 60;

    fn update(begin: i64, new: i128) -> crate::store::rrd::Update {
        let mut values = vec![0; SEND.counters.len()];
        values[SEND.index("message_new").unwrap()] = new;
        (begin, values.into())
    }

    #[test]
    fn librrd_stays_with_the_file_that_was_opened_whatever_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        // A colon would end the name in a DEF.
        let path = dir.path().join("a:b.rrd");
        create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
        let held = OpenRrd::open(&path).unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();

        assert!(matches!(held.peek().unwrap(), Look::Sound(_)));
        let reader = Reader::of(&held).unwrap();
        assert_eq!(reader.last_update(), T + 60);
        let rows = reader.fetch(Cf::Average, T, T + 60, 60).unwrap();
        drop(reader);
        let column = rows.names.iter().position(|name| name == "message_new").unwrap();
        let sum: f64 =
            rows.values.iter().skip(column).step_by(rows.names.len()).filter(|v| v.is_finite()).sum();
        assert!((sum * 60.0 - 7.0).abs() < 1e-9, "{sum}");
        let name = escaped(held.name());
        let def = format!("DEF:a={name}:message_new:AVERAGE");
        let picture = graph_v(
            &[
                "--start".into(),
                T.to_string(),
                "--end".into(),
                (T + 600).to_string(),
                def,
                "LINE1:a#000000".into(),
            ],
            None,
        );
        assert!(picture.unwrap().starts_with(b"\x89PNG"));
        // What is at the path now is neither waited for nor followed.
        assert!(OpenRrd::open(&path).unwrap_err().to_string().contains("not a regular file"));
        let refused = push(&path, &SEND, 60, &[update(T + 60, 1)]).unwrap_err().to_string();
        assert!(refused.contains("not a regular file"), "{refused}");
    }

    fn escaped(name: &Path) -> String {
        name.to_string_lossy().replace(':', "\\:")
    }

    #[test]
    fn errors_name_the_file_and_not_the_descriptor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        std::fs::write(&path, "no RRD").unwrap();
        let held = OpenRrd::open(&path).unwrap().unwrap();
        let words = Reader::of(&held).unwrap_err().to_string();
        assert!(words.contains("x.rrd: is damaged"), "{words}");
        let words = held.words(&format!("opening '{}': no", held.name().display()));
        assert_eq!(words, format!("opening '{}': no", path.display()));
        let other = format!("{}7 and {}", held.name().display(), held.name().display());
        assert!(held.words(&other).starts_with("/proc/self/fd/") && held.words(&other).ends_with("x.rrd"));
        assert!(OpenRrd::open(&dir.path().join("none")).unwrap().is_none());
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(OpenRrd::open(&dir.path().join("link")).unwrap_err().to_string().contains("symbolic link"));
    }
}
