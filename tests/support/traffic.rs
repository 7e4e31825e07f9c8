//! A qmail-send that never was: its log, written by an event-driven simulation.
//!
//! The log is what `qmail-send.c` would have written for a mid-sized server: load that follows the
//! local hour and the day of the week, retries by qmail's quadratic back-off, bounces, a limit of
//! concurrency, queue ids that come back like inode numbers, and now and then a big remote provider
//! that is down for some hours. Every delivery that ends was started, every message that ends was
//! new; what is in flight at the end of the span has no end yet.
//!
//! The same [`Traffic`] gives the same bytes. All names and addresses are documentation ones
//! (RFC 2606, RFC 5737).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::io::{self, Write};

/// `concurrencylocal` and `concurrencyremote`: what `status:` prints after the slashes.
pub const LIMITS: [u32; 2] = [10, 120];

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub seed: u64,
    /// End of the span, unix seconds; every stamp lies before it.
    pub end: i64,
    /// Length of the span, in days of 86,400 seconds.
    pub days: f64,
    /// Load as a multiple of the ordinary (about 5 to 45 deliveries a minute).
    pub rate: f64,
    /// Seconds east of UTC, by which hours and weekdays are told.
    pub utc_offset: i64,
    /// Whether lines begin with a TAI64N label as `multilog t` writes it.
    pub labels: bool,
}

impl Traffic {
    /// Writes the log, oldest line first; gives the number of lines.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut server = Server::new(self, out);
        server.run()?;
        Ok(server.lines)
    }
}

const SECOND: u64 = 1_000_000_000;
const LOCAL: usize = 0;
const REMOTE: usize = 1;
/// `chanskip` of qmail-send.c: the step of the square root of a message's age.
const CHANSKIP: [f64; 2] = [10.0, 20.0];
/// `control/queuelifetime` in seconds: a day, as busy servers set it.
const QUEUE_LIFETIME: f64 = 86_400.0;
/// Messages a minute by local hour.
const WEEKDAY: [f64; 24] = [
    3.4, 2.8, 2.3, 2.1, 2.5, 3.6, 6.2, 12.0, 20.5, 26.0, 27.0, 25.0, 19.0, 23.0, 27.5, 25.5, 22.0, 16.0,
    11.5, 9.5, 8.5, 8.2, 6.6, 4.6,
];
const WEEKEND: [f64; 24] = [
    3.3, 2.6, 2.1, 1.8, 1.9, 2.3, 3.4, 5.6, 10.0, 15.5, 18.5, 18.0, 13.5, 15.0, 17.0, 15.5, 13.0, 10.0, 8.8,
    9.8, 9.4, 8.0, 6.1, 4.2,
];
const USERS: [&str; 16] = [
    "anna", "ben", "carla", "dmitri", "elif", "farid", "grace", "hiro", "ines", "jonas", "kofi", "lena",
    "mateo", "nadia", "oskar", "priya",
];
const LOCAL_DOMAINS: [&str; 3] = ["example.org", "lists.example.org", "shop.example.org"];
const BIG_PROVIDER: &str = "freemail.example.net";
const REMOTE_DOMAINS: [&str; 8] = [
    "example.com",
    "mail.example.com",
    "corp.example.com",
    "press.example.com",
    "example.net",
    "isp.example.net",
    "uni.example.net",
    "gov.example.net",
];

/// splitmix64 (Steele, Lea, Flood 2014): one word of state, and good enough to draw mail from.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In [low, high).
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.range(0, from.len() as u64) as usize]
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Knuth's method in slices, so that a large mean does not underflow.
    fn poisson(&mut self, mut mean: f64) -> u64 {
        let mut count = 0;
        while mean > 0.0 {
            let slice = mean.min(30.0);
            let (floor, mut product) = ((-slice).exp(), self.unit());
            while product > floor {
                count += 1;
                product *= self.unit();
            }
            mean -= slice;
        }
        count
    }
}

/// What a recipient's host will say, whenever it is asked.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Accepts,
    /// Says 451 to the first try.
    Greylists,
    /// Never answers, until qmail gives up.
    Dead,
    /// A mailbox over quota: deferred three times out of four.
    Full,
    Refuses,
    /// At the provider that has the outages.
    Big,
}

struct Recipient {
    address: String,
    fate: Fate,
    tries: u32,
    done: bool,
}

