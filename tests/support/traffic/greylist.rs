//! The log of a greylisting daemon, which no built-in protocol knows.
//!
//! `deferred IP <FROM> <TO>`, `passed IP <FROM> <TO> after SECONDS seconds`, `known IP <FROM> <TO>`, and at every full
//! hour `expired NUMBER triplets`.

use std::io::{self, Write};

use super::events::Events;
use super::pen::{Pen, Stamp};
use super::rng::Rng;
use super::visits::Smtp;
use super::{MINUTE, SECOND, Traffic};

enum Event {
    Minute,
    Line(String),
}

pub fn write(traffic: &Traffic, out: &mut dyn Write) -> io::Result<u64> {
    let (start, end) = traffic.span();
    let mut pen = Pen::new(traffic, Stamp::Label, out);
    let mut rng = Rng(traffic.seed ^ 0x6e);
    let mut events = Events::new();
    events.plan(start / MINUTE * MINUTE, Event::Minute);
    let mut never_came_back = 0;
    while let Some((at, event)) = events.next() {
        if at >= end {
            break;
        }
        let minute = match event {
            Event::Line(text) => {
                pen.write(at, &text)?;
                continue;
            }
            Event::Minute => at,
        };
        if minute % (60 * MINUTE) == 0 && minute > start {
            events.plan(minute, Event::Line(format!("expired {never_came_back} triplets")));
            never_came_back = 0;
        }
        for visit in traffic.smtp_visits(minute).into_iter().filter(|visit| visit.at >= start) {
            let (from, to, comes_back) = match visit.what {
                Smtp::Incoming(mail) => (mail.from, mail.to, 1.0),
                Smtp::Unknown { from, to } => (from, to, 0.04),
                _ => continue,
            };
            let triplet = format!("{} <{from}> <{to}>", visit.ip);
            if comes_back == 1.0 && rng.chance(0.78) {
                events.plan(visit.at, Event::Line(format!("known {triplet}")));
                continue;
            }
            // A mail server comes back and is let in; most of the others never do.
            let waited = rng.log_normal(520.0, 0.7).clamp(301.0, 14_400.0) as u64;
            if rng.chance(comes_back) {
                events.plan(visit.at, Event::Line(format!("deferred {triplet}")));
                let passed = format!("passed {triplet} after {waited} seconds");
                events.plan(visit.at + waited * SECOND, Event::Line(passed));
            } else {
                never_came_back += 1;
                events.plan(visit.at, Event::Line(format!("deferred {triplet}")));
            }
        }
        events.plan(minute + MINUTE, Event::Minute);
    }
    Ok(pen.lines)
}
