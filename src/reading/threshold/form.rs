//! What a threshold is made of.

/// What has to hold for an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// The protocol or section.
    pub part: String,
    /// The counter: its key, or values of the labels of its family (`google.deferred`).
    pub name: String,
    /// How the two sides are compared.
    pub than: Than,
    /// The right side, in units of 10⁻⁹; times in seconds.
    pub number: i128,
    /// The right side as it was written, with its unit.
    pub written: String,
    /// Was it written with a unit of time?
    pub is_time: bool,
    /// What is compared.
    pub of: Of,
}

/// How the two sides of a threshold are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Than {
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

/// What is compared with the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Where it stands now.
    Level,
    /// How much it grows in a time of this many seconds.
    Rate(i64),
    /// Its share of all that it is a part of, in percent.
    Share,
}

/// A minute, an hour and a day: the name behind the `/`, its seconds, and how long we look back for it.
pub(super) const RATES: [(&str, i64, i64); 3] =
    [("min", 60, 600), ("h", 3_600, 3_600), ("day", 86_400, 86_400)];

/// The seconds over which a share is counted.
const SHARE: i64 = 3_600;

impl Of {
    /// The time over which it is counted, in seconds: the newest stretch of that length of which all steps are complete. `None`: it is not counted.
    pub fn window(self) -> Option<i64> {
        match self {
            Of::Level => None,
            Of::Rate(per) => RATES.iter().find(|(_, seconds, _)| *seconds == per).map(|(_, _, back)| *back),
            Of::Share => Some(SHARE),
        }
    }

    /// `/min`, `/h` or `/day`; empty: it is no rate.
    pub fn per(self) -> String {
        let rate = RATES.iter().find(|(_, seconds, _)| self == Of::Rate(*seconds));
        rate.map_or_else(String::new, |(name, ..)| format!("/{name}"))
    }
}

impl Than {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Than::More => ">",
            Than::AtLeast => ">=",
            Than::Less => "<",
            Than::AtMost => "<=",
        }
    }

    /// Does it hold?
    pub(super) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Than::More => left > right,
            Than::AtLeast => left >= right,
            Than::Less => left < right,
            Than::AtMost => left <= right,
        }
    }

    /// The values that are an alarm, as Nagios' guide to plug-ins writes ranges.
    pub fn range(self, number: &str) -> String {
        match self {
            Than::More => format!("~:{number}"),
            Than::AtLeast => format!("@{number}:"),
            Than::Less => format!("{number}:"),
            Than::AtMost => format!("@~:{number}"),
        }
    }
}

/// Units of 10⁻⁹ that make 1.
pub(super) const NANO: i128 = 1_000_000_000;
