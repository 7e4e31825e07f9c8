//! The one line of a query: `key:value` pairs joined by `:`, as pollers of the Perl maillogs read it.
use crate::protocol::{CounterKind, Protocol};
use crate::store::counters::format_value;

/// The line, with its newline. `bits` (32 or 64): odometers wrap modulo 2^bits, for pollers that hold
/// no more.
pub fn line(protocol: &Protocol, values: &[i128], bits: u32) -> String {
    let pairs: Vec<String> = protocol
        .counters
        .iter()
        .zip(values)
        .map(|(counter, value)| {
            format!("{}:{}", counter.key, format_value(counter.kind, wrap(counter.kind, *value, bits)))
        })
        .collect();
    pairs.join(":") + "\n"
}

fn wrap(kind: CounterKind, value: i128, bits: u32) -> i128 {
    match kind {
        CounterKind::Count => value.rem_euclid(1 << bits),
        CounterKind::Sum => value.rem_euclid(1_000_000_000 << bits),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    #[test]
    fn every_key_is_there_in_the_documented_order() {
        let line = line(&SEND, &vec![0; SEND.counters.len()], 64);
        assert!(line.starts_with(
            "concurrencyremote:0:delivery:0:delivery_deferral:0:delivery_failure:0:delivery_success:0:message_bounce:0:\
             message_bytes:0:message_end:0:message_info:0:message_new:0:message_other:0:other:0:start_delivery:0:\
             start_delivery_local:0:start_delivery_remote:0:status:0:status_localp:0:status_remotep:0:"
        ));
        assert!(line.ends_with(":limit_remote:0\n"));
    }

    #[test]
    fn odometers_wrap_where_it_is_asked_for() {
        let mut values = vec![0; SEND.counters.len()];
        values[SEND.index("message_bytes").unwrap()] = (1 << 32) + 5;
        assert!(line(&SEND, &values, 32).contains(":message_bytes:5:"));
        assert!(line(&SEND, &values, 64).contains(":message_bytes:4294967301:"));
    }
}
