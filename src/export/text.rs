//! The one line of a query: `key:value` pairs joined by `:`, as pollers of the Perl maillogs read it.
use crate::reading::{Measure, Reading};

/// The line, with its newline. A counter that has no value is left out.
pub fn line(reading: &Reading) -> String {
    let pairs: Vec<String> = reading
        .counters
        .iter()
        .filter_map(|counter| {
            Some(format!("{}:{}", counter.key, counter.measure.print(counter.value?.total)))
        })
        .collect();
    pairs.join(":") + "\n"
}

/// What is printed and exported where `counter_bits` is `bits` (32 or 64): what only grows begins again at 0 after 2^bits, for
/// pollers that hold no more.
pub fn wrapped(reading: &mut Reading, bits: u32) {
    for counter in &mut reading.counters {
        if let Some(value) = &mut counter.value {
            value.total = wrap(counter.measure, value.total, bits);
        }
    }
}

fn wrap(measure: Measure, value: i128, bits: u32) -> i128 {
    match measure {
        Measure::Count => value.rem_euclid(1 << bits),
        Measure::Sum => value.rem_euclid(1_000_000_000 << bits),
        Measure::Net | Measure::Level | Measure::Derived => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use crate::reading::{Counter, DefinedBy, Value};

    /// `send` with all of its counters at 0.
    fn send() -> Reading {
        let counters = SEND.own_counters().map(|counter| Counter {
            key: counter.key,
            ds: counter.ds,
            help: counter.help,
            measure: counter.kind.measure(),
            defined_by: DefinedBy::BuiltIn,
            value: Some(Value::default()),
        });
        Reading { counters: counters.collect(), ..Reading::default() }
    }

    #[test]
    fn every_key_is_there_in_the_documented_order() {
        let line = line(&send());
        assert!(line.starts_with(
            "concurrencyremote:0:delivery:0:delivery_deferral:0:delivery_failure:0:delivery_success:0:message_bounce:0:\
             message_bytes:0:message_end:0:message_info:0:message_new:0:message_other:0:other:0:start_delivery:0:\
             start_delivery_local:0:start_delivery_remote:0:status:0:status_localp:0:status_remotep:0:"
        ));
        assert!(line.ends_with(":limit_remote:0\n"));
    }

    #[test]
    fn odometers_wrap_where_it_is_asked_for() {
        let mut reading = send();
        let mut put = |key: &str, total| {
            reading.counters[SEND.index(key).unwrap()].value = Some(Value { total, ..Value::default() });
        };
        put("message_bytes", (1 << 32) + 5);
        // A sum of fractions, and a level, which never wraps.
        put("status_localp", ((1 << 32) + 5) * 1_000_000_000 + 500_000_000);
        put("peak_local", (1 << 32) + 5);
        let of = |bits| {
            let mut reading = reading.clone();
            wrapped(&mut reading, bits);
            line(&reading)
        };
        let (short, long) = (of(32), of(64));
        assert!(short.contains(":message_bytes:5:") && long.contains(":message_bytes:4294967301:"));
        assert!(short.contains(":status_localp:5.5:") && long.contains(":status_localp:4294967301.5:"));
        assert!(short.contains(":peak_local:4294967301:") && long.contains(":peak_local:4294967301:"));
    }
}
