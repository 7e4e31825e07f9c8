//! Was one file made of another one by an editor or a script? Times alone do not tell: a new log may begin with what a
//! remote host had kept back, with a line of a host whose clock is wrong, or in the very second in which the old log ended.
//!
//! What a script changes are addresses and names within the lines; seconds, hosts and programs stay. So the lines that one
//! of the files begins or ends with are looked for in the other one: a line stands there as it is, or the other file has
//! as many lines of the same second, host and program. Where all of these lines are of a few seconds, such numbers may be
//! equal by chance. Then a line that holds a word with digits (a port, a process, a user's number) that stands in no such
//! line of the other file, and in no second line of its own file, is another line.
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::content::Open;
use super::cut_lines::rest_before_a_line;
use super::log::Clock;
use super::times::{PART, Stamps, UNORDERED};
use crate::error::{At, Result};
use crate::line::{Line, Parser};

/// The most lines of a sample.
const MOST: usize = 400;
/// A log of fewer different seconds than this may have them in common with another log by chance.
const FEW: usize = 3;

/// A line of a sample.
struct Sampled {
    text: u64,
    host: Option<u64>,
    words: Vec<u64>,
    /// Does it stand in the other file as it is?
    is_there: bool,
}

/// What a loss of power left of a line, behind which the next line was written.
struct Rest {
    text: Vec<u8>,
    /// Does a line of the other file begin so?
    is_there: bool,
}

/// The lines of one second and one program.
#[derive(Default)]
struct Group {
    lines: Vec<Sampled>,
    /// How many such lines the other file has, from each host.
    theirs: HashMap<Option<u64>, usize>,
    /// The words with digits in them.
    words: HashSet<u64>,
}

/// Lines that one file begins or ends with, to be looked for in another one.
struct Sample<'a> {
    hasher: &'a RandomState,
    clock: Clock,
    groups: HashMap<(i64, u64), Group>,
    rests: Vec<Rest>,
    /// The hosts of the other file.
    hosts: HashSet<Option<u64>>,
}

/// Was `new` made of `old`? Both have lines with a time, of which their stamps are.
pub(super) fn is_made_of(new: (&Open, Stamps), old: (&Open, Stamps), clock: Clock) -> Result<bool> {
    let ((new, its), (old, stamps)) = (new, old);
    let first = its.first.min(its.times.0);
    if first > stamps.newest {
        return Ok(false);
    }
    let hasher = RandomState::new();
    // What is later than all of the old file can only have been added.
    let begins = Sample::new(&hasher, new, clock, false, i64::MIN..=stamps.newest)?;
    if begins.stands_in(old)? {
        return Ok(true);
    }
    Sample::new(&hasher, old, clock, true, first..=i64::MAX)?.stands_in(new)
}

