//! Which pictures need not be drawn: those of which no pixel would change.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::folder::Seen;
use crate::chart::period::Period;
use crate::chart::template::{Source, Template};
use crate::reading::Reading;
use crate::store::rrd::header::{Look, peek};

/// Seconds that one pixel of the canvas covers; a minute at least, because no row is shorter.
pub(super) fn pixel(template: &Template, period: Period) -> i64 {
    (period.seconds() / i64::from(template.width)).max(60)
}

/// Has an RRD any of the template's data sources? One that cannot be read may have them: drawing it says what is wrong.
pub(super) fn has_data(template: &Template, readings: &[Reading]) -> bool {
    let mut looked: Vec<(&str, Look)> = Vec::new();
    for data in &template.data {
        let Source::Ds { protocol, ds, .. } = &data.source else { continue };
        let Some(reading) = readings.iter().find(|reading| reading.protocol == *protocol) else { continue };
        let known = looked.iter().position(|(of, _)| of == protocol);
        let at = known.unwrap_or_else(|| {
            let look = peek(&reading.rrd).unwrap_or_else(|error| Look::Broken(error.to_string()));
            looked.push((protocol, look));
            looked.len() - 1
        });
        match &looked[at].1 {
            Look::Missing => {}
            Look::Broken(_) => return true,
            Look::Sound(header) if header.sources.iter().any(|source| source.name == *ds) => return true,
            Look::Sound(_) => {}
        }
    }
    false
}

/// When the templates of the binary were made: they are as old as it is.
pub(super) fn program() -> Option<SystemTime> {
    modified(&std::env::current_exe().ok()?)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::symlink_metadata(path).ok()?.modified().ok()
}

/// Whether a picture is younger than a pixel, or that of an hour of this very minute, and than what it was made from: a template of `templates_dir`, or the
/// `program`. Where there is no data, that is asked of an empty frame, which is younger by a pixel than its file says: so
/// one is told from a picture of data, and as soon as there is data it is not fresh.
pub(super) fn is_fresh(
    now: i64,
    template: &Template,
    program: Option<SystemTime>,
    period: Period,
    has_data: bool,
    picture: Seen,
) -> bool {
    let made = template.modified.or(program);
    let pixel = pixel(template, period);
    let drawn = unix(picture.modified) + if has_data { 0 } else { pixel };
    // A cron that runs each minute is a second early now and then: that must not cost every second picture.
    let is_young = match period {
        Period::Hour => now.div_euclid(60) == drawn.div_euclid(60),
        _ => (0..pixel).contains(&(now - drawn)),
    };
    is_young && made.is_none_or(|made| unix(made) < drawn)
}

pub(super) fn unix(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
