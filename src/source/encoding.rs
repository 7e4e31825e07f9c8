//! Text of which nothing is read: each character has two bytes or four.
use std::fs::File;
use std::io;

use crate::disk::read_at;

/// The bytes that are looked at: the stamp of a line has no fewer.
pub const LOOKED_AT: usize = 32;

/// What `bytes`, a log from any place on, are written in, if it is nothing that we read. Characters of Western scripts
/// have one byte that is something among their two or four, always the same one. Where NUL bytes stand because power was
/// lost, or room was reserved, they stand together.
pub fn unreadable(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.get(..LOOKED_AT)?;
    let is_wide = |width: usize| {
        // A file's own byte order mark is the first character, and none of it may be 0.
        let characters = || bytes.chunks_exact(width).skip(1);
        (0..width).any(|place| {
            characters().all(|bytes| bytes.iter().enumerate().all(|(at, &b)| (b != 0) == (at == place)))
        })
    };
    [(2, "UTF-16"), (4, "UTF-32")].into_iter().find(|(width, _)| is_wide(*width)).map(|(_, name)| name)
}

/// As [`unreadable`], of `file` from `from` on.
///
/// # Errors
/// When the file cannot be read.
pub fn of_file(file: &File, from: u64) -> io::Result<Option<&'static str>> {
    let mut bytes = [0; LOOKED_AT];
    let got = read_at(file, &mut bytes, from)?;
    Ok(unreadable(&bytes[..got]))
}

/// The sentence about a log of `encoding`, for stderr and `check`, without its name.
pub fn sentence(encoding: &str) -> String {
    format!(
        "is written in {encoding}, of which no line can be read or counted; have the program that writes it write UTF-8"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "Sep 28 22:45:00 mx1 qmail: new msg 1\n";

    fn utf_16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    fn utf_32(text: &str, bytes_of: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|c| bytes_of(c as u32)).collect()
    }

    #[test]
    fn two_and_four_bytes_in_either_order_with_and_without_a_mark() {
        for text in [LINE.to_owned(), format!("\u{feff}{LINE}")] {
            for bytes in [utf_16(&text, u16::to_le_bytes), utf_16(&text, u16::to_be_bytes)] {
                assert_eq!(unreadable(&bytes), Some("UTF-16"), "{bytes:?}");
                // Where a line before was read up to the byte of its newline.
                assert_eq!(unreadable(&bytes[3..]), Some("UTF-16"), "{bytes:?}");
            }
            for bytes in [utf_32(&text, u32::to_le_bytes), utf_32(&text, u32::to_be_bytes)] {
                assert_eq!(unreadable(&bytes), Some("UTF-32"), "{bytes:?}");
                assert_eq!(unreadable(&bytes[5..]), Some("UTF-32"), "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_read_is_none_of_them() {
        let hole = [&[0; 100], LINE.as_bytes()].concat();
        let cut = [&LINE.as_bytes()[..10], &[0; 100]].concat();
        let marked = format!("\u{feff}{LINE}");
        let alternate = [LINE.as_bytes(), &b"a\0".repeat(40)].concat();
        let all: [&[u8]; 8] = [
            LINE.as_bytes(),
            marked.as_bytes(),
            &hole,
            &hole[70..],
            &cut,
            &[0; 100],
            &alternate,
            &utf_16("too short", u16::to_le_bytes),
        ];
        for bytes in all {
            assert_eq!(unreadable(bytes), None, "{bytes:?}");
        }
        assert_eq!(unreadable(&alternate[LINE.len()..]), Some("UTF-16"));
    }
}
