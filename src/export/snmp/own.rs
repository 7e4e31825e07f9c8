//! Readings → the tables of MAILLOGS-MIB.
//!
//! Every value is found by the names of its protocol and its counter, so that none moves when another one is added.
use super::oid::{Oid, index};
use super::table::{Row, Value, text};
use crate::reading::{Counter, Measure, Reading};

// Columns of `maillogsProtocolTable`.
const ABOUT: u32 = 2;
const STATE: u32 = 3;
const WHY: u32 = 4;
const READ: u32 = 5;

// Columns of `maillogsCounterTable`.
const KIND: u32 = 2;
const COUNT: u32 = 3;
const NANOS: u32 = 4;
const LEVEL: u32 = 5;
const MILLIS: u32 = 6;
const TEXT: u32 = 7;
const HELP: u32 = 8;

/// All rows below `base`.
pub fn rows(readings: &[Reading], base: &Oid) -> Vec<Row> {
    readings
        .iter()
        .flat_map(|reading| [of_protocol(reading, base), of_counters(reading, base)].concat())
        .collect()
}

fn row(base: &Oid, table: u32, column: u32, index: &[u32], value: Option<Value>) -> Option<Row> {
    let oid = base.with(&[1, table, 1, column])?.with(index)?;
    Some((oid, value?))
}

/// What is told of a protocol, or of a section of one. Where it is not known what it is at, only that and why.
fn of_protocol(reading: &Reading, base: &Oid) -> Vec<Row> {
    let index = index(reading.protocol);
    let why = reading.failed.as_deref().or(reading.unknown.as_deref());
    let state = match (&reading.failed, &reading.unknown) {
        (Some(_), _) => 3,
        (None, Some(_)) => 2,
        (None, None) => 1,
    };
    let read = u32::try_from(reading.seen).ok().filter(|read| *read > 0 && state == 1);
    let columns = [
        (ABOUT, text(reading.about)),
        (STATE, Some(Value::Integer32(state))),
        (WHY, why.and_then(text)),
        (READ, read.map(Value::Gauge32)),
    ];
    columns.into_iter().filter_map(|(column, value)| row(base, 1, column, &index, value)).collect()
}

/// The counters. One of which the value is not known has no row at all.
fn of_counters(reading: &Reading, base: &Oid) -> Vec<Row> {
    if reading.unknown.is_some() {
        return Vec::new();
    }
    // All levels of a protocol are seen in the same lines, or measured at once.
    let is_level = |counter: &&Counter| reading.measured || counter.measure == Measure::Level;
    let has_levels =
        reading.counters.iter().filter(is_level).any(|counter| counter.value.is_some_and(|v| v.moved));
    let of = |counter: &Counter| -> Vec<Row> {
        let Some(value) = counter.value else { return Vec::new() };
        let measure = counter.measure;
        // A 0 of one that is not counted line by line may mean that there is nothing yet that tells it.
        let is_known = match measure {
            Measure::Count | Measure::Sum | Measure::Net => true,
            Measure::Level => has_levels,
            Measure::Derived => value.moved,
        };
        if !is_known {
            return Vec::new();
        }
        let total = value.total;
        let kind = match measure {
            Measure::Count => 1,
            Measure::Sum => 2,
            Measure::Net => 3,
            Measure::Level => 4,
            Measure::Derived => 5,
        };
        let only_if = |wanted: bool, value: Option<Value>| value.filter(|_| wanted);
        let unit = if measure == Measure::Sum { total.div_euclid(1_000_000_000) } else { total };
        let gauge = |value: i128| u32::try_from(value).ok().map(Value::Gauge32);
        let columns = [
            (KIND, Some(Value::Integer32(kind))),
            (COUNT, only_if(matches!(measure, Measure::Count | Measure::Sum), Some(counter64(unit)))),
            (NANOS, only_if(measure == Measure::Sum, Some(counter64(total)))),
            (LEVEL, only_if(measure == Measure::Level, gauge(total))),
            (MILLIS, only_if(measure == Measure::Derived, gauge((total + 500_000).div_euclid(1_000_000)))),
            (TEXT, text(&measure.print(total))),
            (HELP, text(counter.help)),
        ];
        let index = [index(reading.protocol), index(counter.key)].concat();
        columns.into_iter().filter_map(|(column, value)| row(base, 2, column, &index, value)).collect()
    };
    reading.counters.iter().flat_map(of).collect()
}

