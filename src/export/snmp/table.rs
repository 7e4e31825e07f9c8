//! What SNMP is told: a sorted table of object identifiers and values.
use std::fmt;

use super::oid::Oid;

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It only grows, modulo 2⁶⁴.
    Counter64(u64),
    /// It only grows, modulo 2³².
    Counter32(u32),
    /// It stands at something. SNMP sends `Unsigned32` in the same way.
    Gauge32(u32),
    /// A whole number, or one of an enumeration.
    Integer32(i32),
    /// An object identifier.
    Oid(Oid),
    /// A text of one line that is not empty: see [`text`].
    Text(String),
}

impl fmt::Display for Value {
    /// The type and the value on two lines, as `pass_persist` has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Counter64(value) => write!(f, "counter64\n{value}"),
            Value::Counter32(value) => write!(f, "counter\n{value}"),
            Value::Gauge32(value) => write!(f, "gauge\n{value}"),
            Value::Integer32(value) => write!(f, "integer\n{value}"),
            Value::Oid(value) => write!(f, "objectid\n{value}"),
            Value::Text(value) => write!(f, "string\n{value}"),
        }
    }
}

/// The longest text, in bytes (`SnmpAdminString`, RFC 3411).
const LONGEST: usize = 255;

/// `text` as a value: on one line, without control characters, and not too long. `None`: nothing is left of it.
pub fn text(text: &str) -> Option<Value> {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    let end = (0..=plain.len().min(LONGEST)).rev().find(|end| plain.is_char_boundary(*end)).unwrap_or(0);
    let plain = plain[..end].trim_end();
    (!plain.is_empty()).then(|| Value::Text(plain.to_owned()))
}

/// A value and its place.
pub type Row = (Oid, Value);

/// All that SNMP is told.
#[derive(Debug, Default)]
pub struct Table {
    /// The subtrees that it may speak for.
    roots: Vec<Oid>,
    /// Sorted, each place once.
    rows: Vec<Row>,
}

impl Table {
    /// A table of these rows, in any order; rows outside the subtrees below `roots` are left out.
    pub fn new(roots: Vec<Oid>, mut rows: Vec<Row>) -> Table {
        rows.retain(|(oid, _)| roots.iter().any(|root| root.holds(oid)));
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows.dedup_by(|later, first| later.0 == first.0);
        Table { roots, rows }
    }

    /// The value at `oid`.
    pub fn get(&self, oid: &Oid) -> Option<&Row> {
        let at = self.rows.binary_search_by(|(here, _)| here.cmp(oid)).ok()?;
        self.rows.get(at)
    }

    /// The first value behind `oid` in the same subtree.
    pub fn next(&self, oid: &Oid) -> Option<&Row> {
        let root = self.roots.iter().find(|root| root.holds(oid))?;
        let behind = self.rows.partition_point(|(here, _)| here <= oid);
        self.rows.get(behind).filter(|(here, _)| root.holds(here))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_that_fits() {
        let plain = |given: &str| text(given);
        let is = |expected: &str| Some(Value::Text(expected.to_owned()));
        assert_eq!(plain("a\nb\r\0\u{1b}[2Jc "), is("a b   [2Jc"));
        assert_eq!((plain(""), plain(" \n"), plain("\0")), (None, None, None));
        // 127 letters of two bytes fit, and not a half more.
        assert_eq!(plain(&"ä".repeat(200)), is(&"ä".repeat(127)));
    }

    #[test]
    fn the_next_value_is_in_the_same_subtree() {
        let oid = |text: &str| text.parse::<Oid>().unwrap();
        let rows = ["1.5.10", "1.2.1", "1.5.9", "1.9", "1.5.9"];
        let rows = rows.iter().zip(0..).map(|(at, n)| (oid(at), Value::Gauge32(n))).collect();
        let table = Table::new(vec![oid("1.2"), oid("1.5")], rows);
        let next = |at: &str| table.next(&oid(at)).map(|(oid, value)| (oid.to_string(), value.clone()));
        assert_eq!(next("1.2"), Some((".1.2.1".to_owned(), Value::Gauge32(1))));
        assert_eq!(next("1.2.1"), None, "the next value is another subtree's");
        assert_eq!(next("1.5"), Some((".1.5.9".to_owned(), Value::Gauge32(2))));
        assert_eq!(next("1.5.9"), Some((".1.5.10".to_owned(), Value::Gauge32(0))));
        assert_eq!((next("1.5.10"), next("1.9"), next("1"), next("2")), (None, None, None, None));
        assert!(table.get(&oid("1.5.10")).is_some() && table.get(&oid("1.5")).is_none());
        assert!(table.get(&oid("1.9")).is_none(), "outside of all subtrees");
    }
}
