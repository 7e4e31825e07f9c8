//! Logs that every program writes to: each is read once, for all protocols that it feeds.
use std::collections::HashMap;

use super::left::read_left;
use super::moved::elsewhere;
use super::named::Named;
use super::reader::Part;
use super::reader::Reader;
use super::same_log::others;
use super::stream_names::stream_names;
use super::stream_reading::{add, checkpoints, read, settle};
use crate::error::Error;
use crate::say::warn;

/// Reads every stream of `readers` to its end, those first that toaster.conf does not name any more. What cannot be read is
/// said once, and its lines wait.
pub fn read_streams(readers: &mut [Reader<'_, '_>]) {
    let mut all: Vec<Named> = Vec::new();
    let mut unsure: Vec<HashMap<String, Error>> = Vec::new();
    for reader in readers.iter_mut() {
        let job = reader.job;
        let named = stream_names(&job, &reader.intake.state.ledger.streams, reader.intake.now());
        unsure.push(reader.intake.take_over(&named, &|stream, name| job.likeness(stream, name)));
        all.push(named);
    }
    let waits = read_left(readers, &all);
    let mut names: Vec<(String, Vec<Part>)> = Vec::new();
    let mut closed: Vec<(String, Part, Error)> = Vec::new();
    for (i, ((reader, named), mut unsure)) in readers.iter_mut().zip(&all).zip(unsure).enumerate() {
        if waits.contains(&i) {
            continue;
        }
        let job = reader.job;
        let streams = reader.intake.streams(&named.read, &|stream| job.is_ours(stream));
        reader.intake.note_twins(&named.twins);
        for twin in named.twins.iter().filter(|twin| twin.is_guess) {
            if !reader.intake.is_query() && reader.intake.cannot_read(&twin.name) {
                warn(format_args!("{}: {}", twin.name.escape_debug(), twin.guess()));
            }
        }
        for ((name, place), (stream, why)) in named.read.iter().cloned().zip(streams) {
            let part = Part { reader: i, stream, place };
            match why.or_else(|| unsure.remove(&name)) {
                Some(e) => closed.push((name, part, e)),
                None => add(&mut names, name, part),
            }
        }
    }
    for (name, part, e) in closed {
        let before = checkpoints(readers, std::slice::from_ref(&part));
        settle(readers, &[part], &before, &name, Err(e));
    }
    // What copies have in common with the others is counted there.
    names.sort_by_key(|(name, parts)| parts.iter().any(|part| readers[part.reader].intake.is_copy(name)));
    for (name, parts) in names {
        parts.iter().for_each(|part| readers[part.reader].intake.begin_copy(part.stream));
        let others = match parts.first() {
            Some(part) => {
                let is_new = readers[part.reader].intake.state.ledger.streams[part.stream].seen == 0;
                all.get(part.reader).map_or_else(Vec::new, |named| others(named, &name, is_new))
            }
            None => Vec::new(),
        };
        for (parts, before, result) in read(readers, &name, &others, parts) {
            settle(readers, &parts, &before, &name, result);
        }
    }
    for (reader, named) in readers.iter_mut().zip(&all).filter(|(reader, _)| !reader.is_roll) {
        let intake = &mut *reader.intake;
        if !intake.is_query()
            && !intake.has_met_its_own()
            && let Some((other, text)) = elsewhere(&reader.job, &intake.state, named, intake.now())
            && intake.cannot_read(&other)
        {
            warn(format_args!("{other}: {text}"));
        }
    }
}
