//! Who holds a lock? Linux tells in `/proc/locks`; elsewhere nobody does.
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The process that holds the `flock` on `file`, as `process 1234 (maillogs update)`; `None`: nobody, or it is not
/// known who.
pub(super) fn holder(file: &Path) -> Option<String> {
    let meta = std::fs::metadata(file).ok()?;
    let pid = pid_of(&std::fs::read_to_string("/proc/locks").ok()?, meta.dev(), meta.ino())?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = String::from_utf8_lossy(&command)
        .split_terminator('\0')
        .map(|word| word.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
        .collect();
    Some(format!("process {pid} ({})", words.join(" ")))
}

/// A line is `1: FLOCK ADVISORY WRITE 694 fe:00:11182505 0 EOF`; that of a process that waits has `->` behind the
/// number.
fn pid_of(locks: &str, device: u64, inode: u64) -> Option<u32> {
    let major = (device >> 8 & 0xfff) | (device >> 32 & !0xfff);
    let minor = (device & 0xff) | (device >> 12 & !0xff);
    let wanted = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [_, "FLOCK", _, _, pid, file, ..] if file == wanted => pid.parse().ok().filter(|pid| *pid > 0),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_and_nobody_who_waits() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 12 fe:00:77 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 13 fd:00:77 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 14 fe:00:77 0 EOF\n\
                     5: FLOCK  ADVISORY  WRITE 0 00:15:78 0 EOF\n";
        assert_eq!(pid_of(locks, 0xfe00, 77), Some(14));
        assert_eq!(pid_of(locks, 0x15, 78), None, "a process of another container has no number here");
        assert_eq!(pid_of(locks, 0xfe00, 7), None);
    }

    #[test]
    fn this_process_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(holder(file.path()), None);
        file.as_file().lock().unwrap();
        let found = holder(file.path()).unwrap();
        assert!(found.starts_with(&format!("process {} (", std::process::id())), "{found}");
    }
}
