//! What the programs that accept connections log: tcpserver(1), sslserver(1), tcpsvd(8).
//!
//! Not a protocol of its own: these lines stand in the directory of the server they start, so `rbl` and `pop3`
//! count them, each in a [`Slots`] of its own table. The host name and the ident user at a line's end are the
//! client's; nothing is looked for there.
use super::classify::{Raise, Verdict};
use super::counter::{CounterKind, events, of_kind};
use super::counter_table::counters;
use super::scan::{fraction, number};

counters! {
    /// The counters. `peak`: the key of the gauge, which differs from protocol to protocol.
    pub(super) const fn counters(peak: &'static str) = [
        CONNECT: events("tcp_connect", "connections that a tcpserver accepted"),
        OK: events("tcp_ok", "connections that its rules let in"),
        DENY: events("tcp_deny", "connections that its rules turned away"),
        END: events("tcp_end", "connections that ended"),
        STATUS: events("tcp_status", "status lines of tcpserver, one at every connect and end"),
        PEAK: of_kind(CounterKind::Peak, peak, "most connections at once in the last complete step"),
    ];
}

/// Positions in a protocol's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    /// Position of the first of [`counters()`].
    pub first: usize,
    /// Where lines go that have no counter of their own; `None`: nowhere.
    pub other: Option<usize>,
}

/// Is `name` one of these programs?
pub(super) fn is_program(name: &[u8]) -> bool {
    matches!(name, b"tcpserver" | b"sslserver" | b"tcpsvd")
}

/// Raises what a line counts, `rest` being what follows `tcpserver: `, `sslserver: ` or `tcpsvd: `.
pub(super) fn classify(rest: &[u8], slots: Slots, raise: &mut Raise<'_>) -> Verdict {
    // tcpsvd tells its level first.
    let rest = rest.strip_prefix(b"info: ").unwrap_or(rest);
    if let Some(counter) = event(rest) {
        raise.one(slots.first + counter);
        return Verdict::Known;
    }
    if let Some(now) = status(rest) {
        raise.one(slots.first + STATUS);
        raise.peak(slots.first + PEAK, now);
        return Verdict::Known;
    }
    if let Some(other) = slots.other {
        raise.one(other);
    }
    // `concurrency N IP A/B`: what one address has of tcpsvd's slots (its `-C`); `start N …` follows it.
    // `ssl N accept`: sslserver, once a connection.
    let told: [&[u8]; 6] = [b"warning: ", b"fatal: ", b"concurrency ", b"start ", b"listening on ", b"ssl "];
    if told.iter().any(|t| rest.starts_with(t)) { Verdict::Known } else { Verdict::Unknown }
}

/// `pid N from IP`, `ok N …`, `deny N …`, `end N status S`: which counter.
fn event(rest: &[u8]) -> Option<usize> {
    let names: [(&[u8], usize); 4] = [(b"pid ", CONNECT), (b"ok ", OK), (b"deny ", DENY), (b"end ", END)];
    let (counter, rest) = names.iter().find_map(|(name, at)| Some((*at, rest.strip_prefix(*name)?)))?;
    let (_, rest) = number(rest)?;
    rest.starts_with(b" ").then_some(counter)
}

/// `status: A/B`, or tcpsvd's `status A/B`: A. What may follow is a patch's (` sql: 0`).
fn status(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_prefix(b"status")?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    let (now, _, rest) = fraction(rest)?;
    matches!(rest.first(), None | Some(b' ')).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// connect, ok, deny, end, status, peak, other; and the verdict.
    fn values(rest: &str) -> ([i128; 7], Verdict) {
        let mut values = [0; 7];
        let slots = Slots { first: 0, other: Some(6) };
        let verdict = classify(rest.as_bytes(), slots, &mut Raise(&mut values));
        (values, verdict)
    }

    #[test]
    fn lines_of_each_kind() {
        use Verdict::{Known, Unknown};
        for (rest, expected, verdict) in [
            ("pid 210485 from 198.51.100.4", [1, 0, 0, 0, 0, 0, 0], Known),
            ("ok 5 mail.example.com:2001:db8::10:465 :2001:db8::1::40000", [0, 1, 0, 0, 0, 0, 0], Known),
            ("deny 7 mail.example.com:192.0.2.10:25 :198.51.100.66::51234", [0, 0, 1, 0, 0, 0, 0], Known),
            ("end 210485 status 256", [0, 0, 0, 1, 0, 0, 0], Known),
            ("info: end 22682 exit 0", [0, 0, 0, 1, 0, 0, 0], Known),
            ("status: 12/40", [0, 0, 0, 0, 1, 12, 0], Known),
            ("status: 1/40 sql: 0", [0, 0, 0, 0, 1, 1, 0], Known),
            ("info: status 2/400", [0, 0, 0, 0, 1, 2, 0], Known),
            ("warning: dropping connection, unable to fork: x", [0, 0, 0, 0, 0, 0, 1], Known),
            ("fatal: unable to bind: address already used", [0, 0, 0, 0, 0, 0, 1], Known),
            ("info: concurrency 22692 192.0.2.52 2/6", [0, 0, 0, 0, 0, 0, 1], Known),
            ("info: start 22692 mx1.example.org:192.0.2.1 ::192.0.2.52:38282", [0, 0, 0, 0, 0, 0, 1], Known),
            ("ssl 311 accept ", [0, 0, 0, 0, 0, 0, 1], Known),
            ("status: 1/x", [0, 0, 0, 0, 0, 0, 1], Unknown),
            ("status: 1/40x", [0, 0, 0, 0, 0, 0, 1], Unknown),
            ("status: 99999999999999999999/40", [0, 0, 0, 0, 0, 0, 1], Unknown),
            ("ok mail.example.com:192.0.2.10:25", [0, 0, 0, 0, 0, 0, 1], Unknown),
            ("okay 5 x", [0, 0, 0, 0, 0, 0, 1], Unknown),
            ("", [0, 0, 0, 0, 0, 0, 1], Unknown),
        ] {
            assert_eq!(values(rest), (expected, verdict), "{rest}");
        }
    }

    #[test]
    fn without_a_counter_for_the_rest() {
        let mut values = [0; 6];
        let slots = Slots { first: 0, other: None };
        assert_eq!(classify(b"fatal: x", slots, &mut Raise(&mut values)), Verdict::Known);
        assert_eq!(values, [0; 6]);
    }
}
