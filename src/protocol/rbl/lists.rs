//! Which DNS list a text names. rblsmtpd(1) logs what the list answered (its TXT record), not the zone it asked,
//! so a list is known by a piece of its web address.
use regex::bytes::Regex;

use super::common;
use crate::protocol::classify::{Raise, Verdict};

/// In lower case, and the counter. The first of this order that a text holds counts: first those we ship as
/// toaster.conf's own lists come, then those of Mail::Toaster in its order.
const LISTS: [(&[u8], usize); 18] = [
    (b"barracuda", common::BARRACUDA),
    (b"uceprotect", common::UCEPROTECT),
    (b"spfbl", common::SPFBL),
    (b"psbl.", common::PSBL),
    (b"mailspike", common::MAILSPIKE),
    (b"abuseat.org", common::ABUSEAT),
    (b"nordspam", common::NORDSPAM),
    (b"spamhaus", common::SPAMHAUS),
    (b"spamcop", common::SPAMCOP),
    (b"dsbl.org", common::DSBL),
    (b"services.net", common::SERVICES),
    (b"rfc-ignorant", common::IGNORANT),
    (b"sorbs", common::SORBS),
    (b"njabl", common::NJABL),
    (b"ordb", common::ORDB),
    (b"mail-abuse", common::MAPS),
    (b"monkeys.com", common::MONKEYS),
    (b"visi.com", common::VISI),
];

/// Of each pair of bytes, by the five lowest bits of both, in which upper and lower case are the same: which of [`LISTS`]
/// may begin with them, one bit each.
static BEGIN: [u32; 1024] = {
    let mut begin = [0; 1024];
    let mut list = 0;
    while list < LISTS.len() {
        let name = LISTS[list].0;
        begin[pair(name[0], name[1])] |= 1 << list;
        list += 1;
    }
    begin
};

const fn pair(first: u8, second: u8) -> usize {
    ((first as usize & 31) << 5) | (second as usize & 31)
}

/// The lists: toaster.conf's own, then the built-in ones.
pub(super) struct Lists {
    own: Vec<(usize, Regex)>,
}

impl Lists {
    /// `own`: each one's counter, and what a text of the list holds.
    pub(super) fn new(own: Vec<(usize, Regex)>) -> Lists {
        Lists { own }
    }

    /// Raises the counter of the list that `text` names, `other` if it is none of them.
    pub(super) fn raise(&self, text: &[u8], raise: &mut Raise<'_>) -> Verdict {
        let own = self.own.iter().find(|(_, pattern)| pattern.is_match(text)).map(|(counter, _)| *counter);
        raise.one(own.or_else(|| builtin(text)).unwrap_or(common::OTHER));
        Verdict::Known
    }
}

/// The counter of the first of [`LISTS`] that `text` holds, in one pass over it.
fn builtin(text: &[u8]) -> Option<usize> {
    // The bits of the lists that may still be found: those before the best one so far.
    let mut wanted = (1u32 << LISTS.len()) - 1;
    let mut found = None;
    for (at, bytes) in text.windows(2).enumerate() {
        let mut candidates = BEGIN[pair(bytes[0], bytes[1])] & wanted;
        while candidates != 0 {
            let list = candidates.trailing_zeros();
            let (name, counter) = LISTS[list as usize];
            if text.get(at..at + name.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(name)) {
                found = Some(counter);
                wanted = (1 << list) - 1;
                break;
            }
            candidates &= candidates - 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_list_is_known_in_either_case() {
        for (name, counter) in LISTS {
            let name = str::from_utf8(name).unwrap();
            assert_eq!(name, name.to_ascii_lowercase());
            for text in [format!("see http://www.{name}/x"), name.to_uppercase(), format!("x{name}")] {
                assert_eq!(builtin(text.as_bytes()), Some(counter), "{text}");
            }
        }
        for text in
            ["please visit http://bl.example.net", "our services are", "dsblxorg", "visi.co", "psbl", ""]
        {
            assert_eq!(builtin(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_first_of_the_order_counts_wherever_it_stands() {
        assert_eq!(builtin(b"visi.com sorbs spamcop"), Some(common::SPAMCOP));
        assert_eq!(builtin(b"spamcop spamhaus"), Some(common::SPAMHAUS));
        assert_eq!(builtin(b"spamhaus psbl."), Some(common::PSBL));
    }

    /// Pieces of names among other bytes.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let names = prop::sample::select(LISTS.map(|l| l.0).to_vec());
        let piece = prop_oneof![
            (names, any::<prop::sample::Index>()).prop_map(|(n, cut)| n[..=cut.index(n.len())].to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_a_search_for_each_finds(text in texts()) {
            let lower = text.to_ascii_lowercase();
            let first = LISTS.iter().find(|(name, _)| memchr::memmem::find(&lower, name).is_some());
            prop_assert_eq!(builtin(&text), first.map(|(_, counter)| *counter));
        }
    }
}
