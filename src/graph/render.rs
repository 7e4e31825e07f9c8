//! Calls into librrd that may have to wait for a writer, and files that appear whole or not at all.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::store::rrd::graph_v::{self, Cf, Rows, RrdError};

/// How long a locked RRD is waited for; a push takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// See [`graph_v::last_update`].
pub(super) fn last_update(path: &Path) -> Result<i64, RrdError> {
    patiently(|| graph_v::last_update(path))
}

/// See [`graph_v::fetch`].
pub(super) fn fetch(path: &Path, cf: Cf, start: i64, end: i64, step: i64) -> Result<Rows, RrdError> {
    patiently(|| graph_v::fetch(path, cf, start, end, step))
}

/// Draws a picture from the arguments of [`super::args`].
///
/// # Errors
/// What librrd says, after two seconds also that a file is locked.
pub(super) fn picture(arguments: &[String]) -> Result<Vec<u8>, RrdError> {
    patiently(|| graph_v::graph_v(arguments))
}

/// Does `call` again while another process holds the RRD, less and less often.
fn patiently<T>(mut call: impl FnMut() -> Result<T, RrdError>) -> Result<T, RrdError> {
    let mut pause = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        match call() {
            Err(RrdError::Locked(_)) if waited < PATIENCE => {
                std::thread::sleep(pause);
                waited += pause;
                pause = (pause * 2).min(Duration::from_millis(320));
            }
            result => return result,
        }
    }
}

/// Puts `bytes` at `name` in `dir`, readable for all, with `modified` as its time. What stands
/// there is replaced, a symlink too: whoever looks sees the old file or the new one.
///
/// # Errors
/// Those of the file system; nothing is left behind then.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8], modified: SystemTime) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(dir)?;
    file.write_all(bytes)?;
    // Not subject to the umask: a web server reads them.
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.as_file().set_modified(modified)?;
    file.persist(dir.join(name)).map_err(|error| error.error)?;
    Ok(())
}

/// Width and height in pixels of a picture, from its first bytes.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    if let Some(rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        let number = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
        return (rest.get(4..8)? == b"IHDR").then_some((number(8)?, number(12)?));
    }
    // cairo writes width="801pt" or "801"; a vector picture's point is taken for a pixel.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]);
    let svg = &text[text.find("<svg")?..];
    let number = |key: &str| {
        let value = svg.split_once(key)?.1;
        let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    Some((number(" width=\"")?, number(" height=\"")?))
}

/// The size of a picture's file; none if it is no picture, or no plain file: others may write in its directory, and a
/// FIFO would be waited for.
pub(super) fn size_of(path: &Path) -> Option<(u32, u32)> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOFOLLOW;
    let file = std::fs::File::options().read(true).custom_flags(flags.bits()).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut head = Vec::new();
    file.take(1_024).read_to_end(&mut head).ok()?;
    size(&head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_file_is_tried_again_and_no_other_error() {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            match calls {
                1..=3 => Err(RrdError::Locked("could not lock RRD".into())),
                _ => Ok(calls),
            }
        });
        assert_eq!(result.unwrap(), 4);
        let mut calls = 0;
        let result: Result<(), _> = patiently(|| {
            calls += 1;
            Err(RrdError::Other("no such file".into()))
        });
        assert!(result.is_err() && calls == 1);
    }

    #[test]
    fn a_symlink_is_replaced_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious");
        std::fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, dir.path().join("a.png")).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        write(dir.path(), "a.png", b"new", time).unwrap();
        assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
        let written = std::fs::symlink_metadata(dir.path().join("a.png")).unwrap();
        assert!(written.is_file());
        assert_eq!(written.permissions().mode() & 0o777, 0o644);
        assert_eq!(written.modified().unwrap(), time);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn sizes_are_read_from_the_first_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x06\x42\0\0\x02\xc0";
        assert_eq!(size(png), Some((1_602, 704)));
        let svg = br#"<?xml version="1.0"?><svg xmlns="x" width="801pt" height="352" viewBox="0">"#;
        assert_eq!(size(svg), Some((801, 352)));
        assert_eq!(size(b"\x89PNG\r\n\x1a\n\0\0"), None);
        assert_eq!(size(b"GIF89a"), None);
        assert_eq!(size(b""), None);
    }
}
