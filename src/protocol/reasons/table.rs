//! The table of reasons: classes, and the rules that decide which of them a report belongs to (`reasons.toml`).
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use aho_corasick::AhoCorasick;
use serde::Deserialize;
use toml::Spanned;

use super::classes::{CLASSES, Outcome};
use super::reply::Reply;
use super::report::{Phase, Report};

/// The rules, ready to be asked.
#[derive(Debug)]
pub struct Table {
    /// As the file says it.
    pub version: u32,
    pub(super) own: Vec<OwnRule>,
    pub(super) rules: Vec<ReplyRule>,
    /// All words that the rules look for.
    pub(super) needles: Vec<&'static str>,
    /// What was decided of replies before. Servers say the same to many messages.
    known: Mutex<HashMap<Vec<u8>, Option<usize>>>,
    /// How many replies were asked about.
    asked: AtomicU32,
    /// Finds all needles in one pass. To make it takes as long as to search for each of them in [`FEW`] replies.
    finder: OnceLock<Option<AhoCorasick>>,
    /// What the file says besides the rules.
    pub(super) notes: Notes,
}

/// What a table of TOML says for people.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The line (from 1) that each `[[own]]` begins at.
    pub(super) own: Vec<usize>,
    /// The same of each `[[reply]]`.
    pub(super) rules: Vec<usize>,
    /// Classes by position in [`CLASSES`], each with what it means and what is to be done.
    pub(super) classes: Vec<(usize, String, String)>,
    /// Words by their position in [`Table::needles`], while the file is read.
    needles: HashMap<&'static str, usize>,
}

/// This number of decisions is kept, of replies that have no more than these bytes.
const KEPT: usize = 256;
const LONGEST_KEPT: usize = 512;

/// This number of replies is read without [`Table::finder`]: a roll has few.
const FEW: u32 = 256;

/// A rule for what qmail itself says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnRule {
    pub(super) class: usize,
    pub(super) begins: Vec<&'static str>,
    pub(super) holds: Vec<&'static str>,
    pub(super) when: Option<Outcome>,
}