impl<'a> Sample<'a> {
    /// The lines that `file` begins or ends with, of these seconds.
    fn new(
        hasher: &'a RandomState,
        file: &Open,
        clock: Clock,
        is_end: bool,
        seconds: std::ops::RangeInclusive<i64>,
    ) -> Result<Sample<'a>> {
        let length = file.length()?;
        let (from, to) = match is_end {
            true if !file.compression.is_packed() => (length.saturating_sub(PART), length),
            // An archive is unpacked from its beginning.
            true => (0, length),
            false => (0, length.min(PART)),
        };
        let mut parser = parser(file, clock);
        let (mut lines, mut rests) = (VecDeque::new(), Vec::new());
        let mut is_cut = if is_end { from > 0 } else { to < length };
        file.walk_from(from, to, |raw| {
            // What is cut at either end is no line.
            if (from > 0 && raw.start == from) || (!raw.terminated && raw.end == to && to < length) {
                return;
            }
            let line = parser.parse(raw.text);
            let has_tag = line.tag.is_some();
            let secs = line.time.map(|stamp| stamp.secs);
            if secs.is_some_and(|secs| !seconds.contains(&secs)) {
                return;
            }
            if rests.len() < MOST
                && let Some(length) = rest_before_a_line(raw.text, &mut parser)
            {
                rests.push(Rest { text: raw.text[..length].to_owned(), is_there: false });
                return;
            }
            // The file lost its end within this line.
            if !raw.terminated {
                if has_tag {
                    rests.push(Rest { text: raw.text.to_owned(), is_there: false });
                }
                return;
            }
            let Some(secs) = secs else { return };
            let line = parser.parse(raw.text);
            if lines.len() == MOST {
                is_cut = true;
                if !is_end {
                    return;
                }
                lines.pop_front();
            }
            let sampled = Sampled {
                text: hasher.hash_one(raw.text),
                host: line.host.map(|host| hasher.hash_one(host)),
                words: words(hasher, &line),
                is_there: false,
            };
            lines.push_back(((secs, hasher.hash_one(line.tag)), sampled));
        })
        .at("read", &file.path)?;
        // Of the second at which the sample was cut it has not all lines.
        let cut = if is_end { lines.front() } else { lines.back() }.map(|((secs, _), _)| *secs);
        let cut = cut.filter(|cut| is_cut && lines.iter().any(|((secs, _), _)| secs != cut));
        let mut sample = Sample { hasher, clock, groups: HashMap::new(), rests, hosts: HashSet::new() };
        for (key, line) in lines.into_iter().filter(|((secs, _), _)| Some(*secs) != cut) {
            sample.groups.entry(key).or_default().lines.push(line);
        }
        Ok(sample)
    }

    /// Do more than half of its lines stand in `file`, perhaps changed?
    fn stands_in(mut self, file: &Open) -> Result<bool> {
        if self.groups.is_empty() && self.rests.is_empty() {
            return Ok(false);
        }
        let mut parser = parser(file, self.clock);
        file.walk_from(0, file.length()?, |raw| {
            for rest in self.rests.iter_mut().filter(|rest| raw.text.starts_with(&rest.text)) {
                rest.is_there = true;
            }
            let line = parser.parse(raw.text);
            let Some(stamp) = line.time else { return };
            let host = line.host.map(|host| self.hasher.hash_one(host));
            self.hosts.insert(host);
            let key = (stamp.secs, self.hasher.hash_one(line.tag));
            let Some(group) = self.groups.get_mut(&key) else { return };
            *group.theirs.entry(host).or_default() += 1;
            group.words.extend(words(self.hasher, &line));
            let text = self.hasher.hash_one(raw.text);
            if let Some(same) = group.lines.iter_mut().find(|line| !line.is_there && line.text == text) {
                same.is_there = true;
            }
        })
        .at("read", &file.path)?;
        let (mut all, mut found) = (self.rests.len(), self.rests.iter().filter(|rest| rest.is_there).count());
        let is_short = self.is_short();
        let times_met = self.times_met();
        // A script may change the hosts as well: all of them.
        let knows_hosts = self.groups.values().flat_map(|g| &g.lines).any(|l| self.hosts.contains(&l.host));
        for group in self.groups.values() {
            for line in &group.lines {
                // What has no such word may be a second line of the same text.
                if is_short && line.words.is_empty() {
                    continue;
                }
                all += 1;
                let is_own = |word: &u64| !group.words.contains(word) && times_met.get(word) == Some(&1);
                let is_found = match is_short {
                    true => group.has_from(line, knows_hosts) && !line.words.iter().any(is_own),
                    false => group.is_of_equal_number(line, knows_hosts),
                };
                found += usize::from(line.is_there || is_found);
            }
        }
        Ok(2 * found > all)
    }

    /// Is it of so few seconds that they tell nothing?
    fn is_short(&self) -> bool {
        let seconds: HashSet<i64> = self.groups.keys().map(|(secs, _)| *secs).collect();
        let (first, last) = (seconds.iter().min(), seconds.iter().max());
        seconds.len() < FEW || first.zip(last).is_none_or(|(first, last)| last - first <= UNORDERED)
    }

    /// In how many of its lines each word stands.
    fn times_met(&self) -> HashMap<u64, usize> {
        let mut met = HashMap::new();
        for line in self.groups.values().flat_map(|group| &group.lines) {
            let words: HashSet<u64> = line.words.iter().copied().collect();
            words.into_iter().for_each(|word| *met.entry(word).or_default() += 1);
        }
        met
    }
}

impl Group {
    fn has_from(&self, line: &Sampled, knows_hosts: bool) -> bool {
        if knows_hosts { self.theirs.contains_key(&line.host) } else { !self.theirs.is_empty() }
    }

