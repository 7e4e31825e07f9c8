//! librrd itself: it is loaded when a picture is drawn, and used by one thread at a time.
//!
//! Only pictures need it. With its 45 libraries it takes longer to load than a roll or a query takes in all, and who
//! draws nothing need not have it.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uchar, c_ulong};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libloading::Library;

/// The library of version 1.7 and later, that of the versions before it, and the name by which programs are linked.
const NAMES: [&str; 3] = ["librrd.so.8", "librrd.so.4", "librrd.so"];

/// librrd keeps two processes apart, but not two threads of one: every call holds this.
pub(crate) static LIBRRD: Mutex<()> = Mutex::new(());

pub(crate) fn librrd() -> MutexGuard<'static, ()> {
    // The guarded value is empty: a panic elsewhere leaves nothing half done here.
    LIBRRD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes (`rrd_blob_t`).
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Blob {
    pub(super) size: c_ulong,
    pub(super) bytes: *mut c_uchar,
}

/// A value (`rrd_infoval_t`); [`Info::kind`] says which it is.
#[repr(C)]
pub(super) union Value {
    _count: c_ulong,
    _number: f64,
    _text: *mut c_char,
    _integer: c_int,
    pub(super) blob: Blob,
}

/// [`Info::kind`] of a [`Blob`] (`RD_I_BLO`).
pub(super) const BLOB: c_int = 4;

/// One of a list of named values (`rrd_info_t`). It has been the same since version 1.3.
#[repr(C)]
pub(super) struct Info {
    pub(super) key: *mut c_char,
    pub(super) kind: c_int,
    pub(super) value: Value,
    pub(super) next: *mut Self,
}

/// What is called of librrd (`rrd.h`).
pub(super) struct Functions {
    pub(super) graph_v: unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut Info,
    pub(super) info_free: unsafe extern "C" fn(*mut Info),
    pub(super) get_error: unsafe extern "C" fn() -> *mut c_char,
    pub(super) clear_error: unsafe extern "C" fn(),
    /// They are there as long as it is loaded.
    _library: Library,
}

static LOADED: OnceLock<Result<Functions, String>> = OnceLock::new();

/// librrd's functions, which are looked for at the first call. They are called under [`librrd()`] only.
///
/// # Errors
/// One line that says what to install.
pub(super) fn functions() -> Result<&'static Functions, String> {
    LOADED.get_or_init(|| load(&NAMES)).as_ref().map_err(Clone::clone)
}

/// Loads the first library of these `names` that there is.
fn load(names: &[&str]) -> Result<Functions, String> {
    let mut first = None;
    for name in names {
        // SAFETY: loading a library runs its initialisers. Those of librrd and of what it is linked to (glib, cairo,
        // pango, libxml2, X11) expect nothing of the program: any program that is linked to librrd runs them, before
        // its `main`.
        match unsafe { Library::new(name) } {
            Ok(library) => return of(library).map_err(|why| format!("{name} is no librrd: {why}")),
            Err(error) => first = first.or(Some(error)),
        }
    }
    let why = first.map(|error| error.to_string().replace('\n', " ")).unwrap_or_default();
    Err(format!(
        "librrd, which draws the pictures, cannot be loaded ({why}): install librrd8 (Debian, Ubuntu) or rrdtool"
    ))
}

fn of(library: Library) -> Result<Functions, libloading::Error> {
    // SAFETY: these are the functions' types in rrd.h since version 1.3. (Since 1.8 the arguments of `rrd_graph_v` are
    // pointers to constants, which are passed in the same way.) The pointers do not outlive the library, which is never
    // closed: `Functions` owns it, and stands in a static.
    unsafe {
        Ok(Functions {
            graph_v: *library.get(b"rrd_graph_v\0")?,
            info_free: *library.get(b"rrd_info_free\0")?,
            get_error: *library.get(b"rrd_get_error\0")?,
            clear_error: *library.get(b"rrd_clear_error\0")?,
            _library: library,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_missing_or_another_is_one_line_that_says_what_to_install() {
        let missing = load(&["librrd-of-nowhere.so.8", "librrd-of-nowhere.so"]).err().unwrap();
        assert!(
            missing.contains("librrd-of-nowhere.so.8:") && missing.contains("install librrd8"),
            "{missing}"
        );
        assert!(!missing.contains('\n'));
        let other = load(&["libm.so.6"]).err().unwrap();
        assert!(other.starts_with("libm.so.6 is no librrd: ") && other.contains("rrd_graph_v"), "{other}");
    }
}
