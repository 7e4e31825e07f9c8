//! Tables of counters. Where a counter stands follows from the table; no position is written by hand.
use super::counter::{Counter, CounterKind};

/// Constants `0`, `1`, `2` … of these names: each is one more than the one before it.
macro_rules! positions {
    (@ $vis:vis, $at:expr;) => {};
    (@ $vis:vis, $at:expr; $name:ident $($rest:ident)*) => {
        // A position need not be used by its name. The test of the samples makes sure that each counter is raised.
        #[allow(dead_code)]
        $vis const $name: usize = $at;
        $crate::protocol::counter_table::positions!(@ $vis, $name + 1; $($rest)*);
    };
}

/// A table of counters, and the position of each as a constant:
///
/// ```text
/// counters! {
///     const COUNTERS = [
///         CLEAN: count("clean", "clean", "messages in which nothing was found"),
///         SPAM: count("spam", "spam", "messages that are spam"),
///     ];
/// }
/// ```
///
/// With `const fn NAME(ARGUMENT: TYPE)` in the place of `const NAME` the table is a function of the argument.
macro_rules! counters {
    ($(#[$doc:meta])* $vis:vis const $table:ident = [$($position:ident: $counter:expr,)*];) => {
        $crate::protocol::counter_table::positions!(@ $vis, 0; $($position)*);
        $(#[$doc])*
        $vis const $table: &[$crate::protocol::counter::Counter] = &[$($counter),*];
    };
    ($(#[$doc:meta])* $vis:vis const fn $table:ident($argument:ident: $type:ty) = [$($position:ident: $counter:expr,)*];) => {
        $crate::protocol::counter_table::positions!(@ $vis, 0; $($position)*);
        $(#[$doc])*
        $vis const fn $table($argument: $type) -> [$crate::protocol::counter::Counter; [$($position),*].len()] {
            [$($counter),*]
        }
    };
}

/// Counters that a word of the log chooses: the words, and a table with the counter of each at the word's position.
macro_rules! named_counters {
    (const $words:ident, $table:ident = [$($word:literal: $counter:expr,)*];) => {
        const $words: &[&[u8]] = &[$($word),*];
        const $table: &[$crate::protocol::counter::Counter] = &[$($counter),*];
    };
}

/// A table that is composed of groups, one behind the other, and where each group begins as a constant:
/// `groups! { const COUNTERS = [FIRST: their_table, SECOND: another::COUNTERS]; }`. A counter of a group stands at the
/// group's beginning plus its position in the group.
macro_rules! groups {
    ($vis:vis const $table:ident = [$($begin:ident: $group:expr,)*];) => {
        $crate::protocol::counter_table::groups!(@ $vis, 0; $($begin: $group,)*);
        $vis const $table: &[$crate::protocol::counter::Counter] = {
            const GROUPS: &[&[$crate::protocol::counter::Counter]] = &[$($group),*];
            &$crate::protocol::counter_table::joined::<{ $crate::protocol::counter_table::length(GROUPS) }>(GROUPS)
        };
    };
    (@ $vis:vis, $at:expr;) => {};
    (@ $vis:vis, $at:expr; $begin:ident: $group:expr, $($rest:tt)*) => {
        $vis const $begin: usize = $at;
        $crate::protocol::counter_table::groups!(@ $vis, $begin + $group.len(); $($rest)*);
    };
}

pub(super) use {counters, groups, named_counters, positions};

/// How many counters `groups` have together.
pub(super) const fn length(groups: &[&[Counter]]) -> usize {
    let (mut all, mut group) = (0, 0);
    while group < groups.len() {
        all += groups[group].len();
        group += 1;
    }
    all
}

/// The counters of `groups` in one table; `LENGTH` is [`length`].
pub(super) const fn joined<const LENGTH: usize>(groups: &[&[Counter]]) -> [Counter; LENGTH] {
    let mut all = [Counter { key: "", ds: "", kind: CounterKind::Count, help: "" }; LENGTH];
    let (mut at, mut group) = (0, 0);
    while group < groups.len() {
        let mut counter = 0;
        while counter < groups[group].len() {
            all[at] = groups[group][counter];
            at += 1;
            counter += 1;
        }
        group += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::protocol::counter::{Counter, count};

    counters! {
        const FIRST = [
            A: count("a", "a", "x"),
            B: count("b", "b", "x"),
        ];
    }
    named_counters! {
        const WORDS, NAMED = [
            b"SEE": count("c", "c", "x"),
        ];
    }
    counters! {
        const fn last(key: &'static str) = [
            D: count(key, key, "x"),
            E: count("e", "e", "x"),
        ];
    }
    groups! {
        const ALL = [
            AT_FIRST: FIRST,
            AT_NAMED: NAMED,
            AT_LAST: &last("d"),
        ];
    }

    #[test]
    fn positions_follow_from_the_tables() {
        let keys = |table: &[Counter]| table.iter().map(|c| c.key).collect::<String>();
        assert_eq!((keys(ALL).as_str(), WORDS), ("abcde", &[&b"SEE"[..]][..]));
        let positions = [AT_FIRST + A, AT_FIRST + B, AT_NAMED, AT_LAST + D, AT_LAST + E];
        assert_eq!(positions.map(|at| ALL[at].key), ["a", "b", "c", "d", "e"]);
    }
}
