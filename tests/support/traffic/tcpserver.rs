//! tcpserver(1): takes connections up to a limit, and says of each when it came, who it is and when it ended.

use std::collections::VecDeque;
use std::io;

use super::events::Events;
use super::pen::Pen;
use super::rng::Rng;
use super::{HERE, MINUTE, SECOND, Traffic, own_address};

/// A connection, and what the server that is started for it writes.
pub struct Session {
    /// When the client calls, in nanoseconds.
    pub at: u64,
    pub ip: String,
    /// Its name in the DNS, if it has one.
    pub host: String,
    /// tcpserver's rules turn it away.
    pub denied: bool,
    /// Seconds after the connection and text; `{pid}` in it stands for the server's.
    pub lines: Vec<(f64, String)>,
    pub seconds: f64,
    pub status: u32,
}

enum Event {
    Minute,
    Call(Box<Session>),
    Line(String),
    End { pid: u64, status: u32 },
}

/// One tcpserver on one port.
pub struct Listener<'a> {
    pen: Pen<'a>,
    rng: Rng,
    events: Events<Event>,
    /// Of this side.
    port: u16,
    limit: usize,
    running: usize,
    /// Connections that the kernel holds while there is no room.
    waiting: VecDeque<Box<Session>>,
    pid: u64,
}

impl<'a> Listener<'a> {
    pub fn new(traffic: &Traffic, port: u16, limit: usize, pen: Pen<'a>) -> Self {
        Self {
            pen,
            rng: Rng(traffic.seed ^ 0x7c9),
            events: Events::new(),
            port,
            limit,
            running: 0,
            waiting: VecDeque::new(),
            pid: 2_310,
        }
    }

    /// Serves all whom `visitors` gives for each minute of the span; gives the number of lines.
    pub fn run(
        mut self,
        traffic: &Traffic,
        visitors: &mut dyn FnMut(u64) -> Vec<Session>,
    ) -> io::Result<u64> {
        let (start, end) = traffic.span();
        self.status(start)?;
        self.events.plan(start / MINUTE * MINUTE, Event::Minute);
        while let Some((at, event)) = self.events.next() {
            if at >= end {
                break;
            }
            match event {
                Event::Minute => {
                    for session in visitors(at).into_iter().filter(|session| session.at >= start) {
                        self.events.plan(session.at, Event::Call(Box::new(session)));
                    }
                    self.events.plan(at + MINUTE, Event::Minute);
                }
                Event::Call(session) if self.running == self.limit => self.waiting.push_back(session),
                Event::Call(session) => self.connect(at, *session)?,
                Event::Line(text) => self.pen.write(at, &text)?,
                Event::End { pid, status } => {
                    self.running -= 1;
                    self.pen.write(at, &format!("tcpserver: end {pid} status {status}"))?;
                    self.status(at)?;
                    if let Some(session) = self.waiting.pop_front() {
                        self.connect(at, *session)?;
                    }
                }
            }
        }
        Ok(self.pen.lines)
    }

    fn connect(&mut self, at: u64, session: Session) -> io::Result<()> {
        self.running += 1;
        self.pid += self.rng.range(1, 7);
        if self.pid > 32_767 {
            self.pid = self.rng.range(300, 400);
        }
        let (pid, from_port) = (self.pid, self.rng.range(1_025, 65_536));
        let Session { ip, host, denied, lines, seconds, status, .. } = session;
        self.status(at)?;
        self.pen.write(at, &format!("tcpserver: pid {pid} from {ip}"))?;
        let verdict = if denied { "deny" } else { "ok" };
        let here = format!("{HERE}:{}:{}", own_address(&ip), self.port);
        self.pen.write(at, &format!("tcpserver: {verdict} {pid} {here} {host}:{ip}::{from_port}"))?;
        let later = |seconds: f64| at + 1_000_000 + (seconds.max(0.0) * SECOND as f64) as u64;
        for (after, text) in lines {
            let text = text.replace("{pid}", &pid.to_string());
            self.events.plan(later(after.min(seconds)), Event::Line(text));
        }
        self.events.plan(later(seconds), Event::End { pid, status });
        Ok(())
    }

    fn status(&mut self, at: u64) -> io::Result<()> {
        self.pen.write(at, &format!("tcpserver: status: {}/{}", self.running, self.limit))
    }
}
