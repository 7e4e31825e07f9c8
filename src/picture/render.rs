//! Draws one picture with librrd, and reads what the first bytes of a picture say.

use crate::store::rrd::graph_v::{self, RrdError};
use crate::store::rrd::patient::Pauses;

/// Draws a picture from the arguments of [`super::args`], with a time axis of `zone`.
///
/// # Errors
/// What librrd says, after two seconds also that a file is locked.
pub(super) fn picture(arguments: &[String], zone: Option<&[u8]>) -> Result<Vec<u8>, RrdError> {
    patiently(|| graph_v::graph_v(arguments, zone))
}

/// Does `call` again while another process holds the RRD, less and less often.
fn patiently<T>(mut call: impl FnMut() -> Result<T, RrdError>) -> Result<T, RrdError> {
    let mut pauses = Pauses::new();
    loop {
        match call() {
            Err(RrdError::Locked(_)) if pauses.wait() => {}
            result => return result,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