/// Who sent it: decides what becomes of a failure.
#[derive(Clone)]
enum Sender {
    Person(String),
    /// `<>`: a bounce; if it fails, the postmaster gets a double bounce.
    Bounce,
    /// `<#@[]>`: a double bounce; if it fails, it is discarded.
    DoubleBounce,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(address) => write!(f, "<{address}>"),
            Self::Bounce => f.write_str("<>"),
            Self::DoubleBounce => f.write_str("<#@[]>"),
        }
    }
}

struct Message {
    /// Unix seconds at which it came.
    birth: f64,
    bytes: u64,
    sender: Sender,
    recipients: [Vec<Recipient>; 2],
    /// Deliveries of the present pass that have not ended, by channel.
    open: [usize; 2],
    failed: bool,
}

struct Delivery {
    message: u32,
    channel: usize,
    recipient: usize,
    outcome: &'static str,
    report: String,
}

enum Event {
    /// Draw the arrivals of one minute.
    Minute,
    Arrival(Box<Message>),
    /// A channel's pass over a message is due.
    Due {
        message: u32,
        channel: usize,
    },
    Done {
        delivery: u64,
    },
    Finish {
        message: u32,
    },
}

/// An event with its time in nanoseconds and a number that keeps equal times in order.
struct Timed {
    at: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Timed {}
impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

struct Server<'a> {
    traffic: &'a Traffic,
    out: &'a mut dyn Write,
    rng: Rng,
    events: BinaryHeap<Reverse<Timed>>,
    event_number: u64,
    start: u64,
    end: u64,
    /// The stamp of the last line, nanoseconds since 1970.
    stamp: u64,
    lines: u64,
    /// The queue; the key is the inode number that qmail calls a message by.
    queue: BTreeMap<u32, Message>,
    free_inodes: BinaryHeap<Reverse<u32>>,
    next_inode: u32,
    deliveries: BTreeMap<u64, Delivery>,
    next_delivery: u64,
    /// Recipients whose pass has begun and who wait for a free slot, by channel.
    waiting: [VecDeque<(u32, usize)>; 2],
    running: [u32; 2],
    pid: u64,
    /// Slow noise on the load, an AR(1) by minutes.
    drift: f64,
    /// Begin and end of the provider's outages, nanoseconds.
    outages: Vec<(u64, u64)>,
}

impl<'a> Server<'a> {
    fn new(traffic: &'a Traffic, out: &'a mut dyn Write) -> Self {
        let end = traffic.end.max(0) as u64 * SECOND;
        let span = (traffic.days.max(0.0) * 86_400.0 * SECOND as f64) as u64;
        let mut rng = Rng(traffic.seed);
        let start = end.saturating_sub(span);
        let outages = outages(&mut rng, start, end);
        Self {
            traffic,
            out,
            rng,
            events: BinaryHeap::new(),
            event_number: 0,
            start,
            end,
            stamp: start,
            lines: 0,
            queue: BTreeMap::new(),
            free_inodes: BinaryHeap::new(),
            next_inode: 1_311_747,
            deliveries: BTreeMap::new(),
            next_delivery: 1,
            waiting: [VecDeque::new(), VecDeque::new()],
            running: [0, 0],
            pid: 4_217,
            drift: 0.0,
            outages,
        }
    }

    fn run(&mut self) -> io::Result<()> {
        self.at(self.start, Event::Minute);
        self.status(self.start)?;
        while let Some(Reverse(Timed { at, event, .. })) = self.events.pop() {
            if at >= self.end {
                break;
            }
            match event {
                Event::Minute => self.minute(at),
                Event::Arrival(message) => self.arrive(at, *message)?,
                Event::Due { message, channel } => self.begin_pass(at, message, channel)?,
                Event::Done { delivery } => self.end_delivery(at, delivery)?,
                Event::Finish { message } => self.finish(at, message)?,
            }
        }
        self.out.flush()
    }

    fn at(&mut self, at: u64, event: Event) {
        self.event_number += 1;
        let number = self.event_number;
        self.events.push(Reverse(Timed { at, number, event }));
    }

    fn after(&mut self, at: u64, seconds: f64, event: Event) {
        self.at(at + (seconds * SECOND as f64) as u64, event);
    }

