//! The last line of each host, for "last message repeated N times". What such a line says, and how often a line may have come,
//! is told as the counting tells it (`ingest::repeat`).
use std::collections::HashMap;

use super::seen::Answer;
use crate::ingest::Rate;

/// How many hosts are remembered; of more, all but those of the last lines are forgotten.
const HOSTS: usize = 2000;

/// The last line of a host.
#[derive(Debug, Default)]
pub(super) struct Last {
    /// What it raised.
    pub answers: Vec<Answer>,
    /// Its number; 0: there was none.
    pub number: u64,
    /// Unix seconds.
    pub time: i64,
    /// How often it may have come.
    pub rate: Rate,
    turn: u64,
}

/// The last line of each host.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    here: Vec<u8>,
    known: HashMap<Vec<u8>, Last>,
    turns: u64,
}

impl Hosts {
    /// The last line of `host`; without one, of the host that was named last.
    pub fn last_of(&mut self, host: Option<&[u8]>) -> &mut Last {
        if let Some(host) = host.filter(|host| *host != self.here) {
            host.clone_into(&mut self.here);
        }
        self.turns += 1;
        if self.known.len() > HOSTS {
            let old = self.turns.saturating_sub(HOSTS as u64);
            self.known.retain(|_, last| last.turn > old);
        }
        let last = self.known.entry(self.here.clone()).or_default();
        last.turn = self.turns;
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_forgotten_when_there_are_too_many() {
        let mut hosts = Hosts::default();
        for n in 0..10_000u64 {
            hosts.last_of(Some(&n.to_be_bytes())).number = n;
        }
        assert!(hosts.known.len() <= HOSTS + 1);
        assert_eq!(hosts.last_of(None).number, 9_999);
        assert_eq!(hosts.last_of(Some(&9_000u64.to_be_bytes())).number, 9_000);
        assert_eq!(hosts.last_of(Some(&1u64.to_be_bytes())).number, 0);
    }
}
