//! What graphs need of librrd: a picture.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};

use super::librrd::{BLOB, functions, librrd};
use super::zone::Zone;

/// Why librrd did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RrdError {
    /// Another process writes the file at this moment: worth another try.
    #[error("{0}")]
    Locked(String),
    /// Everything else, in librrd's words.
    #[error("{0}")]
    Other(String),
}

impl RrdError {
    fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.contains("could not lock RRD") { Self::Locked(text) } else { Self::Other(text) }
    }
}

/// Draws a picture into memory: `options` are the arguments of `rrdtool graph` after the file name. librrd counts the
/// lines and labels of the time axis in `zone`, a time zone file's bytes; none: in that of the process.
///
/// # Errors
/// librrd's own words; [`RrdError::Locked`] when another process holds a file.
pub(crate) fn graph_v(options: &[String], zone: Option<&[u8]>) -> Result<Vec<u8>, RrdError> {
    // "-" as the file name makes librrd return the picture instead of writing it.
    let mut arguments = ["graphv", "-"]
        .into_iter()
        .chain(options.iter().map(String::as_str))
        .map(|text| CString::new(text).map(CString::into_bytes_with_nul))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| RrdError::new("an argument contains a zero byte"))?;
    let mut argv: Vec<_> =
        arguments.iter_mut().map(|text| text.as_mut_ptr().cast::<std::ffi::c_char>()).collect();
    let argc = argv.len().try_into().map_err(|_| RrdError::new("too many arguments"))?;
    argv.push(std::ptr::null_mut());

    let functions = functions().map_err(RrdError::Other)?;
    let _librrd = librrd();
    let _zone = zone.and_then(Zone::enter);
    // SAFETY: `argv` holds `argc` pointers to zero-terminated buffers that we own and lend as
    // mutable, and a null after them; all outlive the call. librrd copies what it keeps. The list it
    // returns is ours until `rrd_info_free`; its keys are zero-terminated, `kind` says which member
    // of the union is set, and a blob has `size` bytes. The image is copied before the list
    // is freed. `LIBRRD` is held throughout, also around the error text, which is librrd's.
    unsafe {
        (functions.clear_error)();
        let list = (functions.graph_v)(argc, argv.as_mut_ptr());
        if list.is_null() {
            let text = CStr::from_ptr((functions.get_error)());
            return Err(RrdError::new(text.to_string_lossy()));
        }
        let mut image = None;
        let mut item = list;
        while let Some(entry) = item.as_ref() {
            if entry.kind == BLOB
                && CStr::from_ptr(entry.key) == c"image"
                && !entry.value.blob.bytes.is_null()
            {
                let blob = entry.value.blob;
                let size = usize::try_from(blob.size).unwrap_or_default();
                image = Some(std::slice::from_raw_parts(blob.bytes, size).to_vec());
            }
            item = entry.next;
        }
        (functions.info_free)(list);
        image.ok_or_else(|| RrdError::new("librrd drew nothing"))
    }
}

/// Can a picture be drawn?
///
/// # Errors
/// One line that says what to install.
pub(crate) fn can_draw() -> Result<(), String> {
    functions().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_as_bytes() {
        let options = ["--start", "1700000000", "--end", "1700003600", "COMMENT:nothing", "HRULE:1#000000"];
        let png = graph_v(&options.map(String::from), None).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    }

    #[test]
    fn errors_are_librrds_own_words() {
        let error = graph_v(&["DEF:a=/nonexistent.rrd:a:AVERAGE".into()], None).unwrap_err();
        assert!(error.to_string().contains("nonexistent"), "{error}");
        let error = graph_v(&["COMMENT:a\0b".into()], None).unwrap_err();
        assert!(error.to_string().contains("zero byte"), "{error}");
    }

    #[test]
    fn a_lock_is_told_from_other_errors() {
        assert!(matches!(RrdError::new("could not lock RRD"), RrdError::Locked(_)));
        assert!(matches!(RrdError::new("no such file"), RrdError::Other(_)));
    }
}
