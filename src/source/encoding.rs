//! Text of which nothing is read: each character has two bytes or four.

/// The bytes of a line that are looked at: its stamp alone has more.
const LOOKED_AT: usize = 24;

/// The encoding of `line`, if it is one that is not read. Characters of stamps and names have one byte that is
/// something among their two or four, always the same one. Where NUL bytes stand because power was lost, or room was
/// reserved, they stand together.
pub fn of_line(line: &[u8]) -> Option<&'static str> {
    let bytes = line.get(..LOOKED_AT)?;
    let is_wide = |width: usize| {
        // No byte of a byte order mark, which is the first character, need be NUL.
        let characters = || bytes.chunks_exact(width).skip(1);
        let holds = |place: usize| {
            characters().all(|bytes| bytes.iter().enumerate().all(|(at, &b)| (b != 0) == (at == place)))
        };
        (0..width).any(holds)
    };
    [(2, "UTF-16"), (4, "UTF-32")].into_iter().find(|(width, _)| is_wide(*width)).map(|(_, name)| name)
}

/// The sentence about a log of `encoding`, for stderr and `check`, without its name.
pub fn sentence(encoding: &str) -> String {
    format!(
        "has lines in {encoding}, of which none can be read or counted; have the program that writes them write UTF-8"
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
                assert_eq!(of_line(&bytes), Some("UTF-16"), "{bytes:?}");
                // Where a line before was read up to the byte of its newline.
                assert_eq!(of_line(&bytes[3..]), Some("UTF-16"), "{bytes:?}");
            }
            for bytes in [utf_32(&text, u32::to_le_bytes), utf_32(&text, u32::to_be_bytes)] {
                assert_eq!(of_line(&bytes), Some("UTF-32"), "{bytes:?}");
                assert_eq!(of_line(&bytes[5..]), Some("UTF-32"), "{bytes:?}");
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
            assert_eq!(of_line(bytes), None, "{bytes:?}");
        }
        assert_eq!(of_line(&alternate[LINE.len()..]), Some("UTF-16"));
    }
}
