//! The counters of `send`.
use super::super::classify::Raise;
use super::super::counter::{CounterKind, Known, count, derived, events, of_kind};
use super::super::counter_table::{counters, groups};
use super::super::providers;
use super::super::reasons::{self, Why};
use super::super::times;

counters! {
    pub(super) const MESSAGES = [
        CONCURRENCY_REMOTE: derived(
            "concurrencyremote",
            concurrency_remote,
            "average use of the remote delivery slots since counting began, in percent",
        ),
        DELIVERY: events("delivery", "delivery attempts that ended"),
        DELIVERY_DEFERRAL: events("delivery_deferral", "delivery attempts put off, to be tried again"),
        DELIVERY_FAILURE: events("delivery_failure", "delivery attempts that failed for good"),
        DELIVERY_SUCCESS: events("delivery_success", "delivery attempts that succeeded"),
        MESSAGE_BOUNCE: events("message_bounce", "bounce messages sent"),
        MESSAGE_BYTES: events("message_bytes", "bytes of the messages taken into the queue"),
        MESSAGE_END: events("message_end", "messages that left the queue"),
        MESSAGE_INFO: events("message_info", "messages whose size and sender were logged"),
        MESSAGE_NEW: events("message_new", "messages taken into the queue"),
        MESSAGE_OTHER: events("message_other", "lines without a stamp or without a text"),
        OTHER: events("other", "other lines: warnings, alerts, double and triple bounces, exiting"),
        START_DELIVERY: events("start_delivery", "delivery attempts begun"),
        START_LOCAL: count("start_delivery_local", "start_local", "delivery attempts begun to local mailboxes"),
        START_REMOTE: count("start_delivery_remote", "start_remote", "delivery attempts begun to remote hosts"),
        STATUS: events("status", "status lines, one at every change of the concurrency"),
        STATUS_LOCALP: of_kind(
            CounterKind::Sum,
            "status_localp",
            "sum over the status lines of the used share of local delivery slots",
        ),
        STATUS_REMOTEP: of_kind(
            CounterKind::Sum,
            "status_remotep",
            "sum over the status lines of the used share of remote delivery slots",
        ),
        DOUBLE_BOUNCE: events("double_bounce", "bounces of bounces that were discarded (also in other)"),
        TRIPLE_BOUNCE: events("triple_bounce", "bounces of double bounces, discarded (also in other)"),
        WARNING: events("warning", "warnings of qmail-send (also in other)"),
        ALERT: events("alert", "alerts of qmail-send: it cannot go on (also in other)"),
        STATUS_LOCAL_SUM: events("status_local_sum", "sum over the status lines of local deliveries in flight"),
        STATUS_REMOTE_SUM: events("status_remote_sum", "sum over the status lines of remote deliveries in flight"),
        PEAK_LOCAL: of_kind(CounterKind::Peak, "peak_local", "most local deliveries in flight in the last complete step"),
        PEAK_REMOTE: of_kind(CounterKind::Peak, "peak_remote", "most remote deliveries in flight in the last complete step"),
        LIMIT_LOCAL: of_kind(CounterKind::Level, "limit_local", "local delivery slots (concurrencylocal)"),
        LIMIT_REMOTE: of_kind(CounterKind::Level, "limit_remote", "remote delivery slots (concurrencyremote)"),
    ];
}

groups! {
    pub(super) const COUNTERS = [
        FIRST: MESSAGES,
        WHY: reasons::COUNTERS,
        PROVIDERS: providers::COUNTERS,
        TIMES: times::COUNTERS,
    ];
}

/// Raises why a delivery did not succeed.
pub(super) fn raise_why(why: Option<Why>, raise: &mut Raise<'_>) {
    if let Some(why) = why {
        raise.one(WHY + why.reason);
        why.expired.into_iter().for_each(|expired| raise.one(WHY + expired));
    }
}

/// 100 · status_remotep / status, in units of 10⁻⁹ percent; 0 while no status line was seen.
fn concurrency_remote(known: &Known<'_>) -> i128 {
    match known.values[STATUS] {
        0 => 0,
        lines => (200 * known.values[STATUS_REMOTEP] + lines) / (2 * lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_is_a_percentage() {
        let mut values = vec![0i128; COUNTERS.len()];
        assert_eq!(concurrency_remote(&Known { values: &values, newest_day: &[] }), 0);
        values[STATUS] = 4;
        values[STATUS_REMOTEP] = 500_000_000; // 0.5 over four lines: 12.5 %
        assert_eq!(concurrency_remote(&Known { values: &values, newest_day: &[] }), 12_500_000_000);
    }
}
