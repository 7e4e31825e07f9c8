//! Which pictures need not be drawn: those of which no pixel would change.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::folder::Seen;
use crate::chart::period::Period;
use crate::chart::template::Template;
use crate::reading::Reading;

/// Seconds that one pixel of the canvas covers.
pub(super) fn pixel(template: &Template, period: Period) -> i64 {
    (period.seconds() / i64::from(template.width)).max(1)
}

/// Is there an RRD of any of the template's protocols?
pub(super) fn has_data(template: &Template, readings: &[Reading]) -> bool {
    template.protocols().any(|protocol| {
        let of_protocol = readings.iter().find(|reading| reading.protocol == protocol);
        of_protocol.is_some_and(|reading| std::fs::symlink_metadata(&reading.rrd).is_ok())
    })
}

/// When the templates of the binary were made: they are as old as it is.
pub(super) fn program() -> Option<SystemTime> {
    modified(&std::env::current_exe().ok()?)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::symlink_metadata(path).ok()?.modified().ok()
}

/// Whether a picture is younger than a pixel, and than what it was made from: a template of `templates_dir`, or the
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
    (0..pixel).contains(&(now - drawn)) && made.is_none_or(|made| unix(made) < drawn)
}

pub(super) fn unix(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
