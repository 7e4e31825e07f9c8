//! Another time zone for a while, in which librrd counts the lines of a time axis.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use rustix::fs::{MemfdFlags, memfd_create};

unsafe extern "C" {
    /// Makes the C library read `TZ` again.
    fn tzset();
}

/// The zone that was entered; the one before comes back when this is dropped.
#[derive(Debug)]
pub(super) struct Zone {
    before: Option<OsString>,
    _file: File,
}

impl Zone {
    /// Enters the zone that the bytes of a time zone file (RFC 8536) describe. The caller holds
    /// [`LIBRRD`](super::librrd::LIBRRD). `None`: the C library has no way to read them, and stays in the zone it is in.
    pub(super) fn enter(bytes: &[u8]) -> Option<Self> {
        let mut file = File::from(memfd_create("zone", MemfdFlags::CLOEXEC).ok()?);
        file.write_all(bytes).ok()?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // Of a file that it cannot open the C library makes UTC.
        std::fs::metadata(&path).ok()?;
        let before = std::env::var_os("TZ");
        // SAFETY: see `set`.
        unsafe { set(Some(format!(":{path}").into())) };
        Some(Self { before, _file: file })
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        // SAFETY: see `set`.
        unsafe { set(self.before.take()) };
    }
}

/// # Safety
/// No other thread may read the environment meanwhile, unless it does so by the standard library, which has a lock
/// for that. In this program only librrd reads the environment without that lock. Every call of librrd holds
/// [`LIBRRD`](super::librrd::LIBRRD), and so must the caller of this function.
unsafe fn set(zone: Option<OsString>) {
    // SAFETY: as above.
    unsafe {
        match zone {
            Some(zone) => std::env::set_var("TZ", zone),
            None => std::env::remove_var("TZ"),
        }
        tzset();
    }
}
