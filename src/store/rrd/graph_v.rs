//! What graphs need of librrd: the last update and the rows of a file, and a picture.
//!
//! The `rrd` crate's own graph types escape and order their arguments in ways that librrd reads
//! differently, so [`graph_v`] takes the ready argument vector.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use rrd::ConsolidationFn;

use super::librrd::LIBRRD;
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

impl From<rrd::error::RrdError> for RrdError {
    fn from(error: rrd::error::RrdError) -> Self {
        Self::new(error.to_string())
    }
}

/// Consolidation function of the rows asked for (`rrdcreate(1)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cf {
    /// Mean of the steps in a row.
    Average,
    /// Highest step in a row.
    Max,
}

impl Cf {
    /// As `DEF` and `rrdtool fetch` spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Average => "AVERAGE",
            Self::Max => "MAX",
        }
    }
}

/// Rows of one RRD, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Seconds a row covers; what the file has, which need not be what was asked for.
    pub step: i64,
    /// Unix time at which the first row ends.
    pub first_end: i64,
    /// The data sources, in the order of the file.
    pub names: Vec<String>,
    /// One row after the other, each as long as `names`; NaN where unknown.
    pub values: Vec<f64>,
}

fn lock() -> MutexGuard<'static, ()> {
    // The guarded value is empty: a panic elsewhere leaves nothing half done here.
    LIBRRD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time of the last update of `path`, in Unix seconds.
pub(crate) fn last_update(path: &Path) -> Result<i64, RrdError> {
    let _librrd = lock();
    rrd::ops::info::info(path)?
        .remove("last_update")
        .and_then(rrd::ops::info::InfoValue::into_count)
        .and_then(|time| i64::try_from(time).ok())
        .ok_or_else(|| RrdError::new("the file has no last_update"))
}

/// The rows of `path` that cover `start`..`end` (Unix seconds), as near to `step` seconds as the
/// file has them (`rrdfetch(1)`).
pub(crate) fn fetch(path: &Path, cf: Cf, start: i64, end: i64, step: i64) -> Result<Rows, RrdError> {
    let time = |seconds: i64| UNIX_EPOCH + Duration::from_secs(seconds.max(0).unsigned_abs());
    let cf = match cf {
        Cf::Average => ConsolidationFn::Avg,
        Cf::Max => ConsolidationFn::Max,
    };
    let resolution = Duration::from_secs(step.max(1).unsigned_abs());
    let _librrd = lock();
    let data = rrd::ops::fetch::fetch(path, cf, time(start), time(end), resolution)?;
    let first_end =
        data.start().duration_since(UNIX_EPOCH).map_err(|_| RrdError::new("rows from before 1970"))?;
    let seconds = |d: Duration| i64::try_from(d.as_secs()).map_err(|_| RrdError::new("a time out of range"));
    Ok(Rows {
        step: seconds(data.step())?,
        first_end: seconds(first_end)?,
        names: data.ds_names().to_vec(),
        values: data.rows().iter().flat_map(|row| row.as_slice().to_vec()).collect(),
    })
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

    let _librrd = lock();
    let _zone = zone.and_then(Zone::enter);
    // SAFETY: `argv` holds `argc` pointers to zero-terminated buffers that we own and lend as
    // mutable, and a null after them; all outlive the call. librrd copies what it keeps. The list it
    // returns is ours until `rrd_info_free`; its keys are zero-terminated, `type_` says which member
    // of the union is set, and a blob's `ptr` has `size` bytes. The image is copied before the list
    // is freed. `LIBRRD` is held throughout, also around the error text, which is librrd's.
    unsafe {
        rrd_sys::rrd_clear_error();
        let list = rrd_sys::rrd_graph_v(argc, argv.as_mut_ptr());
        if list.is_null() {
            let text = CStr::from_ptr(rrd_sys::rrd_get_error());
            return Err(RrdError::new(text.to_string_lossy()));
        }
        let mut image = None;
        let mut item = list;
        while let Some(entry) = item.as_ref() {
            if entry.type_ == rrd_sys::rrd_info_type_RD_I_BLO
                && CStr::from_ptr(entry.key) == c"image"
                && !entry.value.u_blo.ptr.is_null()
            {
                let blob = entry.value.u_blo;
                let size = usize::try_from(blob.size).unwrap_or_default();
                image = Some(std::slice::from_raw_parts(blob.ptr, size).to_vec());
            }
            item = entry.next;
        }
        rrd_sys::rrd_info_free(list);
        image.ok_or_else(|| RrdError::new("librrd drew nothing"))
    }
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
        assert!(last_update(Path::new("/nonexistent.rrd")).is_err());
    }

    #[test]
    fn a_lock_is_told_from_other_errors() {
        assert!(matches!(RrdError::new("could not lock RRD"), RrdError::Locked(_)));
        assert!(matches!(RrdError::new("no such file"), RrdError::Other(_)));
    }
}
