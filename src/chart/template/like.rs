//! Templates of second instances (`like` in toaster.conf): those of the original, of the instance's numbers.
use super::model::MAX_TITLE;
use super::raw::RawTemplate;
use crate::chart::text;
use crate::reading::{Like, Reading};

/// A graph of a second instance.
pub(super) struct Planned {
    /// Its name: the instance's, and that of the original's graph.
    pub name: String,
    /// The original's graph.
    pub original: &'static str,
    /// Its text in the binary.
    pub text: &'static str,
    /// The instance's parts.
    pub names: Names,
}

/// What stands in the places of an original's names.
#[derive(Clone)]
pub(super) struct Names {
    instance: &'static str,
    /// The original's parts, and those of the instance.
    parts: Vec<(&'static str, &'static str)>,
}

/// The graphs of all second instances of a protocol that has these `parts`.
pub(super) fn planned(readings: &[Reading], parts: &[&str]) -> Vec<Planned> {
    let of_reading = |like: Like| {
        let of_instance = readings.iter().filter_map(|reading| Some((reading.like?, reading.protocol)));
        let its = of_instance.filter(|(other, _)| other.instance == like.instance);
        let names =
            Names { instance: like.instance, parts: its.map(|(like, name)| (like.part, name)).collect() };
        like.templates.iter().map(move |(original, text)| Planned {
            name: format!("{}-{original}", like.instance),
            original,
            text,
            names: names.clone(),
        })
    };
    let likes = readings.iter().filter_map(|reading| reading.like);
    likes.filter(|like| parts.contains(&like.part)).flat_map(of_reading).collect()
}

impl Names {
    /// Makes a template of the instance of one of the original. Other protocols that it draws stay what they are.
    pub fn put_into(&self, raw: &mut RawTemplate) {
        raw.title = text::truncate(&format!("{}: {}", self.instance, raw.title.trim()), MAX_TITLE);
        let of_data = raw.data.iter_mut().filter_map(|data| data.protocol.as_mut());
        for protocol in of_data.chain([&mut raw.protocol]) {
            if let Some((_, name)) = self.parts.iter().find(|(part, _)| *part == *protocol) {
                *protocol = (*name).to_owned();
            }
        }
    }
}