/// Modulo 2⁶⁴, as a counter of SNMP wraps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter wraps")]
fn counter64(value: i128) -> Value {
    Value::Counter64(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{self, DefinedBy};

    fn counter(key: &'static str, measure: Measure, total: i128, moved: bool) -> Counter {
        let value = Some(reading::Value { total, today: None, moved });
        Counter { key, ds: "", help: "a\nhelp", measure, defined_by: DefinedBy::BuiltIn, value }
    }

    fn of(reading: Reading) -> Vec<String> {
        let base = Oid::new(&[1, 9]);
        let told = rows(&[reading], &base);
        told.iter().map(|(oid, value)| format!("{oid} {value}").replace('\n', " ")).collect()
    }

    #[test]
    fn each_kind_of_counter_has_its_column() {
        let counters = vec![
            counter("c", Measure::Count, (1 << 64) + 5, true),
            counter("s", Measure::Sum, 2_500_000_000, true),
            counter("n", Measure::Net, -2_500_000_000, true),
            counter("l", Measure::Level, 7, true),
            counter("d", Measure::Derived, 12_345_678_901, true),
            counter("z", Measure::Count, 0, false),
        ];
        let told = of(Reading { protocol: "p", about: "x", seen: 77, counters, ..Reading::default() });
        let expected = "\
            .1.9.1.1.1.2.1.112 string x|.1.9.1.1.1.3.1.112 integer 1|.1.9.1.1.1.5.1.112 gauge 77|\
            .1.9.1.2.1.2.1.112.1.99 integer 1|.1.9.1.2.1.3.1.112.1.99 counter64 5|\
            .1.9.1.2.1.7.1.112.1.99 string 18446744073709551621|.1.9.1.2.1.8.1.112.1.99 string a help|\
            .1.9.1.2.1.2.1.112.1.115 integer 2|.1.9.1.2.1.3.1.112.1.115 counter64 2|\
            .1.9.1.2.1.4.1.112.1.115 counter64 2500000000|.1.9.1.2.1.7.1.112.1.115 string 2.5|\
            .1.9.1.2.1.8.1.112.1.115 string a help|\
            .1.9.1.2.1.2.1.112.1.110 integer 3|.1.9.1.2.1.7.1.112.1.110 string -2.5|\
            .1.9.1.2.1.8.1.112.1.110 string a help|\
            .1.9.1.2.1.2.1.112.1.108 integer 4|.1.9.1.2.1.5.1.112.1.108 gauge 7|\
            .1.9.1.2.1.7.1.112.1.108 string 7|.1.9.1.2.1.8.1.112.1.108 string a help|\
            .1.9.1.2.1.2.1.112.1.100 integer 5|.1.9.1.2.1.6.1.112.1.100 gauge 12346|\
            .1.9.1.2.1.7.1.112.1.100 string 12.345678901|.1.9.1.2.1.8.1.112.1.100 string a help|\
            .1.9.1.2.1.2.1.112.1.122 integer 1|.1.9.1.2.1.3.1.112.1.122 counter64 0|\
            .1.9.1.2.1.7.1.112.1.122 string 0|.1.9.1.2.1.8.1.112.1.122 string a help";
        assert_eq!(told, expected.split('|').collect::<Vec<_>>());
    }

    #[test]
    fn what_is_not_known_has_no_value() {
        let counters =
            || vec![counter("c", Measure::Count, 0, false), counter("l", Measure::Level, 0, false)];
        let reading = || Reading { protocol: "p", seen: 5, counters: counters(), ..Reading::default() };
        let of_counters =
            |reading: Reading| of(reading).into_iter().filter(|row| row.starts_with(".1.9.1.2.")).count();
        let level_alone = vec![counter("l", Measure::Level, 0, false)];
        assert_eq!(of_counters(Reading { counters: level_alone, ..reading() }), 0, "it was never seen");
        let measured = vec![counter("r", Measure::Count, 3, true), counter("l", Measure::Level, 0, false)];
        assert_eq!(of_counters(Reading { counters: measured, measured: true, ..reading() }), 4 + 4);
        let seen = vec![counter("l", Measure::Level, 0, false), counter("m", Measure::Level, 10, true)];
        assert_eq!(of_counters(Reading { counters: seen, ..reading() }), 4 + 4);
        assert_eq!(
            of_counters(Reading { counters: vec![counter("d", Measure::Derived, 0, false)], ..reading() }),
            0
        );
        assert_eq!(of_counters(reading()), 4);
        assert_eq!(of_counters(Reading { unknown: Some("no log".into()), ..reading() }), 0);
        let none = counters().into_iter().map(|counter| Counter { value: None, ..counter }).collect();
        let failed = Reading { failed: Some("why\nnot".into()), counters: none, ..reading() };
        assert_eq!(of(failed), [".1.9.1.1.1.3.1.112 integer 3", ".1.9.1.1.1.4.1.112 string why not"]);
    }
}