/// A rule for replies: each of its fields that is not empty has to hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReplyRule {
    pub(super) class: usize,
    pub(super) codes: Vec<&'static str>,
    pub(super) statuses: Vec<&'static str>,
    pub(super) phases: Vec<Phase>,
    /// Positions in [`Table::needles`].
    pub(super) any: Vec<usize>,
    pub(super) with: Vec<usize>,
    pub(super) all: Vec<usize>,
    pub(super) none: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    version: u32,
    class: Vec<RawClass>,
    #[serde(default)]
    own: Vec<Spanned<RawOwn>>,
    #[serde(default)]
    reply: Vec<Spanned<RawReply>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClass {
    key: Spanned<String>,
    means: String,
    #[serde(rename = "do")]
    todo: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOwn {
    class: Spanned<String>,
    begins: Vec<String>,
    #[serde(default)]
    holds: Vec<String>,
    when: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    class: Spanned<String>,
    #[serde(default)]
    code: Vec<Spanned<String>>,
    #[serde(default)]
    status: Vec<Spanned<String>>,
    #[serde(default)]
    phase: Vec<Spanned<String>>,
    #[serde(default)]
    any: Vec<Spanned<String>>,
    #[serde(default)]
    with: Vec<Spanned<String>>,
    #[serde(default)]
    all: Vec<Spanned<String>>,
    #[serde(default)]
    none: Vec<Spanned<String>>,
}

/// What is wrong at a byte of the file.
type Wrong = (usize, String);

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Table, String> {
        let raw: RawTable = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            format!("line {}: {}", line_of(text, at), e.message())
        })?;
        let mut table = Table::of(raw).map_err(|(at, what)| format!("line {}: {what}", line_of(text, at)))?;
        for places in [&mut table.notes.own, &mut table.notes.rules] {
            lines_of(text, places);
        }
        Ok(table)
    }

    /// Without rules.
    pub(super) fn new(version: u32, needles: Vec<&'static str>) -> Table {
        let (own, rules) = (Vec::new(), Vec::new());
        Table {
            version,
            own,
            rules,
            needles,
            known: Mutex::default(),
            asked: AtomicU32::new(0),
            finder: OnceLock::new(),
            notes: Notes::default(),
        }
    }

    fn of(raw: RawTable) -> Result<Table, Wrong> {
        let mut table = Table::new(raw.version, Vec::new());
        for RawClass { key, means, todo } in raw.class {
            table.notes.classes.push((class_of(&key)?, means, todo));
        }
        for rule in raw.own {
            let at = rule.span().start;
            let RawOwn { class, begins, holds, when } = rule.into_inner();
            if begins.is_empty() {
                return Err((at, "`begins` is empty: the rule never holds".to_owned()));
            }
            let when = when.map(|when| {
                let outcome = Outcome::named(when.get_ref());
                outcome.ok_or_else(|| {
                    (when.span().start, format!("{:?} is none of success, deferral, failure", when.get_ref()))
                })
            });
            table.notes.own.push(at);
            let leaked_all = |all: Vec<String>| all.into_iter().map(leaked).collect();
            table.own.push(OwnRule {
                class: class_of(&class)?,
                begins: leaked_all(begins),
                holds: leaked_all(holds),
                when: when.transpose()?,
            });
        }
        for rule in raw.reply {
            let at = rule.span().start;
            table.notes.rules.push(at);
            let rule = table.reply_rule(rule.into_inner(), at)?;
            table.rules.push(rule);
        }
        Ok(table)
    }

    fn reply_rule(&mut self, raw: RawReply, at: usize) -> Result<ReplyRule, Wrong> {
        let RawReply { class, code, status, phase, any, with, all, none } = raw;
        if [&code, &status, &phase, &any, &with, &all].iter().all(|field| field.is_empty()) {
            return Err((at, "the rule has no condition, and would decide every reply".to_owned()));
        }
        let phases = phase.iter().map(|phase| {
            let named = Phase::named(phase.get_ref());
            named.ok_or_else(|| {
                (
                    phase.span().start,
                    format!(
                        "{:?} is no phase: greeting, helo, auth, mail, rcpt, data, body",
                        phase.get_ref()
                    ),
                )
            })
        });
        Ok(ReplyRule {
            class: class_of(&class)?,
            codes: checked(code, is_code, "is no beginning of a reply's code: one to three digits")?,
            statuses: checked(status, is_status, "is no enhanced code: `5.7.1`, `x.7.1`, `5.7.`")?,
            phases: phases.collect::<Result<_, _>>()?,
            any: self.needles_of(any)?,
            with: self.needles_of(with)?,
            all: self.needles_of(all)?,
            none: self.needles_of(none)?,
        })
    }

    fn needles_of(&mut self, words: Vec<Spanned<String>>) -> Result<Vec<usize>, Wrong> {
        const WHY: &str = "can never be found: a reply is compared in lower case, without brackets, commas, quotation marks and `_`, and with one blank between words";
        let words = checked(words, is_comparable, WHY)?;
        Ok(words.into_iter().map(|word| self.needle(word)).collect())
    }

    fn needle(&mut self, word: &'static str) -> usize {
        let next = self.needles.len();
        let position = *self.notes.needles.entry(word).or_insert(next);
        if position == next {
            self.needles.push(word);
        }
        position
    }

    /// The class of a report that ended as `outcome`, by its position in [`CLASSES`]. `None`: no rule knows it.
    pub(super) fn decide(&self, report: &Report<'_>, outcome: Outcome) -> Option<usize> {
        let Some(reply) = report.reply else {
            return self.own_rule(report.text, outcome).map(|rule| self.own[rule].class);
        };
        // Whatever the other server says of it: the login is this server's matter.
        if report.phase == Some(Phase::Auth) {
            return CLASSES.iter().position(|class| *class == "policy");
        }
        if reply.len() > LONGEST_KEPT {
            return self.decide_reply(reply, report.phase);
        }
        let key = [&[report.phase.map_or(0, |phase| 1 + phase as u8)], reply].concat();
        // A thread that panicked while it held them has left whole entries.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(class) = known.get(&key) {
            return *class;
        }
        let class = self.decide_reply(reply, report.phase);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(key, class);
        class
    }

    fn decide_reply(&self, reply: &[u8], phase: Option<Phase>) -> Option<usize> {
        self.reply_rule_of(&Reply::of(reply), phase).map(|rule| self.rules[rule].class)
    }

    /// The position of the first rule in [`Table::rules`] that holds for `reply`.
    pub(super) fn reply_rule_of(&self, reply: &Reply, phase: Option<Phase>) -> Option<usize> {
        let found = self.found(&reply.words);
        let holds = |needle: &usize| match &found {
            Some(found) => found.get(*needle).copied().unwrap_or(false),
            None => self.needles.get(*needle).is_some_and(|needle| reply.words.contains(needle)),
        };
        let decides = |rule: &&ReplyRule| {
            (rule.codes.is_empty() || rule.codes.iter().any(|code| reply.code.starts_with(code)))
                && (rule.statuses.is_empty()
                    || rule.statuses.iter().any(|status| is_of(&reply.status, status)))
                && (rule.phases.is_empty() || phase.is_some_and(|phase| rule.phases.contains(&phase)))
                && [&rule.any, &rule.with].iter().all(|words| words.is_empty() || words.iter().any(holds))
                && rule.all.iter().all(holds)
                && !rule.none.iter().any(holds)
        };
        self.rules.iter().position(|rule| decides(&rule))
    }

    /// The position of the first rule in [`Table::own`] that holds for what qmail itself says.
    pub(super) fn own_rule(&self, text: &[u8], outcome: Outcome) -> Option<usize> {
        let holds = |word: &&str| memchr::memmem::find(text, word.as_bytes()).is_some();
        let decides = |rule: &&OwnRule| {
            rule.when.is_none_or(|when| when == outcome)
                && rule.begins.iter().any(|begin| text.starts_with(begin.as_bytes()))
                && (rule.holds.is_empty() || rule.holds.iter().any(holds))
        };
        self.own.iter().position(|rule| decides(&rule))
    }

    /// Which of the needles stand in `words`. `None`: each that is asked for has to be searched for.
    fn found(&self, words: &str) -> Option<Vec<bool>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) < FEW {
            return None;
        }
        let finder = self.finder.get_or_init(|| AhoCorasick::new(&self.needles).ok()).as_ref()?;
        let mut found = vec![false; self.needles.len()];
        for hit in finder.find_overlapping_iter(words) {
            found[hit.pattern().as_usize()] = true;
        }
        Some(found)
    }
}

