//! Logs that toaster.conf does not name any more: what was written to them before the key was edited is read once.
use std::path::Path;

use super::named::Named;
use super::reader::Part;
use super::reader::Reader;
use super::rights::Rights;
use super::stream_reading::{add, go_back, read, settle};
use crate::calendar::to_the_second;
use crate::disk::file_id;
use crate::error::Error;
use crate::ledger::Stream;
use crate::protocol::LogKind;
use crate::say::warn;

/// Reads those logs to their ends. Returns the numbers of the readers that have to wait, because one of their logs
/// cannot be read at this moment: in the log that replaces it, lines would be taken as counted that only the old one
/// has, or be counted twice if both have them.
pub(super) fn read_left(readers: &mut [Reader<'_, '_>], named: &[Named]) -> Vec<usize> {
    let mut names: Vec<(String, Vec<Part>)> = Vec::new();
    for (i, (reader, named)) in readers.iter_mut().zip(named).enumerate() {
        let job = reader.job;
        for stream in reader.intake.leaving(named, &|stream| job.is_ours(stream)) {
            let Stream { name, own, .. } = &reader.intake.state.ledger.streams[stream];
            let place = if *own { LogKind::Dedicated } else { LogKind::Shared };
            add(&mut names, name.clone(), Part { reader: i, stream, place });
        }
    }
    let mut waits = Vec::new();
    for (name, parts) in names {
        for (parts, before, result) in read(readers, &name, &[], parts) {
            let Err(e) = result else {
                settle(readers, &parts, &before, &name, result);
                continue;
            };
            go_back(readers, &parts, &before);
            let (mut waiting, mut given_up) = (Vec::new(), None);
            let mut waits_until = None;
            for (part, before) in parts.into_iter().zip(before) {
                let rights = Rights(readers[part.reader].job.as_root);
                let intake = &mut *readers[part.reader].intake;
                let lost = lost(&intake.state.ledger.streams[part.stream], &rights, &e);
                if let Some(until) = intake.wait_for(part.stream) {
                    waits.push(part.reader);
                    waiting.push((part, before));
                    waits_until.get_or_insert(until);
                } else {
                    given_up = Some(lost);
                }
            }
            given_up.into_iter().for_each(warn);
            if let Some(until) = waits_until {
                let (parts, before): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
                settle(readers, &parts, &before, &name, Err(wait(&e, until)));
            }
        }
    }
    waits
}

fn wait(e: &Error, until: i64) -> Error {
    let until = to_the_second(until);
    let text = format!(
        "{e}; toaster.conf does not name it any more, and the logs that it names wait until {until} for the last lines of this one"
    );
    if e.is_denied() { Error::Denied(text) } else { Error::Passing(text) }
}

/// What is to be said of a log that is given up.
fn lost(stream: &Stream, rights: &Rights, e: &Error) -> String {
    let (name, seen) = (stream.name.escape_debug(), to_the_second(stream.seen));
    let size = stream.position.as_ref().and_then(|position| {
        let meta = rights.look_at(Path::new(&stream.name)).filter(|meta| file_id(meta) == position.file)?;
        Some(meta.len().saturating_sub(position.counted))
    });
    let bytes = size.map_or("how many bytes is not known".to_owned(), |size| format!("{size} bytes"));
    format!(
        "{name}: toaster.conf does not name it any more, and what was written to it after {seen} is missing from the counters ({bytes}): {e}"
    )
}
