//! Readings → MTA-MIB (RFC 2789) and NETWORK-SERVICES-MIB (RFC 2788), as far as the cards of protocols answer them.
//!
//! What no counter answers has no instance. Counters have 32 bits there and wrap; volumes are in kilo-octets, rounded once.
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

/// All rows. Second instances of protocols are left out, because their lines may be of another mail server.
pub fn rows(readings: &[Reading]) -> Vec<Row> {
    let of_server = || readings.iter().filter(|reading| reading.like.is_none() && reading.unknown.is_none());
    let mut groups: Vec<Group> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for reading in of_server() {
        for fact in reading.mta {
            let Some(total) = known(reading, fact) else { continue };
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
        // A TimeInterval: hundredths of a second.
        Asked::OldestMessage => {
            (i32::try_from(total * 100).ok().map(Value::Integer32), vec![place(12, Group::Queue)])
        }
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
