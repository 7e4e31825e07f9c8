//! Whether the fonts of the pictures are there: without any, librrd draws boxes instead of letters
//! and says nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::dir::{self, Kind};

/// Where systems keep their fonts; the usual place of DejaVu first, which ends most searches.
const DIRS: &[&str] = &[
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/local/lib/X11/fonts",
    "/usr/X11R6/lib/X11/fonts",
    "/opt/local/share/fonts",
    "/Library/Fonts",
];

/// One line that says what to install, if DejaVu Sans or DejaVu Sans Mono is missing.
pub fn problem() -> Option<String> {
    let mut dirs: Vec<PathBuf> = DIRS.iter().map(PathBuf::from).collect();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        dirs.extend([home.join(".fonts"), home.join(".local/share/fonts")]);
    }
    if dirs.iter().any(|dir| holds_dejavu(dir, 4)) || listed() {
        return None;
    }
    Some(
        "the fonts DejaVu Sans and DejaVu Sans Mono are missing, letters may be drawn as boxes: \
         install fonts-dejavu-core (dejavu on FreeBSD, dejavu-sans-mono-fonts on Fedora)"
            .to_owned(),
    )
}

/// Looks for the fixed-width font, which no package has without the other.
fn holds_dejavu(dir: &Path, depth: usize) -> bool {
    let Ok(entries) = dir::read(dir) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.kind() {
            Ok(Kind::Directory) => depth > 0 && holds_dejavu(entry.path(), depth - 1),
            _ => name.starts_with("DejaVuSansMono."),
        }
    })
}

/// Asks fontconfig, which may know other directories.
fn listed() -> bool {
    Command::new("fc-list")
        .args([":", "family"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("DejaVu Sans Mono"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_is_found_in_directories_below() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!holds_dejavu(dir.path(), 4));
        let below = dir.path().join("ttf/dejavu");
        std::fs::create_dir_all(&below).unwrap();
        assert!(!holds_dejavu(dir.path(), 4));
        std::fs::write(below.join("DejaVuSansMono.ttf"), "").unwrap();
        assert!(holds_dejavu(dir.path(), 4));
    }
}
