//! Which of two instants a local time means, where the clock was set back and an hour came twice.
//!
//! A stamp without an offset does not tell. What tells is, in this order:
//!
//! 1. The clock. A line was logged before its file was last written, and a line that was not there at an earlier look
//!    was written after that look. A file that is read every few minutes needs nothing else.
//! 2. The order of the lines of its host: a stamp earlier than that of the line before belongs to the second pass,
//!    unless it is earlier by seconds only, because programs do not write in the very order of their stamps.
//! 3. For a host that wrote nothing lately, the line before, whichever host wrote it: of the two instants the nearer one.
//! 4. Else it is the first pass.
//!
//! So within such an hour, and only there, a line's instant depends on the lines before it in the same reading, and on
//! what the reading began with: the same bytes after the same state are always the same instants. Each host has its own
//! order, because clocks that are minutes apart would else carry each other from pass to pass.

use std::collections::HashMap;

/// Clocks and the order of lines may disagree by up to this number of seconds.
const SLACK: i64 = 300;

/// If the previous line is later than both instants by more than this (seconds), it tells nothing, because an old log
/// is being read.
const FAR: i64 = 3 * 3600;

/// The most hosts that are remembered; lines of further hosts go by the line before.
const HOSTS: usize = 1000;

/// What is known of the lines that came before.
#[derive(Debug)]
pub(super) struct Passes {
    /// When the file was last written, unix seconds.
    written: i64,
    /// The lines were written after this, unix seconds; 0: not known.
    since: i64,
    /// The instant of the line before; 0: there was none.
    last: i64,
    /// The same of each host, near an hour that comes twice. Lines of no host are of the host with the empty name.
    hosts: HashMap<Vec<u8>, i64>,
}

impl Passes {
    pub(super) fn new(written: i64) -> Self {
        Passes { written, since: 0, last: 0, hosts: HashMap::new() }
    }

    /// The next lines stand in another file, which was last written at `written`.
    pub(super) fn turn_to(&mut self, written: i64) {
        self.written = written;
    }

    /// The next lines were written after `since`, and the last line before them has the time `last`; 0: not known.
    pub(super) fn resume(&mut self, last: i64, since: i64) {
        self.since = self.since.max(since);
        if last > self.last {
            self.last = last;
            let own = self.hosts.entry(Vec::new()).or_default();
            *own = last.max(*own);
        }
    }

    /// Notes a line whose stamp has only one instant, on a day on which no hour comes twice.
    #[inline]
    pub(super) fn plain(&mut self, secs: i64) {
        self.last = secs;
        if !self.hosts.is_empty() {
            self.hosts.clear();
        }
    }

    /// The instant of a line of `host`, which is `earlier` or `later`; the two are equal where its stamp is plain.
    #[cold]
    pub(super) fn near(&mut self, earlier: i64, later: i64, host: &[u8]) -> i64 {
        let own = self.hosts.get(host).copied();
        let secs = if earlier != later && self.is_second(earlier, later, own) { later } else { earlier };
        self.last = secs;
        if let Some(own) = self.hosts.get_mut(host) {
            *own = secs;
        } else if self.hosts.len() < HOSTS {
            self.hosts.insert(host.to_owned(), secs);
        }
        secs
    }

    fn is_second(&self, earlier: i64, later: i64, own: Option<i64>) -> bool {
        let Passes { written, since, last, .. } = *self;
        if later > written.saturating_add(SLACK) {
            return false;
        }
        if earlier < since.saturating_sub(SLACK) && later >= since.saturating_sub(SLACK) {
            return true;
        }
        if let Some(own) = own.filter(|own| *own <= later + FAR) {
            if earlier < own - SLACK {
                return true;
            }
            if earlier <= own + SLACK {
                return false;
            }
        }
        last <= later + FAR && last > earlier + (later - earlier) / 2
    }
}
