//! Readings → MTA-MIB (RFC 2789) and NETWORK-SERVICES-MIB (RFC 2788), as far as the cards of protocols answer them.
//!
//! What no counter answers has no instance. Counters have 32 bits there and wrap; volumes are in kilo-octets, rounded once.
use std::collections::BTreeMap;

use super::oid::Oid;
use super::table::{Row, Value, text};
use crate::reading::mta::{Asked, Fact, Group};
use crate::reading::{Counter, Reading};

/// `application` of NETWORK-SERVICES-MIB.
pub const NETWORK_SERVICES: [u32; 7] = [1, 3, 6, 1, 2, 1, 27];
/// `mta` of MTA-MIB.
pub const MTA: [u32; 7] = [1, 3, 6, 1, 2, 1, 28];

/// `applIndex` of the mail server.
const SERVER: u32 = 1;
/// `applTCPProtoID`, and SMTP's port.
const SMTP: [u32; 9] = [1, 3, 6, 1, 2, 1, 27, 4, 25];

impl Group {
    /// `mtaGroupIndex`.
    fn number(self) -> u32 {
        match self {
            Group::Queue => 1,
            Group::Local => 2,
            Group::Remote => 3,
            Group::Smtpd => 4,
        }
    }

    /// `mtaGroupName`, and `mtaGroupDescription`.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Group::Queue => ("all", "the queue of qmail, and all deliveries out of it"),
            Group::Local => ("local", "deliveries to local mailboxes"),
            Group::Remote => ("remote", "deliveries to other hosts"),
            Group::Smtpd => ("smtpd", "connections to the SMTP server, as tcpserver logs them"),
        }
    }
}

/// A column of one of the tables, and what index stands behind that of the mail server.
enum Place {
    /// `applTable`.
    Application(u32),
    /// `mtaTable`.
    Mta(u32),
    /// `mtaGroupTable`.
    Group(u32, Group),
    /// `mtaGroupErrorTable`: its outbound errors.
    Error(u32),
}

impl Place {
    fn oid(&self) -> Oid {
        let (root, rest) = match self {
            Place::Application(column) => (NETWORK_SERVICES, vec![1, 1, *column, SERVER]),
            Place::Mta(column) => (MTA, vec![1, 1, *column, SERVER]),
            Place::Group(column, group) => (MTA, vec![2, 1, *column, SERVER, group.number()]),
            Place::Error(code) => (MTA, vec![5, 1, 3, SERVER, Group::Queue.number(), *code]),
        };
        Oid::new(&[&root, &rest[..]].concat())
    }
}

/// When something happened last, Unix seconds, to the minute (the step of the RRDs).
///
/// Counters do not tell it, but the minutes that wait for the RRD do. A minute waits longer than the pause between two readings,
/// so that none is missed; what happened before the first reading's minutes is not known.
#[derive(Debug, Default)]
pub struct Activity(BTreeMap<Asked, i64>);

impl Activity {
    /// Takes note of the minutes of `readings`, which were made at `now` (Unix seconds).
    pub fn note(&mut self, readings: &[Reading], now: i64) {
        for reading in of_server(readings) {
            for fact in reading.mta.iter().filter(|fact| !since(fact.asked).is_empty()) {
                let at = reading.counters.iter().position(|counter| counter.key == fact.key);
                let moved = |(_, values): &&(i64, Vec<i128>)| {
                    at.and_then(|at| values.get(at)).is_some_and(|n| *n > 0)
                };
                if let Some((begin, _)) = reading.waiting.iter().rev().find(moved) {
                    let latest = self.0.entry(fact.asked).or_insert(i64::MIN);
                    *latest = (*latest).max(now.min(begin + i64::from(reading.step)));
                }
            }
        }
    }
}

/// Where it stands how long ago this happened last.
fn since(asked: Asked) -> Vec<Place> {
    match asked {
        Asked::DeliveredRecipients => vec![Place::Group(18, Group::Queue)],
        Asked::Begun(group) => vec![Place::Group(34, group)],
        Asked::LetIn => vec![Place::Group(17, Group::Smtpd)],
        _ => Vec::new(),
    }
}

/// The readings that are known, of the mail server itself: lines of second instances may be of another one.
fn of_server(readings: &[Reading]) -> impl Iterator<Item = &Reading> {
    readings.iter().filter(|reading| reading.like.is_none() && reading.unknown.is_none())
}