    fn is_of_equal_number(&self, line: &Sampled, knows_hosts: bool) -> bool {
        let is_same = |other: &&Sampled| !knows_hosts || other.host == line.host;
        let theirs = match knows_hosts {
            true => self.theirs.get(&line.host).copied().unwrap_or(0),
            false => self.theirs.values().sum(),
        };
        theirs == self.lines.iter().filter(is_same).count()
    }
}

fn parser(file: &Open, clock: Clock) -> Parser {
    Parser::new(clock.tai_offset, file.mtime / 1_000_000_000)
}

/// The words of a line, behind its stamp, that have digits in them.
fn words(hasher: &RandomState, line: &Line<'_>) -> Vec<u64> {
    let words = line.after_stamp.split(|byte| !byte.is_ascii_alphanumeric());
    words.filter(|word| word.iter().any(u8::is_ascii_digit)).map(|word| hasher.hash_one(word)).collect()
}

/// Where the last line ends in `new` that stands in `old` after `from`, perhaps changed, and is it the last one there? What
/// is known in `new` ends at `known`: the lines that follow there are, in their order, those that follow `from` in `old`, up
/// to the moment at which `new` was made.
pub(super) fn shared_until(
    old: &Open,
    from: u64,
    new: &Open,
    known: u64,
    clock: Clock,
) -> Result<(u64, bool)> {
    let hasher = RandomState::new();
    let mut texts = HashSet::new();
    let (mut keys, mut last) = (Vec::new(), None);
    // The lines of the last second, in which lines of both files may be alike, begin at this number.
    let (mut second, mut begin, mut its_words) = (i64::MIN, 0, Vec::new());
    let mut its = parser(old, clock);
    old.walk_from(from, old.length()?, |raw| {
        if !raw.terminated {
            return;
        }
        last = Some(hasher.hash_one(raw.text));
        texts.extend(last);
        let line = its.parse(raw.text);
        let Some(stamp) = line.time else { return };
        if stamp.secs != second {
            (second, begin) = (stamp.secs, keys.len());
            its_words.clear();
        }
        its_words.push(words(&hasher, &line));
        keys.push((stamp.secs, hasher.hash_one(line.tag)));
    })
    .at("read", &old.path)?;
    let (mut until, mut has_last) = (0, last.is_none());
    let (mut next, mut is_shared) = (0, true);
    let mut its = parser(new, clock);
    new.walk_from(0, new.length()?, |raw| {
        let hash = hasher.hash_one(raw.text);
        let line = its.parse(raw.text);
        if !raw.terminated {
            return;
        }
        let is_there = texts.contains(&hash);
        if raw.start >= known
            && is_shared
            && let Some(stamp) = line.time
        {
            let key = (stamp.secs, hasher.hash_one(line.tag));
            let own = words(&hasher, &line);
            let is_alike = |n: &usize| {
                let theirs = n.checked_sub(begin).and_then(|n| its_words.get(n));
                keys.get(*n) == Some(&key)
                    && (is_there || theirs.is_none_or(|theirs| own.iter().all(|word| theirs.contains(word))))
            };
            match (next..keys.len()).find(is_alike) {
                Some(n) => (next, until) = (n + 1, raw.end),
                None => is_shared = false,
            }
            has_last |= next > 0 && next == keys.len();
        }
        if is_there {
            until = raw.end;
            has_last |= Some(hash) == last;
        }
    })
    .at("read", &new.path)?;
    Ok((until, has_last))
}

/// Up to where two files, which are equal up to `from`, have the same lines.
pub(super) fn equal_until(a: &Open, b: &Open, from: u64) -> Result<u64> {
    let mut readers = [a.content(from)?, b.content(from)?];
    let mut blocks = [vec![0; 1 << 16], vec![0; 1 << 16]];
    let (mut at, mut until) = (from, from);
    loop {
        let mut got = [0; 2];
        for (((reader, block), got), file) in readers.iter_mut().zip(&mut blocks).zip(&mut got).zip([a, b]) {
            *got = reader.fill(block).at("read", &file.path)?;
        }
        let [ours, theirs] = [&blocks[0][..got[0]], &blocks[1][..got[1]]];
        let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        if let Some(newline) = memchr::memrchr(b'\n', &ours[..same]) {
            until = at + newline as u64 + 1;
        }
        at += same as u64;
        if same < blocks[0].len() {
            return Ok(until);
        }
    }
}
