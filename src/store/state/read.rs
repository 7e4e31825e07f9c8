//! A state that this version or an earlier one wrote.
use super::State;
use super::v1::StateV1;
use super::v2::StateV2;
use super::v3::StateV3;
use super::v4::StateV4;
use super::v5::StateV5;
use crate::store::record::Record;

impl Record for State {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV1>(bytes).ok().map(|old| StateV3::from(old).into())
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV2>(bytes).ok().map(|old| StateV3::from(old).into())
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV3>(bytes).ok().map(State::from)
    }

    fn from_v4(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV4>(bytes).ok().map(State::from)
    }

    fn from_v5(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV5>(bytes).ok().map(State::from)
    }

    fn is_whole(&self) -> bool {
        let width = self.keys.len();
        let hosts = self.ledger.streams.iter().flat_map(|stream| &stream.hosts);
        [self.totals.len(), self.gauges.len(), self.newest_day.len(), self.moved.len()] == [width; 4]
            && self.bins.values().all(|bin| bin.values.len() == width)
            && hosts.flat_map(|host| &host.raised).all(|(counter, _)| *counter < width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{LastLine, Stream};
    use crate::protocol::send::SEND;
    use crate::store::record::{decode, encode};
    use crate::tally::Bin;

    #[test]
    fn a_changed_bit_or_a_lost_byte_is_noticed() {
        let mut state = State::new(&SEND);
        state.number = 7;
        state.totals[1] = i128::from(u64::MAX) * 3;
        let bytes = encode(&state);
        assert_eq!(decode(&bytes), Some(state));
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut broken = bytes.clone();
                broken[i] ^= 1 << bit;
                assert!(decode::<State>(&broken).is_none(), "bit {bit} of byte {i}");
            }
            assert!(decode::<State>(&bytes[..i]).is_none(), "{i} bytes");
        }
    }

    #[test]
    fn a_state_whose_parts_do_not_fit_is_none() {
        let whole = State::new(&SEND);
        assert!(decode::<State>(&encode(&whole)).is_some());
        let bin = Bin { values: vec![0; 3].into(), born: 0, touched: 0 };
        let last = LastLine { host: Vec::new(), raised: vec![(SEND.counters.len(), 1)], time: 0 };
        let stream = Stream { hosts: vec![last], ..Stream::default() };
        let spoil: [&dyn Fn(&mut State); 7] = [
            &|state| state.keys.push("one_more".into()),
            &|state| state.totals.truncate(1),
            &|state| state.gauges.clear(),
            &|state| state.newest_day.push((0, 0)),
            &|state| state.moved.truncate(1),
            &|state| drop(state.bins.insert(60, bin.clone())),
            &|state| state.ledger.streams.push(stream.clone()),
        ];
        for (i, spoil) in spoil.iter().enumerate() {
            let mut state = whole.clone();
            spoil(&mut state);
            assert!(decode::<State>(&encode(&state)).is_none(), "{i}");
        }
    }
}
