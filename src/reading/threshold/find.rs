//! Which counter a threshold means.
use super::form::{Of, Threshold};
use crate::reading::Measure;
use crate::reading::family::{Bucket, Family, Place, Unit};

/// The counter that a threshold means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its key.
    pub key: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Of a share: the keys of all that it is a part of, itself among them.
    pub whole: Vec<&'static str>,
}

impl Threshold {
    /// What it means in a part with these counters and families.
    ///
    /// # Errors
    /// When there is no such counter, or none for which the comparison makes sense; with the way out.
    pub fn find(&self, counters: &[(&'static str, Measure)], families: &[Family]) -> Result<Target, String> {
        let (key, measure) = self.counter(counters, families)?;
        let place = families.iter().find_map(|family| Some((family, family.place(key)?)));
        let unit = place.as_ref().map_or(Unit::None, |(family, place)| match place.bucket {
            Some(Bucket::Within(_)) => Unit::None,
            _ => family.unit,
        });
        let name = format!("{}.{key}", self.part);
        let only_grows = matches!(measure, Measure::Count | Measure::Sum | Measure::Net);
        match self.of {
            Of::Level if only_grows => {
                return Err(format!(
                    "{name} only grows: write how fast, as in {name} {} {}/h",
                    self.than.sign(),
                    self.written
                ));
            }
            Of::Rate(_) | Of::Share if !only_grows => {
                return Err(format!(
                    "{name} is where something stands now: write the number alone, without / and %"
                ));
            }
            _ => {}
        }
        if self.is_time && unit != Unit::Seconds {
            return Err(format!("{name} is no time: {} has to be a number", self.written));
        }
        let whole = match (self.of, place) {
            (Of::Share, Some((family, place))) => whole(family, &place, counters),
            _ => Vec::new(),
        };
        if self.of == Of::Share && (whole.len() < 2 || measure != Measure::Count) {
            return Err(format!(
                "{name} is no part of a whole, so that it has no share: write a rate, as /h"
            ));
        }
        Ok(Target { key, unit, whole })
    }

    /// The counter that is called by its key, or by the values of its labels.
    fn counter(
        &self,
        counters: &[(&'static str, Measure)],
        families: &[Family],
    ) -> Result<(&'static str, Measure), String> {
        if let Some(found) = counters.iter().find(|(key, _)| *key == self.name) {
            return Ok(*found);
        }
        let is_called = |key: &'static str| {
            let places = families.iter().filter_map(|family| family.place(key));
            places.filter(|place| place.bucket.is_none()).any(|place| is_called(&place, &self.name))
        };
        let found: Vec<_> = counters.iter().filter(|(key, _)| is_called(key)).collect();
        match found[..] {
            [one] => Ok(*one),
            [] => Err(format!(
                "there is no counter {} in {part}; `maillogs {part} --help` lists them",
                self.name,
                part = self.part
            )),
            _ => {
                let keys: Vec<&str> = found.iter().map(|(key, _)| *key).collect();
                Err(format!("{} may be {}; write which of them", self.name, keys.join(" or ")))
            }
        }
    }
}

/// Words for people: what they say, and what labels say.
const WORDS: [(&str, &str); 3] = [("deferred", "deferral"), ("failed", "failure"), ("delivered", "success")];

/// Are these the values of the labels, with dots between them?
fn is_called(place: &Place, name: &str) -> bool {
    let mut rest = name;
    for (n, value) in place.values.iter().enumerate() {
        if n > 0 {
            let Some(next) = rest.strip_prefix('.') else { return false };
            rest = next;
        }
        let words = WORDS.iter().filter(|(_, label)| label == value).map(|(word, _)| *word);
        let said = [*value].into_iter().chain(words).filter_map(|word| rest.strip_prefix(word));
        let Some(next) = said.min_by_key(|rest| rest.len()) else { return false };
        rest = next;
    }
    !place.values.is_empty() && rest.is_empty()
}

/// All counters of the family that agree with `place` in all labels but the last: `google` of each result.
fn whole(family: &Family, place: &Place, counters: &[(&'static str, Measure)]) -> Vec<&'static str> {
    let others = |place: &Place| place.values.split_last().map(|(_, others)| others.to_vec());
    let own = others(place);
    let agrees = |key: &'static str| {
        family.place(key).is_some_and(|there| {
            there.bucket.is_none() && place.bucket.is_none() && own.is_some() && others(&there) == own
        })
    };
    counters.iter().map(|(key, _)| *key).filter(|key| agrees(key)).collect()
}
