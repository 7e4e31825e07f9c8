//! What several lines say together, by an independent, naive reading: all of them at once, with maps of texts.
use super::*;
use crate::protocol::{providers, times};

/// The counters of the sections that follow deliveries and messages, of all that `values` has.
pub(super) fn followed(values: &BTreeMap<&'static str, i128>) -> BTreeMap<&'static str, i128> {
    let keys = SEND.counters.iter().filter(|c| c.kind.is_odometer() && is_followed(c.key)).map(|c| c.key);
    keys.filter_map(|k| values.get(k).filter(|v| **v != 0).map(|v| (k, *v))).collect()
}

/// Is it a counter of what several lines say together?
pub(super) fn is_followed(key: &str) -> bool {
    SEND.sections
        .iter()
        .any(|section| section.name != "reasons" && section.counters.iter().any(|counter| counter.key == key))
}

/// What [`line_of`] wrote, read as a whole.
pub(super) fn followed_model(lines: &[(String, i64)]) -> BTreeMap<&'static str, i128> {
    let mut want: BTreeMap<String, i128> = BTreeMap::new();
    let mut deliveries: BTreeMap<String, (String, String, i128)> = BTreeMap::new();
    let mut messages: BTreeMap<String, (i128, bool)> = BTreeMap::new();
    for (line, time) in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let nanos = i128::from(*time) * 1_000_000_000 + i128::from_str_radix(&words[0][17..], 16).unwrap();
        let mut add = |key: String, amount: i128| *want.entry(key).or_default() += amount;
        let mut took = |name: &str, longest: &str, nanos: i128| {
            let bounds = "500ms 1s 2s 5s 10s 30s 1m 2m 5m 10m 30m 1h 4h 12h 1d 2d 5d".split(' ');
            let seconds = [
                0.5, 1., 2., 5., 10., 30., 60., 120., 300., 600., 1800., 3600., 14400., 43200., 86400.,
                172_800., 432_000.,
            ];
            #[allow(clippy::cast_precision_loss)]
            let bound = bounds.zip(seconds).find(|(_, bound)| nanos as f64 / 1e9 <= *bound);
            let is_above = bound.is_none_or(|(_, bound)| longest == "1h" && bound > 3600.);
            add(format!("{name}_{}", if is_above { "longer" } else { bound.unwrap().0 }), 1);
            add(format!("{name}_seconds"), nanos);
        };
        let number = words.get(2).map(|word| word.trim_end_matches(':').to_owned()).unwrap_or_default();
        match words[1] {
            "new" => drop(messages.insert(words[3].to_owned(), (nanos, false))),
            "end" => match messages.remove(words[3]) {
                Some((begun, _)) => took("queue", "5d", nanos - begun),
                None => add("queue_unseen".to_owned(), 1),
            },
            "starting" => {
                let (number, message) = (words[3].trim_end_matches(':'), words[5]);
                if number == "1" {
                    deliveries.clear();
                }
                let to = match words[8] {
                    "b@gmail.com" => "google",
                    "b@hotmail.de" => "microsoft",
                    _ => "other",
                };
                add(format!("go_{to}"), 1);
                deliveries.insert(number.to_owned(), (message.to_owned(), to.to_owned(), nanos));
            }
            "delivery" => match deliveries.remove(&number) {
                None => {
                    add("to_unseen".to_owned(), 1);
                    add("delivery_unseen".to_owned(), 1);
                }
                Some((message, to, begun)) => {
                    took("remote", "1h", nanos - begun);
                    let is_success = words[3] == "success:";
                    if let Some((begun, delivered)) = messages.get_mut(&message)
                        && is_success
                        && !std::mem::replace(delivered, true)
                    {
                        took("first", "5d", nanos - *begun);
                    }
                    add(format!("took_{to}"), nanos - begun);
                    add(format!("{}_{to}", if is_success { "ok" } else { "def" }), 1);
                }
            },
            _ => {}
        }
    }
    assert!(times::BOUNDS.len() == 17 && providers::KEYS.len() == 14, "the names above are all of them");
    want.retain(|_, amount| *amount != 0);
    want.into_iter().map(|(key, amount)| (SEND.counters[SEND.index(&key).unwrap()].key, amount)).collect()
}
