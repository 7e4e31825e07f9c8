//! The header of an RRD: what is called sound, librrd opens without harm.
use maillogs::store::fuzzing::rows;
use maillogs::store::rrd::header::{Look, peek};

use crate::scratch;

/// A file of these bytes.
pub fn any(bytes: &[u8]) {
    let path = scratch::file("a.rrd", bytes);
    let header = match peek(&path).expect("a file that can be read") {
        Look::Missing => panic!("it is there"),
        Look::Broken(why) => return assert!(!why.is_empty() && !why.contains('\n')),
        Look::Sound(header) => header,
    };
    assert!(bytes.starts_with(&header.bytes), "the header is how the file begins");
    let (sources, archives) = (header.sources.len(), header.archives.len());
    let rows_of: usize = header.archives.iter().map(|archive| archive.rows).sum();
    assert_eq!(header.bytes.len() + 8 * sources * rows_of, bytes.len(), "and the rows are the rest");
    assert_eq!(header.mark.size, bytes.len() as u64);
    // Its parts lie one behind the other.
    let mut at = header.schema();
    let mut parts = vec![header.live_head()];
    parts.extend((0..sources).map(|source| header.pdp_prep(source)));
    let of_archive = |archive| (0..sources).map(move |source| (archive, source));
    parts
        .extend((0..archives).flat_map(of_archive).map(|(archive, source)| header.cdp_prep(archive, source)));
    parts.push(header.pointers());
    for part in parts {
        assert_eq!(part.start, at);
        at = part.end;
    }
    assert_eq!(at, header.bytes.len());
    // librrd may refuse it in its own words.
    let _ = rows(&path);
}
