//! A door for the fuzz targets: what is packed in a file.
use std::fs::File;
use std::io;

use super::compressed::{Compression, Content};

/// At most `most` bytes of what `file` holds, from `from` on, and why it could not be unpacked any further. `name` says
/// how it is packed.
///
/// # Errors
/// Those of the disk.
pub fn unpack(file: &File, name: &str, from: u64, most: usize) -> io::Result<(Vec<u8>, Option<String>)> {
    let mut content = Content::open(file, Compression::by_name(name).1, from)?;
    let mut bytes = vec![0; most];
    let got = content.fill(&mut bytes)?;
    bytes.truncate(got);
    Ok((bytes, content.damage))
}
