//! An hour that comes twice, by whatever length the clock is set back.
use super::*;

/// The moment at which the clock is set back: 2026-10-25T01:00:00Z.
const TURN: i64 = 1_792_890_000;
const MINUTE: i64 = 60;

/// Two hours ahead of UTC before [`TURN`], and by `back` seconds less after it.
#[derive(Clone, Copy, Debug)]
struct SetBack {
    back: i64,
}

impl SetBack {
    fn ahead(self, secs: i64) -> i64 {
        if secs < TURN { 7200 } else { 7200 - self.back }
    }

    /// RFC 3164's stamp of a clock that shows unix `secs`.
    fn stamp(self, secs: i64) -> String {
        let local = chrono::DateTime::from_timestamp(secs + self.ahead(secs), 0).unwrap();
        local.format("%b %e %H:%M:%S").to_string()
    }
}

impl TimeZone for SetBack {
    type Offset = FixedOffset;

    fn from_offset(_: &FixedOffset) -> Self {
        SetBack { back: 3600 }
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<FixedOffset> {
        self.offset_from_local_datetime(&local.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
        let local = local.and_utc().timestamp();
        let east = |ahead: i64| FixedOffset::east_opt(ahead as i32).unwrap();
        let (before, after) = (7200, 7200 - self.back);
        match (local - before < TURN, local - after >= TURN) {
            (true, true) => MappedLocalTime::Ambiguous(east(before), east(after)),
            (true, false) => MappedLocalTime::Single(east(before)),
            (false, true) => MappedLocalTime::Single(east(after)),
            (false, false) => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
        self.offset_from_utc_datetime(&utc.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        FixedOffset::east_opt(self.ahead(utc.and_utc().timestamp()) as i32).unwrap()
    }
}

const HOUR_BACK: SetBack = SetBack { back: 3600 };

fn parser(zone: SetBack, written: i64) -> Parser<SetBack> {
    Parser::in_zone(zone, 10, written)
}

/// The instants of lines `HH:MM:SS HOST` of 25 October, as seconds after [`TURN`].
fn read(parser: &mut Parser<SetBack>, lines: &[&str]) -> Vec<i64> {
    let secs = |line: &&str| {
        let line = format!("Oct 25 {line} vpopmail[1]: x");
        parser.parse(line.as_bytes()).time.unwrap().secs - TURN
    };
    lines.iter().map(secs).collect()
}

#[test]
fn a_stamp_that_goes_back_is_of_the_second_pass() {
    let lines =
        ["01:59:59 a", "02:00:00 a", "02:30:00 a", "02:59:59 a", "02:00:00 a", "02:30:00 a", "02:59:59 a"];
    let mut parser = parser(HOUR_BACK, TURN + 7200);
    assert_eq!(read(&mut parser, &lines), [-3601, -3600, -1800, -1, 0, 1800, 3599]);
    assert_eq!(read(&mut parser, &["03:00:00 a", "03:30:00 a"]), [3600, 5400]);
}

/// Several programs write to one log, and not in the very order of their stamps.
#[test]
fn seconds_of_disorder_at_both_ends_of_both_passes() {
    let mut parser = parser(HOUR_BACK, TURN + 7200);
    let first = ["02:00:01 a", "01:59:58 a", "02:00:00 a", "01:59:59 a", "02:00:02 a"];
    assert_eq!(read(&mut parser, &first), [-3599, -3602, -3600, -3601, -3598]);
    let turn =
        ["02:59:59 a", "02:00:01 a", "02:59:58 a", "02:00:00 a", "02:59:59 a", "02:00:02 a", "02:04:00 a"];
    assert_eq!(read(&mut parser, &turn), [-1, 1, -2, 0, -1, 2, 240]);
    let end = ["02:30:00 a", "02:59:59 a", "03:00:01 a", "02:59:58 a", "03:00:00 a"];
    assert_eq!(read(&mut parser, &end), [1800, 3599, 3601, 3598, 3600]);
}

#[test]
fn hosts_with_other_clocks_do_not_carry_each_other_over() {
    // b's clock is ten minutes ahead.
    let mut parser = parser(HOUR_BACK, TURN + 7200);
    let first = ["01:58:00 a", "02:08:00 b", "02:02:00 a", "02:12:00 b", "02:02:10 a"];
    assert_eq!(read(&mut parser, &first), [-3720, -3120, -3480, -2880, -3470]);
    let turn =
        ["02:49:00 a", "02:59:00 b", "02:50:30 a", "02:00:30 b", "02:51:00 a", "02:01:00 b", "02:59:00 a"];
    assert_eq!(read(&mut parser, &turn), [-660, -60, -570, 30, -540, 60, -60]);
    assert_eq!(read(&mut parser, &["02:11:00 b", "02:01:00 a"]), [660, 60]);
}

#[test]
fn a_host_that_was_silent_is_where_the_others_are() {
    let mut parser = parser(HOUR_BACK, TURN + 7200);
    let lines =
        ["01:50:00 a", "01:50:01 b", "02:50:00 a", "02:10:00 a", "02:10:05 b", "02:10:06 new", "02:11:00 b"];
    assert_eq!(read(&mut parser, &lines), [-4200, -4199, -600, 600, 605, 606, 660]);
}

/// Nothing was logged after the file was written, nor before the look at which it was not there yet.
#[test]
fn the_clock_tells_where_the_order_does_not() {
    assert_eq!(read(&mut parser(HOUR_BACK, TURN - 1000), &["02:40:00 a", "02:30:00 a"]), [-1200, -1800]);
    assert_eq!(read(&mut parser(HOUR_BACK, TURN + 2000), &["02:40:00 a", "02:30:00 a"]), [-1200, 1800]);
    let since = |last, since| {
        let mut parser = parser(HOUR_BACK, TURN + 900);
        parser.resume(last, since);
        read(&mut parser, &["02:14:00 a", "02:14:30 b"])
    };
    // The log was silent in the first pass, from 01:50, or since 02:13.
    assert_eq!(since(TURN - 4200, TURN + 600), [840, 870]);
    assert_eq!(since(TURN - 2820, TURN + 600), [840, 870]);
    assert_eq!(since(TURN - 2820, TURN - 2800), [-2760, -2730]);
    // A look in the middle of the second pass knows no more than the newest line.
    assert_eq!(since(TURN + 800, 0), [840, 870]);
    // What was counted hours later tells nothing of an old log.
    assert_eq!(since(TURN + 90_000, 0), [-2760, -2730]);
}

#[test]
fn lines_without_a_host_have_an_order_too() {
    for blanks in [" ", "  "] {
        let mut parser = parser(HOUR_BACK, TURN + 7200);
        let secs = |time: &&str| {
            let line = format!("2026-10-25 {time}.000000001{blanks}x");
            parser.parse(line.as_bytes()).time.unwrap().secs - TURN
        };
        let times = ["02:00:00", "02:59:59", "02:59:58", "02:00:00", "02:30:00", "02:59:59", "02:58:00"];
        assert_eq!(times.iter().map(secs).collect::<Vec<_>>(), [-3600, -1, -2, 0, 1800, 3599, 3480]);
    }
    let mut parser = parser(HOUR_BACK, TURN + 7200);
    let secs = |time: &&str| {
        let line = format!("[25-Oct-2026 {time}] x");
        parser.parse(line.as_bytes()).time.unwrap().secs - TURN
    };
    assert_eq!(["02:59:59", "02:00:00"].iter().map(secs).collect::<Vec<_>>(), [-1, 0]);
}

#[test]
fn the_next_file_goes_on_where_the_one_before_ended() {
    let mut parser = parser(HOUR_BACK, TURN + 600);
    assert_eq!(read(&mut parser, &["02:59:00 a", "02:10:00 a"]), [-60, 600]);
    parser.turn_to(TURN + 3000);
    assert_eq!(read(&mut parser, &["02:40:00 a"]), [2400]);
}

/// Hosts, and by how many seconds each clock is ahead; then lines: host, seconds since the line before, and by how many
/// seconds it comes too early in the log.
type Log = (Vec<i64>, Vec<(usize, i64, i64)>);

fn log() -> impl Strategy<Value = Log> {
    let hosts = prop::collection::vec(-120..120_i64, 1..4);
    (hosts, prop::collection::vec((any::<usize>(), 0..240_i64, 0..4_i64), 200..260))
}

proptest! {
    /// However the log is cut into readings, each line is of the instant that its host's clock showed.
    #[test]
    fn each_line_is_of_its_instant(
        (hosts, lines) in log(),
        back in prop::sample::select(vec![1800, 3600, 7200]),
        apart in prop::sample::select(vec![MINUTE, 5 * MINUTE, 14 * MINUTE, 1000 * MINUTE]),
    ) {
        let zone = SetBack { back };
        let mut now = TURN - 3 * 3600;
        let (mut last, mut since) = (0, 0);
        // What is written between two looks: the instant that the host's clock shows, and the line.
        let mut waiting: Vec<(i64, String)> = Vec::new();
        let mut heard = vec![now; hosts.len()];
        for (host, pause, early) in lines {
            now += pause;
            // A host that is silent for nearly as long as the clock is set back may be taken for one in the first pass.
            let silent = heard.iter().position(|heard| now - heard > 12 * MINUTE);
            let host = silent.unwrap_or(host % hosts.len());
            heard[host] = now;
            let shown = now + hosts[host] + early;
            waiting.push((shown, format!("{} h{host} vpopmail[1]: x", zone.stamp(shown))));
            if now - since < apart && now < TURN + 3 * 3600 {
                continue;
            }
            let mut parser = parser(zone, now);
            parser.resume(last, since);
            for (shown, line) in waiting.drain(..) {
                let time = parser.parse(line.as_bytes()).time.unwrap().secs;
                prop_assert_eq!(time, shown, "{} after {}", line, last);
                last = last.max(time);
            }
            since = now;
        }
    }
}