    /// Writes one line at `at` or a few microseconds after the line before it. What would fall
    /// behind the end of the span is not written any more: the log simply stops there.
    fn log(&mut self, at: u64, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.stamp = at.max(self.stamp + self.rng.range(9_000, 240_000));
        if self.stamp >= self.end {
            return Ok(());
        }
        self.lines += 1;
        if self.traffic.labels {
            let seconds = (1u64 << 62) + 10 + self.stamp / SECOND;
            write!(self.out, "@{seconds:016x}{:08x} ", self.stamp % SECOND)?;
        }
        writeln!(self.out, "{text}")
    }

    fn status(&mut self, at: u64) -> io::Result<()> {
        let [local, remote] = self.running;
        let [local_limit, remote_limit] = LIMITS;
        self.log(at, format_args!("status: local {local}/{local_limit} remote {remote}/{remote_limit}"))
    }

    // ---- arrivals

    fn minute(&mut self, at: u64) {
        self.drift = 0.88 * self.drift + 0.07 * self.rng.normal();
        let mean = self.load(at) * self.drift.exp() * self.traffic.rate;
        for _ in 0..self.rng.poisson(mean) {
            let message = self.compose(at);
            self.arrive_within_minute(at, message);
        }
        // A newsletter goes out as the provider goes down, which is how such a thing gets noticed.
        if let Some((begin, _)) = self.outage(at)
            && at - begin < 35 * 60 * SECOND
        {
            for _ in 0..self.rng.poisson(10.0 * self.traffic.rate) {
                let user = self.user();
                let to = self.recipient(format!("{user}@{BIG_PROVIDER}"), Fate::Big);
                let sender = Sender::Person("news-bounces@lists.example.org".into());
                let message = self.message(at, sender, [vec![], vec![to]]);
                self.arrive_within_minute(at, message);
            }
        }
        self.at(at + 60 * SECOND, Event::Minute);
    }

    fn arrive_within_minute(&mut self, at: u64, message: Message) {
        let delay = 60.0 * self.rng.unit();
        self.after(at, delay, Event::Arrival(Box::new(message)));
    }

