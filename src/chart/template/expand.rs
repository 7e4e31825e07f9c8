//! Puts the counters that toaster.conf adds into a template that asks for them.
use super::model::MAX_LEGEND;
use super::raw::{RawData, RawDraw, RawTemplate};
use crate::chart::text;
use crate::chart::theme::AREAS;
use crate::reading::{Counter, Reading};

/// Puts the counters that toaster.conf has in the place of `own` and `each`.
pub(super) fn expand(raw: &mut RawTemplate, readings: &[Reading]) -> Result<(), String> {
    let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut data = Vec::new();
    for (n, mut entry) in std::mem::take(&mut raw.data).into_iter().enumerate() {
        let Some(kind) = entry.own.take() else {
            data.push(entry);
            continue;
        };
        if entry.ds.is_some() || entry.rpn.is_some() || entry.sum.is_some() || entry.mean.is_some() {
            return Err(format!("data[{n}].own: stands alone; remove the others"));
        }
        if entry.cf.is_some() || entry.rate.is_some() {
            return Err(format!("data[{n}].own: takes neither `cf` nor `rate`; remove them"));
        }
        if data.is_empty() {
            return Err(format!("data[{n}].own: cannot be the first data; put another before it"));
        }
        let protocol = entry.protocol.take().unwrap_or_else(|| raw.protocol.clone());
        let found = readings.iter().find(|reading| reading.protocol == protocol);
        let sources = found.into_iter().flat_map(Reading::sources);
        let counters: Vec<&Counter> = sources.filter(|counter| kind.has(counter)).collect();
        let mut members = Vec::new();
        for (i, counter) in counters.into_iter().enumerate() {
            // Own lists come and go, and no list must spoil the graph.
            let name = format!("{}_{i}", entry.name);
            let (protocol, ds) = (Some(protocol.clone()), Some(counter.ds.to_owned()));
            data.push(RawData { name: name.clone(), ds, protocol, ..RawData::default() });
            members.push((name, legend(counter.key)));
        }
        let (sum, rpn) = match members.is_empty() {
            true => (None, data.first().map(|first: &RawData| format!("{},0,*", first.name))),
            false => (Some(members.iter().map(|(name, _)| name.clone()).collect()), None),
        };
        groups.push((entry.name.clone(), members));
        data.push(RawData { name: entry.name, sum, rpn, ..RawData::default() });
    }
    raw.data = data;

    let mut draw = Vec::new();
    for entry in std::mem::take(&mut raw.draw) {
        let group = entry.each.as_ref().and_then(|each| groups.iter().find(|(name, _)| name == each));
        let Some((_, members)) = group else {
            draw.push(entry);
            continue;
        };
        let spare = entry.color.is_some() || entry.legend.is_some() || entry.max.is_some();
        if spare
            || entry.width.is_some()
            || entry.dashes.is_some()
            || entry.area.is_some()
            || entry.line.is_some()
            || entry.shift.is_some()
        {
            return Err("draw: `each` takes `stack` and `optional` only; remove the others".to_owned());
        }
        for (i, (name, legend)) in members.iter().enumerate() {
            draw.push(RawDraw {
                area: Some(name.clone()),
                color: Some(AREAS[i % AREAS.len()].to_owned()),
                legend: Some(legend.clone()),
                stack: entry.stack,
                optional: entry.optional,
                ..RawDraw::default()
            });
        }
    }
    raw.draw = draw;
    Ok(())
}

/// A counter's key as a legend: what cannot be drawn is left out, and it is cut where it is too long.
pub(super) fn legend(key: &str) -> String {
    let fitted = text::truncate(text::plain(key).trim(), MAX_LEGEND);
    if fitted.trim().is_empty() { "?".to_owned() } else { fitted }
}
