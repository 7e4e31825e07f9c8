//! A qmail-send that never was: its log, written by an event-driven simulation.
//!
//! The log is what `qmail-send.c` would have written for a mid-sized server: load that follows the
//! local hour and the day of the week, retries by qmail's quadratic back-off, bounces, a limit of
//! concurrency, queue ids that come back like inode numbers, and now and then a big remote provider
//! that is down for some hours. Every delivery that ends was started, every message that ends was
//! new; what is in flight at the end of the span has no end yet.

mod outcome;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::io::{self, Write};

use super::events::Events;
use super::rng::Rng;
use super::{BIG_PROVIDER, LOCAL_DOMAINS, REMOTE_DOMAINS, SECOND, Traffic, USERS, provider_of, write_label};

/// `concurrencylocal` and `concurrencyremote`: what `status:` prints after the slashes.
pub const LIMITS: [u32; 2] = [10, 120];

const LOCAL: usize = 0;
const REMOTE: usize = 1;
/// `chanskip` of qmail-send.c: the step of the square root of a message's age.
const CHANSKIP: [f64; 2] = [10.0, 20.0];
/// `control/queuelifetime` in seconds: a day, as busy servers set it.
const QUEUE_LIFETIME: f64 = 86_400.0;

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

pub(super) struct Server<'a> {
    traffic: &'a Traffic,
    out: &'a mut dyn Write,
    rng: Rng,
    events: Events<Event>,
    start: u64,
    end: u64,
    /// The stamp of the last line, nanoseconds since 1970.
    stamp: u64,
    pub(super) lines: u64,
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
    pub(super) fn new(traffic: &'a Traffic, out: &'a mut dyn Write) -> Self {
        let end = traffic.end.max(0) as u64 * SECOND;
        let span = (traffic.days.max(0.0) * 86_400.0 * SECOND as f64) as u64;
        let mut rng = Rng(traffic.seed);
        let start = end.saturating_sub(span);
        let outages = outcome::outages(&mut rng, start, end);
        Self {
            traffic,
            out,
            rng,
            events: Events::new(),
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

    pub(super) fn run(&mut self) -> io::Result<()> {
        self.at(self.start, Event::Minute);
        self.status(self.start)?;
        while let Some((at, event)) = self.events.next() {
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
        self.events.plan(at, event);
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
            write_label(self.out, self.stamp)?;
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
        let mean = self.traffic.load(at) * self.drift.exp() * self.traffic.rate;
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
        let domain = if self.rng.chance(0.3) { provider_of(&user) } else { self.rng.pick(&REMOTE_DOMAINS) };
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
}

/// `nextretry` of qmail-send.c: the tries of a message are at birth + n², n rising by `chanskip`.
fn next_retry(birth: f64, now: f64, channel: usize) -> f64 {
    let root = (now - birth).max(0.0).sqrt().floor() + CHANSKIP[channel];
    birth + root * root
}
