//! How much of a text is needed: its shortest beginning that counts the same, however much of the rest is cut off. It is found
//! by asking the classifier, so it is as true as the count. (Other words behind it may count otherwise.)
use crate::line::Line;
use crate::protocol::{LogKind, Protocol, Raise, Verdict};

/// A longer text is not looked at.
const MOST: usize = 1024;

/// The length of that beginning of the line's text; the counters of sections, which have rules of their own, are left aside.
/// `None`: it is too long to tell.
pub(super) fn needed(protocol: &Protocol, line: &Line<'_>, place: LogKind) -> Option<usize> {
    let length = line.text.len();
    if length > MOST {
        return None;
    }
    let own: Vec<usize> = (0..protocol.counters.len()).filter(|at| protocol.section(*at).is_none()).collect();
    let mut values = vec![0; protocol.counters.len()];
    let mut says = |end: usize| -> (Verdict, Vec<i128>) {
        values.fill(0);
        let behind = line.after_stamp.len().saturating_sub(length - end);
        let cut = Line { text: &line.text[..end], after_stamp: &line.after_stamp[..behind], ..*line };
        let verdict = (protocol.classify)(&cut, place, &mut Raise(&mut values));
        (verdict, own.iter().map(|at| values[*at]).collect())
    };
    let whole = says(length);
    Some((0..length).rev().find(|end| says(*end) != whole).map_or(0, |end| end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;
    use crate::protocol::shipped;

    #[test]
    fn what_stands_behind_it_does_not_matter() {
        for (protocol, place, raw, expected) in [
            ("send", LogKind::Dedicated, "@400000006abaeefa03d5e41f new msg 196548", "new msg"),
            (
                "send",
                LogKind::Dedicated,
                "@400000006abaeefa03d5e41f delivery 7: failure: Sorry._(#5.1.1)/",
                "delivery 7: failure: ",
            ),
            (
                "smtp",
                LogKind::Shared,
                "Sep 28 22:45:09 mx1 vpopmail[7009]: vchkpw-smtp: password fail a@example.org:192.0.2.7",
                "vchkpw-smtp:",
            ),
        ] {
            let protocol = shipped().iter().find(|p| p.name == protocol).unwrap();
            let line = Parser::new(10, 1_790_635_513).parse(raw.as_bytes());
            let end = needed(protocol, &line, place).unwrap();
            assert_eq!(String::from_utf8_lossy(&line.text[..end]), expected, "{raw}");
        }
    }
}
