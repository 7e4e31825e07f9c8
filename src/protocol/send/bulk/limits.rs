//! The limits in status lines, which hardly ever change: what is computed once for them.
use super::super::super::bulk::bytes;
use super::super::super::classify::nanofraction;

/// The limits of status lines, and what stands around the numbers before them.
#[derive(Debug)]
pub(super) struct Limits {
    /// `concurrencylocal`, `concurrencyremote`.
    pub(super) limits: [u64; 2],
    /// `/LIMIT remote `, in two words with their masks, and its length.
    pub(super) middle: [(u64, u64); 2],
    pub(super) middle_length: usize,
    /// `/LIMIT`, and the newline behind it.
    pub(super) end: (u64, u64),
    /// By the number of deliveries: its share of the limit, or [`UNKNOWN`].
    pub(super) shares: [Vec<u64>; 2],
}

/// A share that nobody has asked for yet.
const UNKNOWN: u64 = u64::MAX;
/// The highest limit for which there is a table.
const HIGHEST: u64 = 1000;

impl Limits {
    pub(super) fn new(limits: [u64; 2]) -> Limits {
        let middle = format!("/{} remote ", limits[0]);
        let (first, second) = middle.as_bytes().split_at(8);
        Limits {
            limits,
            middle: [bytes(first), bytes(second)],
            middle_length: middle.len(),
            end: bytes(format!("/{}\n", limits[1]).as_bytes()),
            shares: limits.map(|limit| vec![UNKNOWN; usize::try_from(limit).unwrap_or(0) + 1]),
        }
    }

    /// The share that `deliveries` are of the limit of channel `channel`. `None`: they are more than that.
    #[inline]
    pub(super) fn share(&mut self, channel: usize, deliveries: u64) -> Option<u64> {
        let share = self.shares[channel].get_mut(usize::try_from(deliveries).ok()?)?;
        if *share == UNKNOWN {
            *share = nanofraction(deliveries, self.limits[channel]);
        }
        Some(*share)
    }
}

/// The limits of a status line that has nothing but the two fractions.
pub(super) fn limits_of(text: &[u8]) -> Option<[u64; 2]> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix("status: local ")?;
    let (local, remote) = text.split_once(" remote ")?;
    let limit = |fraction: &str| {
        let limit = fraction.split_once('/')?.1;
        // Written as qmail-send does it, so that the number gives these digits back.
        let number: u64 = limit.parse().ok()?;
        ((1..=HIGHEST).contains(&number) && number.to_string() == limit).then_some(number)
    };
    Some([limit(local)?, limit(remote)?])
}
