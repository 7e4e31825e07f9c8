//! How much mail there is, by the local hour and the day of the week.

use super::rng::Rng;
use super::{SECOND, Traffic};

/// Messages a minute by local hour.
const WEEKDAY: [f64; 24] = [
    3.4, 2.8, 2.3, 2.1, 2.5, 3.6, 6.2, 12.0, 20.5, 26.0, 27.0, 25.0, 19.0, 23.0, 27.5, 25.5, 22.0, 16.0,
    11.5, 9.5, 8.5, 8.2, 6.6, 4.6,
];
const WEEKEND: [f64; 24] = [
    3.3, 2.6, 2.1, 1.8, 1.9, 2.3, 3.4, 5.6, 10.0, 15.5, 18.5, 18.0, 13.5, 15.0, 17.0, 15.5, 13.0, 10.0, 8.8,
    9.8, 9.4, 8.0, 6.1, 4.2,
];

impl Traffic {
    /// Messages a minute at `at`: the local hour's load, drawn between two hours' middles, times a
    /// factor of that very hour and one of that very day, so that no two are alike.
    pub(super) fn load(&self, at: u64) -> f64 {
        let local = (at / SECOND) as i64 + self.utc_offset;
        let chance = |what: i64, sigma: f64| {
            let mut rng = Rng(self.seed ^ (what as u64).wrapping_mul(0xd129_0c5d));
            rng.next();
            (sigma * rng.normal()).exp()
        };
        let at_hour = |hour: i64| {
            let day = hour.div_euclid(24);
            // 1970-01-01 was a Thursday; Monday is 0.
            let table = if (day + 3).rem_euclid(7) < 5 { WEEKDAY } else { WEEKEND };
            table[hour.rem_euclid(24) as usize] * chance(hour, 0.11) * chance(-1 - day, 0.08)
        };
        let half_hours_ago = local - 1_800;
        let hour = half_hours_ago.div_euclid(3_600);
        let part = half_hours_ago.rem_euclid(3_600) as f64 / 3_600.0;
        at_hour(hour) * (1.0 - part) + at_hour(hour + 1) * part
    }
}