    /// Messages a minute at `at`: the local hour's load, drawn between two hours' middles, times a
    /// factor of that very hour and one of that very day, so that no two are alike.
    fn load(&self, at: u64) -> f64 {
        let local = (at / SECOND) as i64 + self.traffic.utc_offset;
        let chance = |what: i64, sigma: f64| {
            let mut rng = Rng(self.traffic.seed ^ (what as u64).wrapping_mul(0xd129_0c5d));
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

    /// An ordinary message: in from outside, out from a user, or to a list.
    fn compose(&mut self, at: u64) -> Message {
        let (sender, recipients);
        if self.rng.chance(0.42) {
            sender = Sender::Person(self.remote_address());
            let mut to = vec![self.local_recipient()];
            while self.rng.chance(0.08) {
                to.push(self.local_recipient());
            }
            recipients = [to, vec![]];
        } else {
            sender = Sender::Person(self.local_address());
            let (mut near, mut far) = (vec![], vec![self.remote_recipient()]);
            let more = if self.rng.chance(0.006) { 12 } else { 1 };
            for _ in 0..more {
                while self.rng.chance(0.16) {
                    far.push(self.remote_recipient());
                }
                if self.rng.chance(0.07) {
                    near.push(self.local_recipient());
                }
            }
            recipients = [near, far];
        }
        self.message(at, sender, recipients)
    }

    fn message(&mut self, at: u64, sender: Sender, recipients: [Vec<Recipient>; 2]) -> Message {
        Message {
            birth: at as f64 / SECOND as f64,
            bytes: self.rng.log_normal(9_500.0, 1.6).clamp(420.0, 26_214_400.0) as u64,
            sender,
            recipients,
            open: [0, 0],
            failed: false,
        }
    }

    fn user(&mut self) -> String {
        let name = self.rng.pick(&USERS);
        if self.rng.chance(0.4) { format!("{name}{}", self.rng.range(2, 90)) } else { name.into() }
    }

    fn local_address(&mut self) -> String {
        let user = self.user();
        format!("{user}@{}", self.rng.pick(&LOCAL_DOMAINS))
    }

    fn remote_address(&mut self) -> String {
        let user = self.user();
        let domain = if self.rng.chance(0.3) { BIG_PROVIDER } else { self.rng.pick(&REMOTE_DOMAINS) };
        format!("{user}@{domain}")
    }

    fn recipient(&mut self, address: String, fate: Fate) -> Recipient {
        Recipient { address, fate, tries: 0, done: false }
    }

    /// Local recipients carry the virtual domain before their own address, as vpopmail has it.
    fn local_recipient(&mut self) -> Recipient {
        let address = self.local_address();
        let fate = match self.rng.unit() {
            x if x < 0.013 => Fate::Refuses,
            x if x < 0.018 => Fate::Full,
            _ => Fate::Accepts,
        };
        let domain = address.split_once('@').map_or("", |(_, domain)| domain);
        self.recipient(format!("{domain}-{address}"), fate)
    }

    fn remote_recipient(&mut self) -> Recipient {
        let address = self.remote_address();
        let fate = match self.rng.unit() {
            x if x < 0.022 => Fate::Refuses,
            x if x < 0.028 => Fate::Dead,
            _ if address.ends_with(BIG_PROVIDER) => Fate::Big,
            x if x < 0.090 => Fate::Greylists,
            _ => Fate::Accepts,
        };
        self.recipient(address, fate)
    }

    // ---- the life of a message, in the order of qmail-send.c's own log calls

    fn arrive(&mut self, at: u64, mut message: Message) -> io::Result<()> {
        message.birth = at as f64 / SECOND as f64;
        let inode = self.free_inodes.pop().map_or_else(
            || {
                self.next_inode += 1;
                self.next_inode
            },
            |Reverse(inode)| inode,
        );
        let uid = match message.sender {
            Sender::Person(_) => 89,
            _ => 87,
        };
        let pid = self.pid();
        self.log(at, format_args!("new msg {inode}"))?;
        let (bytes, sender) = (message.bytes, message.sender.clone());
        self.log(at, format_args!("info msg {inode}: bytes {bytes} from {sender} qp {pid} uid {uid}"))?;
        let channels = [LOCAL, REMOTE].map(|channel| !message.recipients[channel].is_empty());
        self.queue.insert(inode, message);
        for channel in [LOCAL, REMOTE] {
            if channels[channel] {
                self.begin_pass(at, inode, channel)?;
            }
        }
        Ok(())
    }

    fn pid(&mut self) -> u64 {
        self.pid += self.rng.range(1, 9);
        if self.pid > 32_767 {
            self.pid = self.rng.range(300, 400);
        }
        self.pid
    }

    /// One pass of a channel over a message: everyone not yet done gets a try, when there is room.
    fn begin_pass(&mut self, at: u64, inode: u32, channel: usize) -> io::Result<()> {
        if let Some(message) = self.queue.get_mut(&inode) {
            let to = &message.recipients[channel];
            let todo: Vec<usize> = (0..to.len()).filter(|&n| !to[n].done).collect();
            message.open[channel] = todo.len();
            self.waiting[channel].extend(todo.into_iter().map(|n| (inode, n)));
        }
        self.fill_slots(at, channel)
    }

    fn fill_slots(&mut self, at: u64, channel: usize) -> io::Result<()> {
        while self.running[channel] < LIMITS[channel]
            && let Some((inode, recipient)) = self.waiting[channel].pop_front()
        {
            let (outcome, report, seconds) = self.outcome(at, inode, channel, recipient);
            let number = self.next_delivery;
            self.next_delivery += 1;
            let place = ["local", "remote"][channel];
            let address = self.queue[&inode].recipients[channel][recipient].address.clone();
            self.log(at, format_args!("starting delivery {number}: msg {inode} to {place} {address}"))?;
            self.running[channel] += 1;
            self.status(at)?;
            self.deliveries.insert(number, Delivery { message: inode, channel, recipient, outcome, report });
            self.after(at, seconds, Event::Done { delivery: number });
        }
        Ok(())
    }

    fn end_delivery(&mut self, at: u64, number: u64) -> io::Result<()> {
        let Some(Delivery { message: inode, channel, recipient, outcome, report }) =
            self.deliveries.remove(&number)
        else {
            return Ok(());
        };
        self.log(at, format_args!("delivery {number}: {outcome}: {report}"))?;
        self.running[channel] -= 1;
        self.status(at)?;
        if let Some(message) = self.queue.get_mut(&inode) {
            let to = &mut message.recipients[channel][recipient];
            to.done = outcome != "deferral";
            message.failed |= outcome == "failure";
            message.open[channel] -= 1;
            let pass_over = message.open[channel] == 0;
            let again = message.recipients[channel].iter().any(|to| !to.done);
            let finished =
                message.open == [0, 0] && message.recipients.iter().flatten().all(|recipient| recipient.done);
            if pass_over && again {
                let due = next_retry(message.birth, at as f64 / SECOND as f64, channel);
                let due = (due * SECOND as f64) as u64;
                self.at(due.max(at), Event::Due { message: inode, channel });
            }
            if finished {
                let cleanup = 0.002 + 0.01 * self.rng.unit();
                self.after(at, cleanup, Event::Finish { message: inode });
            }
        }
        self.fill_slots(at, channel)
    }

    fn finish(&mut self, at: u64, inode: u32) -> io::Result<()> {
        let Some(message) = self.queue.remove(&inode) else {
            return Ok(());
        };
        if message.failed {
            let bounce = match message.sender {
                Sender::Person(address) => {
                    let local = LOCAL_DOMAINS
                        .iter()
                        .any(|domain| address.split_once('@').is_some_and(|(_, host)| host == *domain));
                    let fate = match self.rng.unit() {
                        _ if local => Fate::Accepts,
                        x if x < 0.25 => Fate::Refuses,
                        x if x < 0.32 => Fate::Dead,
                        _ => Fate::Accepts,
                    };
                    Some((Sender::Bounce, self.recipient(address, fate), local))
                }
                Sender::Bounce => {
                    let fate = if self.rng.chance(0.01) { Fate::Refuses } else { Fate::Accepts };
                    let to = self.recipient("postmaster@example.org".into(), fate);
                    Some((Sender::DoubleBounce, to, true))
                }
                Sender::DoubleBounce => None,
            };
            if let Some((sender, to, local)) = bounce {
                let pid = self.pid();
                self.log(at, format_args!("bounce msg {inode} qp {pid}"))?;
                let recipients = if local { [vec![to], vec![]] } else { [vec![], vec![to]] };
                let mut notice = self.message(at, sender, recipients);
                notice.bytes = message.bytes.min(30_000) + self.rng.range(700, 1_400);
                self.after(at, 0.05, Event::Arrival(Box::new(notice)));
            } else {
                self.log(at, format_args!("triple bounce: discarding bounce/{inode}"))?;
            }
        }
        self.log(at, format_args!("end msg {inode}"))?;
        self.free_inodes.push(Reverse(inode));
        Ok(())
    }

    // ---- what remote hosts say

    fn outage(&self, at: u64) -> Option<(u64, u64)> {
        self.outages.iter().copied().find(|&(begin, end)| (begin..end).contains(&at))
    }

    /// Outcome, report and duration in seconds of a try that starts now.
    fn outcome(
        &mut self,
        at: u64,
        inode: u32,
        channel: usize,
        recipient: usize,
    ) -> (&'static str, String, f64) {
        let message = self.queue.get_mut(&inode).expect("a message in the queue");
        let age = at as f64 / SECOND as f64 - message.birth;
        let to = &mut message.recipients[channel][recipient];
        to.tries += 1;
        let (fate, tries) = (to.fate, to.tries);
        let host = to.address.rsplit('@').next().unwrap_or_default().to_owned();
        let user = to.address.split('@').next().unwrap_or_default().to_owned();
        let (outcome, mut report, seconds) = if channel == LOCAL {
            self.local_outcome(fate)
        } else {
            self.remote_outcome(at, fate, tries, &user, &host)
        };
        if outcome == "deferral" && age > QUEUE_LIFETIME {
            report.push_str("I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./");
            return ("failure", report, seconds);
        }
        (outcome, report, seconds)
    }

    fn local_outcome(&mut self, fate: Fate) -> (&'static str, String, f64) {
        let rng = &mut self.rng;
        let seconds = rng.log_normal(9.0, 0.8).clamp(0.02, 120.0);
        match fate {
            Fate::Refuses => {
                let report = "Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/";
                ("failure", report.into(), 0.03 + 0.2 * rng.unit())
            }
            Fate::Full if rng.chance(0.75) => {
                let report = "user_is_over_quota;_this_message_waits_in_the_queue._(#4.2.2)/";
                ("deferral", report.into(), 0.03 + 0.2 * rng.unit())
            }
            _ => {
                let did = rng.pick(&["did_0+0+1/", "did_0+0+1/", "did_0+0+1/", "did_1+0+1/"]);
                ("success", did.into(), seconds)
            }
        }
    }

    fn remote_outcome(
        &mut self,
        at: u64,
        fate: Fate,
        tries: u32,
        user: &str,
        host: &str,
    ) -> (&'static str, String, f64) {
        let ip = self.address_of(host);
        let down = self.outage(at);
        let rng = &mut self.rng;
        let fast = rng.log_normal(1.6, 0.7).clamp(0.15, 30.0);
        match fate {
            Fate::Refuses => {
                let report = match rng.range(0, 3) {
                    0 => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_550_5.1.1_<{user}@{host}>:_Recipient_address_rejected:_User_unknown/Giving_up_on_{ip}./"
                    ),
                    1 => format!(
                        "{ip}_failed_after_I_sent_the_message./Remote_host_said:_554_5.7.1_Message_refused_by_content_policy/"
                    ),
                    _ => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_552_5.2.2_Mailbox_full/Giving_up_on_{ip}./"
                    ),
                };
                ("failure", report, fast)
            }
            Fate::Dead => {
                let report = match rng.range(0, 2) {
                    0 => "CNAME_lookup_failed_temporarily._(#4.4.3)/",
                    _ => "Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
                };
                ("deferral", report.into(), 55.0 + 20.0 * rng.unit())
            }
            Fate::Greylists if tries == 1 => {
                let report = format!(
                    "{ip}_does_not_like_recipient./Remote_host_said:_451_4.7.1_Greylisted,_please_try_again_in_300_seconds/Giving_up_on_{ip}./"
                );
                ("deferral", report, fast)
            }
            Fate::Big
                if down.is_some_and(|(begin, end)| {
                    // Whole at first; towards the end some of its hosts are back.
                    let passed = (at - begin) as f64 / (end - begin) as f64;
                    rng.chance((2.0 - 1.95 * passed).min(0.985))
                }) =>
            {
                let report = match rng.range(0, 4) {
                    0 => format!(
                        "{ip}_does_not_like_recipient./Remote_host_said:_452_4.3.1_Insufficient_system_storage/Giving_up_on_{ip}./"
                    ),
                    1 => format!("Connected_to_{ip}_but_connection_died._(#4.4.2)/"),
                    _ => format!(
                        "Connected_to_{ip}_but_greeting_failed./Remote_host_said:_421_4.3.2_Service_not_available,_try_again_later/"
                    ),
                };
                ("deferral", report, rng.log_normal(125.0, 0.45).clamp(12.0, 360.0))
            }
            _ => {
                let said = match rng.range(0, 4) {
                    0 => format!("250_2.0.0_Ok:_queued_as_{:010X}", rng.next() >> 24),
                    1 => format!("250_ok_{}_qp_{}", at / SECOND, rng.range(300, 32_767)),
                    2 => format!("250_OK_id={:016x}", rng.next()),
                    _ => format!("250_2.6.0_<{:016x}@example.org>_Queued_mail_for_delivery", rng.next()),
                };
                let report = format!("{ip}_accepted_message./Remote_host_said:_{said}/");
                ("success", report, rng.log_normal(26.0, 0.9).clamp(0.4, 280.0))
            }
        }
    }

