//! Numbers and shares for people.

/// A narrow space that no line is broken at, before a unit.
const NARROW: char = '\u{202f}';

/// A number with its digits in groups of three.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent: whole ones from ten on, else with one digit behind the point. What is not 0 is not printed as 0, and what
/// is not all not as all.
pub(super) fn per_cent(share: f64) -> String {
    format!("{}{NARROW}%", bare(share))
}

fn bare(share: f64) -> String {
    let per_cent = share * 100.0;
    match per_cent {
        p if p <= 0.0 => "0".to_owned(),
        p if p < 0.05 => "<0.1".to_owned(),
        p if p < 9.95 => format!("{p:.1}"),
        p if p > 99.0 && p < 100.0 => ">99".to_owned(),
        p => format!("{p:.0}"),
    }
}

/// A range of shares; one number, where both are printed alike.
pub(super) fn range(lowest: f64, highest: f64) -> String {
    let (low, high) = (bare(lowest), bare(highest));
    if low == high { per_cent(highest) } else { format!("{low}–{high}{NARROW}%") }
}

/// Is a share above the highest usual one, so that the two are also written differently?
pub(super) fn is_above(share: f64, highest: f64) -> bool {
    share > highest && bare(share) != bare(highest)
}

/// `part` of `all`; 0, where there is none.
#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 attempts a day")]
pub(super) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// A label within a sentence: with a small letter, unless it begins with an abbreviation.
pub(super) fn inner(label: &str) -> String {
    let mut letters = label.chars();
    let (first, second) = (letters.next(), letters.next());
    match first {
        Some(first) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(label.chars().skip(1)).collect()
        }
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        let shares = [0.0, 0.0001, 0.0005, 0.0994, 0.0996, 0.5, 0.989, 0.996, 1.0].map(per_cent);
        let text = shares.map(|share| share.replace(NARROW, ""));
        assert_eq!(text, ["0%", "<0.1%", "0.1%", "9.9%", "10%", "50%", "99%", ">99%", "100%"]);
        assert_eq!(range(0.02, 0.384).replace(NARROW, ""), "2.0–38%");
        assert_eq!(range(0.201, 0.204).replace(NARROW, ""), "20%");
        // 22 and 22, 9.9 and 10.
        assert!(!is_above(0.2184, 0.2161) && is_above(0.0996, 0.0994) && !is_above(0.2, 0.3));
        assert!((share(1, 4) - 0.25).abs() < f64::EPSILON && share(1, 0) == 0.0);
    }

    #[test]
    fn labels_within_a_sentence() {
        assert_eq!(inner("Too many in a time"), "too many in a time");
        assert_eq!(inner("SPF, DKIM or DMARC failed"), "SPF, DKIM or DMARC failed");
        assert_eq!((inner(""), inner("X")), (String::new(), "x".to_owned()));
    }
}
