//! RRDs of every protocol whose values stay the same for six hours at a time, made of whole numbers a second: what is
//! read back is exact on every machine.

use super::*;

/// Seconds of a plateau; they begin at midnight UTC.
pub(super) const LENGTH: i64 = 6 * 3_600;

/// By what the values of a plateau are multiplied; no two neighbours are alike, and none is as it was a week before.
fn level(end: i64) -> u64 {
    let levels = if end > NOW - 5 * 86_400 { [5, 3, 4, 2] } else { [3, 4, 2, 5] };
    levels[((end - 1) / LENGTH % 4) as usize]
}

/// What a counter adds a second, or a gauge shows, in the step that ends at `end`. Chosen so that no series of a
/// shipped template hides another.
fn value(ds: &str, number: usize, end: i64) -> u64 {
    let level = level(end);
    // A mean of them rises and falls with the level.
    let sum = level * level;
    match ds {
        "delivery_success" => 40 * level,
        "delivery_deferral" => 20 * level,
        "delivery_failure" => 12 * level,
        "message_new" => 60 * level,
        "message_end" => 45 * level,
        "message_bounce" => 15 * level,
        "message_info" | "status" => 50 * level,
        "message_bytes" => 900_000 * level,
        "status_local_sum" => 50 * 4 * sum,
        "status_remote_sum" => 50 * 8 * sum,
        "peak_local" => 6 * level,
        "peak_remote" => 11 * level,
        "limit_local" => 65,
        "limit_remote" => 75,
        "messages" => 90 * level,
        "remote" => 60 * level,
        "local" => 35 * level,
        "unprocessed" => 15 * level,
        "oldest" => 7_200 * level,
        "sa_spam" => 20 * level,
        "sa_ham" => 50 * level,
        "spam_score_sum" => 20 * 12 * sum,
        "ham_score_sum" => 50 * 2 * sum,
        "threshold_sum" => 70 * 6 * sum,
        "spam_seconds_sum" => 20 * 3 * sum,
        "ham_seconds_sum" => 50 * sum,
        "disconnect" => 50 * level,
        "rejected_temp" => 8 * level,
        "relay" => 40 * level,
        "refused" => 20 * level,
        "auth_fail" => 10 * level,
        "deny_overridden" => 900 * level,
        "scan" => 70 * level,
        "score_sum" => 70 * 8 * sum,
        "time_sum" => 70 * 3 * sum,
        // In connections a minute it is far from those let in and turned away.
        "tcp_ok" => 50 * level,
        "tcp_deny" => 20 * level,
        "peak_smtp" => 90 * 60 * level,
        _ => (20 + 3 * (number as u64 % 7)) * level,
    }
}

/// Two days up to `NOW` of every protocol, in `dir`.
pub(super) fn readings(dir: &Path) -> Vec<Reading> {
    readings_of(dir, &[])
}

/// And the same days a week before.
pub(super) fn readings_of_two_weeks(dir: &Path) -> Vec<Reading> {
    readings_of(dir, &[7 * 86_400])
}

/// Two days up to `NOW`, and those that were so many seconds `before`.
fn readings_of(dir: &Path, before: &[i64]) -> Vec<Reading> {
    let until = NOW - NOW % STEP;
    let first = (until - 2 * 86_400).div_euclid(86_400) * 86_400;
    let ends: Vec<i64> = before
        .iter()
        .chain(&[0])
        .flat_map(|before| (1..=(until - first) / STEP).map(move |n| first - before + n * STEP))
        .collect();
    let first = first - before.first().unwrap_or(&0);
    let make = |protocol: &crate::protocol::Protocol| {
        let path = dir.join(format!("{}.rrd", protocol.name));
        let stored: Vec<_> = protocol.counters.iter().filter(|c| !c.ds.is_empty()).collect();
        let sources: Vec<_> = stored
            .iter()
            .map(|c| {
                let name = DataSourceName::new(c.ds).unwrap();
                match c.kind.is_gauge() {
                    true => DataSource::gauge(&name, HEARTBEAT, Some(0.0), None),
                    false => DataSource::absolute(&name, HEARTBEAT, None, None),
                }
            })
            .collect();
        let archives = archives();
        let data = ends.iter().map(|end| {
            let end = *end;
            let values = stored.iter().enumerate().map(|(number, c)| {
                let seconds = if c.kind.is_gauge() { 1 } else { STEP as u64 };
                update::Datum::from(value(c.ds, number, end) * seconds)
            });
            (BatchTime::Timestamp(at(end)), values.collect::<Vec<_>>())
        });
        let _librrd = LIBRRD.lock().unwrap();
        create::create(&path, at(first), Duration::from_secs(60), true, None, &[], &sources, &archives)
            .unwrap();
        update::update_all(&path, update::Options::default(), data).unwrap();
        let measured = protocol.measured;
        let part = |protocol| Reading {
            protocol,
            rrd: path.clone(),
            step: 60,
            seen: NOW,
            measured,
            ..Reading::default()
        };
        protocol.parts().map(part).collect::<Vec<_>>()
    };
    builtin(&Settings::default()).into_iter().flat_map(make).collect()
}

/// The arguments of one picture of `readings`.
pub(super) fn arguments(
    template: &template::Template,
    period: Period,
    theme: Theme,
    readings: &[Reading],
) -> Vec<String> {
    let window = Window::of(period, NOW, STEP);
    let values =
        rows::load(template, window.span, readings, rows::Waiting::LeftOut, &Files::default()).unwrap();
    let arguments = args::arguments(&args::Picture {
        template,
        window: &window,
        theme,
        format: Format::Png,
        values: values.as_ref(),
        host: "mx1.example.org",
        time: "Mon 23 Nov 2026 12:46 CET",
    });
    // By their paths, which tell more than the descriptors that librrd is given.
    let held = values.iter().flat_map(|values| &values.held);
    held.fold(arguments, |arguments, held| arguments.iter().map(|argument| held.words(argument)).collect())
}
