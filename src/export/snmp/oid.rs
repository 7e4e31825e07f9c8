//! Object identifiers (OIDs), as net-snmp writes them: `.1.3.6.1`.
use std::fmt;
use std::str::FromStr;

/// An object identifier. They are ordered as SNMP's GETNEXT goes through them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid(Vec<u32>);

/// The most numbers that an object identifier may have (RFC 2578, 3.5).
const LONGEST: usize = 128;

impl Oid {
    /// Of these numbers.
    pub fn new(numbers: &[u32]) -> Oid {
        Oid(numbers.to_vec())
    }

    /// Its numbers.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// This one with more numbers behind it. `None`: that would be too long for SNMP.
    pub fn with(&self, numbers: &[u32]) -> Option<Oid> {
        (self.0.len() + numbers.len() <= LONGEST).then(|| Oid([&self.0, numbers].concat()))
    }

    /// Is it this one, or below it?
    pub fn holds(&self, other: &Oid) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// An index that is a text: how many bytes it has, and each of them (RFC 2578, 7.7).
pub fn index(text: &str) -> Vec<u32> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    std::iter::once(length).chain(text.bytes().map(u32::from)).collect()
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|number| write!(f, ".{number}"))
    }
}

impl FromStr for Oid {
    type Err = String;

    /// With a dot before it or without.
    fn from_str(text: &str) -> Result<Oid, String> {
        let numbers = text.strip_prefix('.').unwrap_or(text).split('.');
        // `u32` would also read `+1`.
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?;
        match numbers.map(number).collect::<Option<Vec<u32>>>() {
            Some(numbers) if numbers.len() <= LONGEST => Ok(Oid(numbers)),
            _ => Err("is no OID such as .1.3.6.1.4.1.8072.9999.9999.62455".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_is_read_as_it_is_written() {
        let oid: Oid = ".1.3.6.1.4294967295".parse().unwrap();
        assert_eq!((oid.to_string().as_str(), oid.numbers().len()), (".1.3.6.1.4294967295", 5));
        assert_eq!("1.3.6.1.4294967295".parse(), Ok(oid));
        let long = vec!["1"; 129].join(".");
        for wrong in ["", ".", "1..3", "1.3.", "1.4294967296", "1.+3", "1.-3", "iso.3", "1 .3", &long] {
            assert!(wrong.parse::<Oid>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_below_follows_and_a_text_has_its_length_before_it() {
        let oid = |text: &str| text.parse::<Oid>().unwrap();
        assert!(oid("1.3") < oid("1.3.0") && oid("1.3.9") < oid("1.3.10") && oid("1.3.10.9") < oid("1.3.11"));
        assert!(
            oid("1.3").holds(&oid("1.3"))
                && oid("1.3").holds(&oid("1.3.1"))
                && !oid("1.3").holds(&oid("1.30"))
        );
        assert_eq!(index("ab-"), [3, 97, 98, 45]);
        assert!(oid("1.3").with(&[0; 126]).is_some() && oid("1.3").with(&[0; 127]).is_none());
    }
}
