//! The values of one bin, packed: a first run holds those of ten thousands of minutes, and most of them are 0.
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by position in a protocol's table. In files they stand as a list of all of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values {
    width: u32,
    /// Of each value that is not 0: how many zeros stand before it, and the value (its sign in the lowest bit), both in
    /// groups of seven bits, the lowest first.
    packed: Packed,
}

/// Stands in the place of each value that is unknown. No counter gets as low.
const UNKNOWN: i128 = i128::MIN;

/// Bytes, of which a few need no memory of their own: most minutes raise few counters.
#[derive(Clone)]
enum Packed {
    Few(u8, [u8; FEW]),
    Many(Box<[u8]>),
}

/// Most minutes of a protocol with few counters need no more.
const FEW: usize = 30;

impl Packed {
    fn of(bytes: &[u8]) -> Packed {
        let mut few = [0; FEW];
        match (u8::try_from(bytes.len()), few.get_mut(..bytes.len())) {
            (Ok(length), Some(room)) => {
                room.copy_from_slice(bytes);
                Packed::Few(length, few)
            }
            _ => Packed::Many(bytes.into()),
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Packed::Few(length, few) => few.get(..usize::from(*length)).unwrap_or_default(),
            Packed::Many(many) => many,
        }
    }
}

impl Default for Packed {
    fn default() -> Packed {
        Packed::Few(0, [0; FEW])
    }
}

impl PartialEq for Packed {
    fn eq(&self, other: &Packed) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Packed {}

impl Values {
    /// Packs `values`.
    pub fn of(values: &[i128]) -> Values {
        Values::with(&mut Vec::new(), values)
    }

    /// Packs `values`. What stands in `room` is overwritten; it is there to be used again.
    pub fn with(room: &mut Vec<u8>, values: &[i128]) -> Values {
        room.clear();
        let mut zeros = 0;
        for &value in values {
            if value == 0 {
                zeros += 1;
                continue;
            }
            put(room, std::mem::take(&mut zeros));
            put(room, (value << 1 ^ value >> 127).cast_unsigned());
        }
        Values { width: u32::try_from(values.len()).unwrap_or(u32::MAX), packed: Packed::of(room) }
    }

    /// The values of a time of which it is not known what came.
    pub fn unknown(width: usize) -> Values {
        Values::of(&vec![UNKNOWN; width])
    }

    /// Were they made by [`Values::unknown`]?
    pub fn are_unknown(&self) -> bool {
        self.iter().next() == Some((0, UNKNOWN))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.width as usize
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.width == 0
    }

    /// Are all of them 0?
    pub fn are_zero(&self) -> bool {
        self.packed.bytes().is_empty()
    }

    /// In a file they take no more bytes than this.
    pub fn at_most(&self) -> usize {
        const LENGTH: usize = 5;
        LENGTH + self.packed.bytes().len() + self.len()
    }

    /// Those that are not 0, with their positions.
    pub fn iter(&self) -> impl Iterator<Item = (usize, i128)> {
        NotZero { rest: self.packed.bytes(), next: 0 }
    }

    /// All of them.
    pub fn to_vec(&self) -> Vec<i128> {
        let mut values = Vec::new();
        self.unpack(&mut values);
        values
    }

    /// Puts all of them in the place of what stands in `values`.
    pub fn unpack(&self, values: &mut Vec<i128>) {
        values.clear();
        values.resize(self.len(), 0);
        for (at, value) in self.iter() {
            if let Some(slot) = values.get_mut(at) {
                *slot = value;
            }
        }
    }

    /// The one at `position`; 0, if there is none.
    pub fn get(&self, position: usize) -> i128 {
        self.iter().find(|(at, _)| *at == position).map_or(0, |(_, value)| value)
    }
}

#[inline]
fn put(packed: &mut Vec<u8>, mut number: u128) {
    while number > 0x7f {
        packed.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    packed.push((number & 0x7f) as u8);
}

#[inline]
fn take(rest: &mut &[u8]) -> Option<u128> {
    // Nearly all numbers have one group or two.
    match **rest {
        [one @ 0..0x80, ..] => {
            *rest = &rest[1..];
            Some(u128::from(one))
        }
        [one, two @ 0..0x80, ..] => {
            *rest = &rest[2..];
            Some(u128::from(one & 0x7f) | u128::from(two) << 7)
        }
        _ => take_long(rest),
    }
}

#[inline(never)]
fn take_long(rest: &mut &[u8]) -> Option<u128> {
    let (mut number, mut shift) = (0u128, 0);
    loop {
        let (&byte, more) = rest.split_first()?;
        *rest = more;
        number |= u128::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

/// The values that are not 0, with their positions.
struct NotZero<'a> {
    rest: &'a [u8],
    next: usize,
}

impl Iterator for NotZero<'_> {
    type Item = (usize, i128);

    #[inline]
    fn next(&mut self) -> Option<(usize, i128)> {
        let zeros = usize::try_from(take(&mut self.rest)?).ok()?;
        let value = take(&mut self.rest)?;
        let at = self.next + zeros;
        self.next = at + 1;
        Some((at, (value >> 1).cast_signed() ^ -((value & 1).cast_signed())))
    }
}

impl From<Vec<i128>> for Values {
    fn from(values: Vec<i128>) -> Values {
        Values::of(&values)
    }
}

impl FromIterator<i128> for Values {
    fn from_iter<I: IntoIterator<Item = i128>>(values: I) -> Values {
        Values::of(&values.into_iter().collect::<Vec<i128>>())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.to_vec()).finish()
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        let mut next = 0;
        for (at, value) in self.iter().chain([(self.len(), 0)]) {
            // A number is written the same whatever its type has room for.
            for _ in next..at {
                list.serialize_element(&0i64)?;
            }
            if at < self.len() {
                match i64::try_from(value) {
                    Ok(value) => list.serialize_element(&value)?,
                    Err(_) => list.serialize_element(&value)?,
                }
            }
            next = at + 1;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<i128>()? {
                    values.push(value);
                }
                Ok(Values::of(&values))
            }
        }
        deserializer.deserialize_seq(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = i128> {
        prop_oneof![
            4 => Just(0i128),
            4 => -300i128..300,
            1 => any::<i64>().prop_map(i128::from),
            1 => any::<i128>(),
            1 => prop_oneof![Just(i128::MIN), Just(i128::MAX)],
        ]
    }

    proptest! {
        #[test]
        fn what_was_packed_is_there_and_is_written_as_a_list_is(values in proptest::collection::vec(value(), 0..200)) {
            let packed = Values::of(&values);
            prop_assert_eq!(packed.to_vec(), values.clone());
            prop_assert_eq!(packed.len(), values.len());
            prop_assert_eq!(packed.are_zero(), values.iter().all(|v| *v == 0));
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(packed.get(at), *value);
            }
            let bytes = postcard::to_stdvec(&values).unwrap();
            prop_assert_eq!(&postcard::to_stdvec(&packed).unwrap(), &bytes);
            prop_assert_eq!(&postcard::from_bytes::<Values>(&bytes).unwrap(), &packed);
            prop_assert!(bytes.len() <= packed.at_most());
            prop_assert!(packed.packed.bytes().len() <= 20 * values.iter().filter(|v| **v != 0).count());
        }
    }
}
