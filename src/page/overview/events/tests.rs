//! The rule on days that never were: quiet ones have no event, and a burst that comes on no other day is one.
use super::*;

/// Pseudo-random numbers (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut number) = ((-mean).exp(), self.unit(), 0.0);
        while product > limit {
            product *= self.unit();
            number += 1.0;
        }
        number
    }
}

/// How a subject goes, with its mean in a half-hour at noon.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The same at all times.
    Flat(f64),
    /// Chance, the hours of the day and the days of the week, more or less of it each day and each hour.
    Noisy(f64),
    /// And a job at 04:00, or a little earlier or later.
    Cron(f64),
    /// And mail to lists: some bursts a day, at any time of it.
    Lists(f64),
    /// A part of what is noisy and has bursts: so many of a hundred are put off.
    PartOfLists(f64, f64),
}

/// Relative to noon.
fn load(half_hour: usize, day: usize) -> f64 {
    const HOURS: [f64; 24] = [
        0.2, 0.14, 0.11, 0.1, 0.12, 0.2, 0.35, 0.6, 0.9, 1.15, 1.2, 1.1, 0.9, 1.05, 1.2, 1.15, 1.0, 0.8, 0.6,
        0.5, 0.45, 0.4, 0.35, 0.25,
    ];
    // Monday has more than Friday, and both more than the weekend.
    const DAYS: [f64; 7] = [1.15, 1.05, 1.0, 1.0, 0.9, 0.55, 0.5];
    HOURS[half_hour / 2] * DAYS[day % 7]
}

/// 29 days and the ends of those beside the first and the last one, each of 48 half-hours: the numbers, and those of all of which
/// they are a part.
fn days(rng: &mut Rng, kind: Kind) -> (Vec<f64>, Option<Vec<f64>>) {
    let (mut numbers, mut all) = (Vec::new(), Vec::new());
    // A server grows, or shrinks.
    let a_week = 0.95 + 0.1 * rng.unit();
    for day in 0..30 {
        let of_day = rng.log_normal(a_week.powf(day as f64 / 7.0), 0.08);
        let mut today = Vec::new();
        let cron = 8 + (rng.next() % 3) as usize - 1;
        for half_hour in 0..HALF_HOURS {
            let of_hour = rng.log_normal(of_day, 0.12) * load(half_hour, day);
            today.push(match kind {
                Kind::Flat(mean) => mean,
                Kind::Noisy(mean) | Kind::Lists(mean) | Kind::PartOfLists(mean, _) => {
                    rng.poisson(mean * of_hour)
                }
                Kind::Cron(mean) => {
                    let job = if half_hour == cron { 6.0 * mean } else { 0.0 };
                    rng.poisson(mean * of_hour) + rng.poisson(job)
                }
            });
        }
        if let Kind::Lists(mean) | Kind::PartOfLists(mean, _) = kind {
            for _ in 0..4 + rng.next() % 5 {
                let half_hour = 12 + (rng.next() % 34) as usize;
                today[half_hour] += rng.log_normal(3.0 * mean, 0.35).round();
            }
        }
        if let Kind::PartOfLists(_, percent) = kind {
            all.extend(today.iter().copied());
            today = today.iter().map(|number| rng.poisson(number * percent / 100.0)).collect();
        }
        numbers.extend(today);
    }
    (numbers, (!all.is_empty()).then_some(all))
}

/// The 29th day of `all`, as the overview has it.
fn values(all: &(Vec<f64>, Option<Vec<f64>>)) -> Values {
    let begin = 28 * HALF_HOURS;
    let now =
        |all: &[f64]| all[begin..begin + HALF_HOURS].iter().map(|number| Some(*number)).collect::<Vec<_>>();
    let earlier = |all: &[f64]| -> Vec<Vec<Option<f64>>> {
        let week = |week: usize| {
            let first = begin - 7 * week * HALF_HOURS;
            (0..HALF_HOURS + 2).map(|n| (first + n).checked_sub(1).map(|at| all[at])).collect()
        };
        (1..=4).map(week).collect()
    };
    let peaks = all.0[..begin].chunks(HALF_HOURS).map(|day| day.iter().copied().fold(0.0, f64::max));
    Values {
        now: now(&all.0),
        earlier: earlier(&all.0),
        peaks: peaks.collect(),
        among: all.1.as_ref().map(|all| (now(all), earlier(all))),
    }
}

/// All subjects of a server together: what fails, what is turned away, what comes in bursts.
const SERVER: [Kind; 19] = [
    Kind::Flat(0.0),
    Kind::Flat(25.0),
    Kind::Flat(400.0),
    Kind::Noisy(0.05),
    Kind::Noisy(0.4),
    Kind::Noisy(1.0),
    Kind::Noisy(3.0),
    Kind::Noisy(6.0),
    Kind::Noisy(12.0),
    Kind::Noisy(30.0),
    Kind::Noisy(80.0),
    Kind::Noisy(200.0),
    Kind::Noisy(600.0),
    Kind::Cron(5.0),
    Kind::Cron(60.0),
    Kind::Lists(20.0),
    Kind::Lists(120.0),
    Kind::PartOfLists(200.0, 8.0),
    Kind::PartOfLists(500.0, 2.0),
];

#[test]
fn a_quiet_day_has_no_event() {
    let seed = 20_261_128;
    let mut rng = Rng(seed);
    let (mut loud, mut by_kind) = (0, std::collections::BTreeMap::new());
    let simulated = 400;
    for _ in 0..simulated {
        let mut events = 0;
        for kind in SERVER {
            let found = values(&days(&mut rng, kind)).runs().len();
            *by_kind.entry(format!("{kind:?}")).or_insert(0) += found;
            events += found;
        }
        loud += usize::from(events > 0);
    }
    by_kind.retain(|_, found| *found > 0);
    println!("seed {seed}: {loud} of {simulated} quiet days have an event: {by_kind:?}");
    assert!(loud * 100 <= 5 * simulated, "seed {seed}: {loud} of {simulated}: {by_kind:?}");
}

