//! The numbers that the pages show, from what the store keeps.
use chrono::{Datelike, Local, TimeZone};

use crate::picture::{Figure, Figures};
use crate::protocol::Protocol;
use crate::store::counters::format_value;
use crate::store::state::State;

/// What `protocol` is at, at `now` (unix seconds); no counters where there is no `state`, or it cannot be read.
pub fn of(protocol: &Protocol, state: Option<&State>, now: i64, step: i64) -> Figures {
    let counters = state.map_or_else(Vec::new, |state| counters(protocol, state, now, step));
    let (title, about) = (protocol.title.to_owned(), protocol.about.to_owned());
    Figures { protocol: protocol.name.to_owned(), title, about, overview: protocol.overview, counters }
}

/// What a protocol is at that has counted nothing yet.
pub fn none(protocol: &Protocol, now: i64, step: i64) -> Figures {
    of(protocol, Some(&State::new(protocol)), now, step)
}

fn counters(protocol: &Protocol, state: &State, now: i64, step: i64) -> Vec<Figure> {
    let today = today(now);
    let values = state.values(protocol, now, step);
    protocol
        .counters
        .iter()
        .enumerate()
        .map(|(i, counter)| {
            let grown = match state.newest_day[i] {
                (day, amount) if day == today => amount,
                _ => 0,
            };
            Figure {
                key: counter.key.to_owned(),
                ds: counter.ds.to_owned(),
                help: counter.help.to_owned(),
                total: format_value(counter.kind, values[i]),
                today: counter.kind.is_odometer().then(|| format_value(counter.kind, grown)),
                moved: values[i] != 0 || state.moved[i] != 0,
            }
        })
        .collect()
}

/// The local day of `now` as `YYYYMMDD`; 0 where the calendar has none.
fn today(now: i64) -> u32 {
    let Some(local) = Local.timestamp_opt(now, 0).single() else { return 0 };
    u32::try_from(local.year()).unwrap_or(0) * 10_000 + local.month() * 100 + local.day()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    #[test]
    fn today_is_what_came_on_this_day_and_on_no_other() {
        let now = 1_795_434_360;
        let place = |key: &str| SEND.index(key).unwrap();
        let mut state = State::new(&SEND);
        state.totals[place("delivery_success")] = 1_234;
        state.newest_day[place("delivery_success")] = (today(now), 34);
        state.totals[place("delivery_failure")] = 5;
        state.newest_day[place("delivery_failure")] = (today(now - 2 * 86_400), 5);
        state.totals[place("status_localp")] = 12_500_000_000;
        state.gauges[place("peak_local")] = 7;
        let figures = of(&SEND, Some(&state), now, 60);
        let figure = |key: &str| {
            let figure = &figures.counters[place(key)];
            (figure.total.as_str(), figure.today.as_deref(), figure.moved)
        };
        assert_eq!(figure("delivery_success"), ("1234", Some("34"), true));
        assert_eq!(figure("delivery_failure"), ("5", Some("0"), true));
        assert_eq!(figure("status_localp"), ("12.5", Some("0"), true));
        assert_eq!(figure("peak_local"), ("7", None, true));
        assert_eq!(figure("message_new"), ("0", Some("0"), false));
        assert!(of(&SEND, None, now, 60).counters.is_empty());
        assert!(none(&SEND, now, 60).counters.iter().all(|counter| !counter.moved));
    }
}