    /// One of the documentation networks' addresses, a few for each host.
    fn address_of(&mut self, host: &str) -> String {
        let hash = host.bytes().fold(7u64, |hash, byte| (hash * 31 + u64::from(byte)) % 9_973);
        let network =
            if host == BIG_PROVIDER { "203.0.113" } else { ["192.0.2", "198.51.100"][(hash % 2) as usize] };
        format!("{network}.{}", 10 + (hash % 200) + self.rng.range(0, 4))
    }
}

/// `nextretry` of qmail-send.c: the tries of a message are at birth + n², n rising by `chanskip`.
fn next_retry(birth: f64, now: f64, channel: usize) -> f64 {
    let root = (now - birth).max(0.0).sqrt().floor() + CHANSKIP[channel];
    birth + root * root
}

/// The big provider's outages: one about nine hours before the end, more every day and a half
/// before that; in a span too short for it one in the middle.
fn outages(rng: &mut Rng, start: u64, end: u64) -> Vec<(u64, u64)> {
    let hour = 3_600 * SECOND;
    let span = end - start;
    if span < 12 * hour {
        let begin = start + span * 2 / 5;
        return vec![(begin, begin + (3 * hour).min(span / 5))];
    }
    let mut outages = Vec::new();
    let mut back = 9 * hour;
    while back < span {
        let begin = end - back + rng.range(0, 40) * 60 * SECOND;
        outages.push((begin, begin + 3 * hour + rng.range(0, 25) * 60 * SECOND));
        back += 34 * hour + rng.range(0, 3) * hour;
    }
    outages
}