#[test]
fn what_comes_on_no_other_day_is_an_event() {
    let seed = 77;
    let mut rng = Rng(seed);
    for kind in [
        Kind::Flat(25.0),
        Kind::Noisy(0.4),
        Kind::Noisy(6.0),
        Kind::Noisy(80.0),
        Kind::Cron(5.0),
        Kind::Lists(20.0),
    ] {
        for _ in 0..50 {
            let all = days(&mut rng, kind);
            let mut values = values(&all);
            let usual: f64 = (20..23).map(|n| values.usual(n).unwrap()).sum();
            let before: f64 = values.now[20..23].iter().flatten().sum();
            let much = 60.0 + 4.0 * values.peaks.iter().copied().fold(0.0, f64::max);
            for n in 20..23 {
                values.now[n] = values.now[n].map(|number| number + much);
            }
            let runs = values.runs();
            let run = runs.iter().find(|run| run.first <= 20 && run.end >= 23);
            let run = run.unwrap_or_else(|| panic!("seed {seed}, {kind:?}: {runs:?}"));
            if (run.first, run.end) == (20, 23) {
                assert!((run.number - before - 3.0 * much).abs() < 1e-6 && (run.usual - usual).abs() < 1e-6);
            }
        }
    }
}

/// The rule once more, by hand.
#[test]
fn borders_of_the_rule() {
    let flat = |usual: f64, now: &[(usize, f64)]| {
        let mut values = Values {
            now: vec![Some(usual); HALF_HOURS],
            earlier: vec![vec![Some(usual); HALF_HOURS + 2]; 4],
            peaks: vec![usual; 28],
            among: None,
        };
        now.iter().for_each(|(n, number)| values.now[*n] = Some(*number));
        values
    };
    // 2 × 25 + 3 × 5 + 10 is 75, and three times what is on any day, too.
    assert_eq!(flat(25.0, &[(7, 75.0)]).runs(), []);
    let runs = flat(25.0, &[(7, 76.0)]).runs();
    assert_eq!((runs[0].first, runs[0].end, runs[0].number, runs[0].usual), (7, 8, 76.0, 25.0));
    assert!((runs[0].strength - 51.0 / 35.0_f64.sqrt()).abs() < 1e-9);
    assert_eq!(flat(0.0, &[(0, 10.0)]).runs(), []);
    assert_eq!(flat(0.0, &[(0, 11.0), (47, 11.0)]).runs().len(), 2);
    // One half-hour between two does not part them, two do.
    let runs = flat(0.0, &[(3, 20.0), (5, 30.0), (8, 40.0)]).runs();
    let found: Vec<_> = runs.iter().map(|run| (run.first, run.end, run.number)).collect();
    assert_eq!(found, [(3, 6, 50.0), (8, 9, 40.0)]);
    // What is half an hour earlier or later in other weeks is usual, too.
    let mut values = flat(0.0, &[(9, 50.0)]);
    values.earlier.iter_mut().for_each(|week| week[9] = Some(48.0));
    assert_eq!(values.runs(), []);
    // In one week of four it is not.
    let mut values = flat(0.0, &[(9, 50.0)]);
    values.earlier[2][10] = Some(48.0);
    assert_eq!(values.runs().len(), 1);
    // What is as high on most days at another time.
    let mut values = flat(0.0, &[(9, 50.0)]);
    values.peaks = vec![17.0; 28];
    assert_eq!(values.runs(), []);
    values.peaks = [vec![0.0; 5], vec![50.0; 23]].concat();
    assert_eq!(values.runs().len(), 1, "on every fifth day it is not");
    // Twice as much of everything.
    let mut values = flat(30.0, &[(9, 100.0)]);
    assert_eq!(values.runs().len(), 1);
    values.among = Some((vec![Some(400.0); HALF_HOURS], vec![vec![Some(190.0); HALF_HOURS + 2]; 4]));
    assert_eq!(values.runs(), []);
    // What is not known is no event, and nothing is compared with it.
    let mut values = flat(5.0, &[(9, 100.0)]);
    values.now[9] = None;
    assert_eq!(values.runs(), []);
    let mut values = flat(5.0, &[(9, 100.0)]);
    values.earlier = vec![vec![None; HALF_HOURS + 2]; 4];
    assert_eq!((values.usual(9), values.runs()), (None, vec![]));
}

#[test]
fn the_strongest_are_told_the_newest_first() {
    let run = |first, strength| Run { first, end: first + 2, number: 1.0, usual: 0.0, strength };
    let all = vec![
        ("a", run(0, 1.0), 0),
        ("a", run(10, 9.0), 1),
        ("a", run(11, 8.0), 2),
        ("b", run(11, 7.0), 3),
        ("b", run(20, 6.0), 4),
        ("b", run(30, 5.0), 5),
        ("b", run(40, 4.0), 6),
    ];
    let told: Vec<i32> = strongest(all).into_iter().map(|(_, what)| what).collect();
    assert_eq!(told, [6, 5, 4, 3, 1], "2 overlaps with 1, and 0 is the weakest");
}

#[test]
fn the_middle_of_values() {
    let all = [
        (vec![], None),
        (vec![3.0], Some(3.0)),
        (vec![4.0, 1.0], Some(2.5)),
        (vec![9.0, 1.0, 2.0], Some(2.0)),
    ];
    for (values, middle) in all {
        assert_eq!(median(values), middle);
    }
}