/// All rows, at `now` (Unix seconds).
pub fn rows(readings: &[Reading], activity: &Activity, now: i64) -> Vec<Row> {
    let mut groups: Vec<Group> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for reading in of_server(readings) {
        for fact in reading.mta {
            let Some(total) = known(reading, fact) else { continue };
            if let Some(last) = activity.0.get(&fact.asked) {
                let ago = time_interval(i128::from(now - last));
                let places = since(fact.asked);
                rows.extend(places.iter().filter_map(|place| Some((place.oid(), ago.clone()?))));
            }
            let (value, places) = told(fact.asked, total);
            for place in places {
                if let Place::Group(_, group) = place
                    && !groups.contains(&group)
                {
                    groups.push(group);
                }
                rows.extend(value.clone().map(|value| (place.oid(), value)));
            }
        }
    }
    if !rows.is_empty() {
        rows.extend(text("qmail").map(|name| (Place::Application(2).oid(), name)));
        rows.extend(text("counted by maillogs").map(|about| (Place::Application(16).oid(), about)));
    }
    rows.extend(groups.into_iter().flat_map(of_group));
    rows
}

/// What the counter of a fact is at, if that is known.
fn known(reading: &Reading, fact: &Fact) -> Option<i128> {
    let total =
        |key: &str| reading.counter(key).and_then(|counter: &Counter| counter.value).map(|value| value.total);
    if let Some(any) = fact.while_any
        && total(any)? <= 0
    {
        return None;
    }
    total(fact.key)
}

/// The value that answers the question, and where it stands.
fn told(asked: Asked, total: i128) -> (Option<Value>, Vec<Place>) {
    let gauge = || u32::try_from(total).ok().map(Value::Gauge32);
    let place = |column, group| Place::Group(column, group);
    match asked {
        Asked::ReceivedMessages => (Some(counter32(total)), vec![Place::Mta(1), place(2, Group::Queue)]),
        Asked::ReceivedBytes => {
            (Some(counter32((total + 512) / 1024)), vec![Place::Mta(4), place(6, Group::Queue)])
        }
        Asked::StoredMessages => (gauge(), vec![Place::Mta(2), place(4, Group::Queue)]),
        Asked::DeliveredRecipients => (Some(counter32(total)), vec![Place::Mta(9), place(11, Group::Queue)]),
        Asked::Stored(group) => (gauge(), vec![place(4, group)]),
        Asked::OldestMessage => (time_interval(total), vec![place(12, Group::Queue)]),
        Asked::Begun(group) => {
            let whole = (group == Group::Queue).then_some(Place::Application(11));
            (Some(counter32(total)), whole.into_iter().chain([place(16, group)]).collect())
        }
        Asked::LetIn => (Some(counter32(total)), vec![Place::Application(10), place(15, Group::Smtpd)]),
        Asked::TurnedAway => (Some(counter32(total)), vec![Place::Application(14), place(19, Group::Smtpd)]),
        Asked::Error(class, subject, detail) => {
            (Some(counter32(total)), vec![Place::Error((class * 1000 + subject) * 1000 + detail)])
        }
    }
}

/// Seconds as a `TimeInterval`, which is in hundredths of a second. `None`: it cannot hold them.
fn time_interval(seconds: i128) -> Option<Value> {
    i32::try_from(seconds.max(0) * 100).ok().map(Value::Integer32)
}

/// What is said of a group that has a number.
fn of_group(group: Group) -> Vec<Row> {
    let (name, about) = group.words();
    let smtp = matches!(group, Group::Remote | Group::Smtpd).then(|| Value::Oid(Oid::new(&SMTP)));
    // The numbers of the queue include those of both.
    let above = matches!(group, Group::Local | Group::Remote).then(|| Group::Queue.number());
    let above = above.and_then(|number| i32::try_from(number).ok()).map(Value::Integer32);
    let columns = [(24, smtp), (25, text(name)), (28, text(about)), (31, above)];
    columns
        .into_iter()
        .filter_map(|(column, value)| Some((Place::Group(column, group).oid(), value?)))
        .collect()
}

/// Modulo 2³², as a counter of SNMP wraps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter wraps")]
fn counter32(value: i128) -> Value {
    Value::Counter32(value as u32)
}