/// A table lives as long as the process, so that its texts may.
fn leaked(text: String) -> &'static str {
    text.leak()
}

/// The class of this name.
fn class_of(name: &Spanned<String>) -> Result<usize, Wrong> {
    CLASSES.iter().position(|class| class == name.get_ref()).ok_or_else(|| {
        (name.span().start, format!("{:?} is no class: there are {}", name.get_ref(), CLASSES.join(", ")))
    })
}

fn checked(
    words: Vec<Spanned<String>>,
    is_right: fn(&str) -> bool,
    why: &str,
) -> Result<Vec<&'static str>, Wrong> {
    let one = |word: Spanned<String>| match is_right(word.get_ref()) {
        true => Ok(leaked(word.into_inner())),
        false => Err((word.span().start, format!("{:?} {why}", word.get_ref()))),
    };
    words.into_iter().map(one).collect()
}

fn is_code(code: &str) -> bool {
    (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit())
}

/// `5.7.1`, `x.7.1` (whatever the first digit is), `5.7.` (all that begin so).
fn is_status(status: &str) -> bool {
    let parts: Vec<&str> = status.split('.').collect();
    let digits = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts[..], [first, second, third]
        if (first == "x" || (first.len() == 1 && digits(first))) && digits(second) && (third.is_empty() || digits(third)))
}

/// May it stand in [`Reply::words`]?
fn is_comparable(words: &str) -> bool {
    let is_kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " .'/:#=?&+-".contains(c);
    !words.is_empty() && words.chars().all(is_kept) && !words.contains("  ")
}

/// Is the enhanced status `status` meant by `pattern`?
pub(super) fn is_of(status: &str, pattern: &str) -> bool {
    let (status, pattern) = match pattern.strip_prefix('x') {
        Some(rest) => (status.get(1..).unwrap_or_default(), rest),
        None => (status, pattern),
    };
    !status.is_empty() && if pattern.ends_with('.') { status.starts_with(pattern) } else { status == pattern }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|b| *b == b'\n').count()
}

/// Makes lines (from 1) of places in bytes, which rise.
fn lines_of(text: &str, places: &mut [usize]) {
    let (mut line, mut before) = (1, 0);
    for place in places {
        let between = text.as_bytes().get(before..*place).unwrap_or_default();
        line += between.iter().filter(|b| **b == b'\n').count();
        before = (*place).max(before);
        *place = line;
    }
}
