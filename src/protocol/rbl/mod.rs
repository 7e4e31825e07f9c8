//! `rbl`: everything in qmail-smtpd's log directory.
//!
//! Many programs write there: tcpserver, rblsmtpd, spamdyke, qmail-smtpd with its patches, simscan. **How the text
//! begins tells the group**, never a word within it: clients choose HELO, sender, subject and host name. One file
//! a group:
//!
//! | file | lines |
//! |---|---|
//! | `rblsmtpd` | rblsmtpd(1), and the lists that a patched qmail-smtpd asks; `lists` knows the lists by name |
//! | `chkuser`, `simscan`, `spamdyke` | these programs |
//! | `sqmail` | s/qmail and SPAMCONTROL: `Accept::…`, `Reject::…` |
//! | `qlog` | `qlogenvelope: `, `qlogreceived: ` of the qlog patch |
//! | `../tcpserver` | tcpserver(1), sslserver(1), tcpsvd(8) |
//!
//! A group with counters of its own has them in a table of its file, and is told where that begins in the table of
//! `rbl`, which `keys` composes. Counters that several groups raise stand in `common`.
//!
//! To add a DNS list: a counter at the end of `common`, a pattern in `lists`, a line in the samples, and an area in
//! `templates/rbl.toml`.
//!
//! To add a group: give it a variant of `Group`, find it in `begun` or `named`, raise its counters, and put its
//! table behind the others in `keys`.
mod bulk;
mod chkuser;
mod common;
mod families;
mod keys;
mod lists;
mod page;
mod qlog;
mod rblsmtpd;
mod simscan;
mod spamdyke;
mod sqmail;
#[cfg(test)]
mod tests;

use memchr::memmem;

use super::bulk::Bulk;
use super::by_classifier::ByClassifier;
use super::card::templates;
use super::card::{CounterFile, Directories, IN_SYSLOG, OlderFile, Processor, Protocol, Writers};
use super::classify::{Classify, LogKind, Raise, Settings, Verdict};
use super::scan::{number, program};
use super::tcpserver;
use crate::line::Line;
use crate::reading::mta::{Asked, Fact, fact_while};
use bulk::RblBulk;
use common::{known, unknown};
use lists::Lists;

/// The table of toaster.conf with lists of its own: `[[rbl]]`.
pub const TABLE: &str = "rbl";

/// Without a tcpserver, nothing of it is known.
const MTA: &[Fact] = &[
    fact_while(Asked::LetIn, "tcp_ok", "tcp_connect"),
    fact_while(Asked::TurnedAway, "tcp_deny", "tcp_connect"),
];

/// The protocol `rbl`. Own lists of toaster.conf are further counters, behind the built-in ones.
pub fn protocol(settings: &Settings) -> Protocol {
    let (counters, lists) = keys::with_lists(&settings.lists);
    // A protocol lives as long as the process, so that its table, its lists and its classifier may be leaked.
    let lists: &'static Lists = Box::leak(Box::new(lists));
    let reader = Reader {
        lists,
        smtpd_in_syslog: settings.smtpd_in_syslog || settings.send_in_syslog,
        spamdyke_in_syslog: settings.spamdyke_in_syslog,
    };
    let classify: &'static Classify =
        Box::leak(Box::new(move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
            reader.classify(line, place, raise)
        }));
    let bulk = move || Box::new(RblBulk { lists, others: ByClassifier::new(classify) }) as Box<dyn Bulk>;
    Protocol {
        name: "rbl",
        title: "Incoming SMTP",
        about: "what qmail-smtpd and the programs around it accept and turn away",
        counters: Vec::leak(counters),
        classify,
        bulk: Some(Box::leak(Box::new(bulk))),
        reads_syslog: settings.send_in_syslog || settings.smtpd_in_syslog || settings.spamdyke_in_syslog,
        writers: Some(Writers { tags: &TAGS, sentences: &[], settled: &[] }),
        processor: Some(Processor {
            name: "smtplog",
            about: "Be the processor of qmail-smtpd's logger",
            directories: Some(Directories { key: "logs_smtp_dirs", default: "smtp" }),
        }),
        counts_lists: true,
        counter_file: Some(CounterFile { key: "logs_rbl_count", default: "smtp_rbl.txt" }),
        // The file that version 5 wrote when it was called for `rbl`, and that of the versions before it.
        older_files: &[OlderFile::Alone("rbl.txt"), OlderFile::Alone("smtp_rbl.txt")],
        aliases: common::ALIASES,
        main_counters: &[
            ("ham", "Let in"),
            ("accept", "Let in by s/qmail"),
            ("spamdyke_allowed", "Let in by spamdyke"),
            ("spamhaus", "Spamhaus blocked"),
            ("barracuda", "Barracuda blocked"),
            ("spamcop", "SpamCop blocked"),
            ("chkuser", "Turned away by CHKUSER"),
            ("spamdyke_denied", "Turned away by spamdyke"),
            ("reject", "Turned away by s/qmail"),
            ("spamassassin", "Spam turned away"),
            ("virus", "Viruses turned away"),
            ("badmailfrom", "Bad senders"),
            ("badhelo", "Bad HELO"),
            ("dns", "No reverse DNS"),
        ],
        templates: templates!["rbl", "smtp-filter", "smtp-sessions"],
        families: families::FAMILIES,
        mta: MTA,
        page: page::PAGE,
        ..IN_SYSLOG
    }
}

/// What a line is about, and the part of it that the group's file reads.
enum Group<'a> {
    Rblsmtpd(&'a [u8]),
    /// qmail-smtpd asked a list: what follows `rbl: `.
    Asked(&'a [u8]),
    /// qmail-smtpd turned a client away for what this names.
    Listed(&'a [u8]),
    Chkuser(&'a [u8]),
    Simscan(&'a [u8]),
    Spamdyke(&'a [u8]),
    Accept(&'a [u8]),
    Reject(&'a [u8]),
    Qlog(&'a [u8]),
    Tcp(&'a [u8]),
    /// It raises this counter and no other.
    One(usize),
}

/// Reads lines.
struct Reader {
    lists: &'static Lists,
    smtpd_in_syslog: bool,
    spamdyke_in_syslog: bool,
}

impl Reader {
    fn classify(&self, line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
        if line.continuation || line.text.is_empty() {
            return if place == LogKind::Dedicated { Verdict::Known } else { Verdict::Foreign };
        }
        let (of_smtpd, text) = without_smtpd(line);
        let group = group_of(line, text, place);
        if place == LogKind::Shared && !self.counts_in_syslog(line.tag, group.as_ref(), of_smtpd) {
            return Verdict::Foreign;
        }
        raise.one(common::COUNT);
        match group {
            Some(group) => self.raise(group, raise),
            None if memmem::find(text, b"Reverse").is_some() => known(common::DNS, raise),
            None if usual(text) => known(common::OTHER, raise),
            None => unknown(raise),
        }
    }

    /// Is a line among those of all programs one to be counted? Besides the groups those that qmail-smtpd puts its
    /// name before: they are its own, whatever they say.
    fn counts_in_syslog(&self, tag: Option<&[u8]>, group: Option<&Group<'_>>, of_smtpd: bool) -> bool {
        tag.is_none_or(|tag| TAGS.contains(&tag))
            && match group {
                Some(Group::Spamdyke(_)) => self.spamdyke_in_syslog,
                Some(_) => self.smtpd_in_syslog,
                None => of_smtpd && self.smtpd_in_syslog,
            }
    }

    fn raise(&self, group: Group<'_>, raise: &mut Raise<'_>) -> Verdict {
        match group {
            Group::Rblsmtpd(rest) => rblsmtpd::classify(rest, self.lists, raise),
            Group::Asked(rest) => rblsmtpd::asked(rest, self.lists, raise),
            Group::Listed(name) => self.lists.raise(name, raise),
            Group::Chkuser(rest) => chkuser::classify(rest, raise),
            Group::Simscan(rest) => simscan::classify(rest, raise),
            Group::Spamdyke(rest) => spamdyke::classify(rest, keys::SPAMDYKE, raise),
            Group::Accept(rest) => sqmail::accept(rest, keys::SQMAIL, raise),
            Group::Reject(rest) => sqmail::reject(rest, keys::SQMAIL, raise),
            Group::Qlog(rest) => qlog::classify(rest, keys::QLOG, raise),
            Group::Tcp(rest) => tcpserver::classify(rest, keys::TCP_SLOTS, raise),
            Group::One(counter) => known(counter, raise),
        }
    }
}

/// Did qmail-smtpd put its name before the text; and the text without it.
#[inline]
fn without_smtpd<'a>(line: &Line<'a>) -> (bool, &'a [u8]) {
    match program(line.text) {
        Some((b"qmail-smtpd", rest)) => (true, rest),
        _ => (line.tag == Some(b"qmail-smtpd"), line.text),
    }
}

/// The group of a line that has `text` behind the name of qmail-smtpd.
#[inline]
fn group_of<'a>(line: &Line<'a>, text: &'a [u8], place: LogKind) -> Option<Group<'a>> {
    begun(text)
        .or_else(|| program(text).and_then(|(name, rest)| named(name, rest)))
        .or_else(|| line.tag.and_then(|tag| named(tag, text)))
        // `421 badiprbl: ` behind a container's stamp looks like a header of syslog.
        .or_else(|| if place == LogKind::Dedicated { begun(line.after_stamp) } else { None })
}

/// The part of a line that `[[rbl]]` and the built-in lists are compared with. `None`: the line names no list that turned a
/// client away.
pub fn list_text<'a>(line: &Line<'a>, place: LogKind) -> Option<&'a [u8]> {
    if line.continuation {
        return None;
    }
    match group_of(line, without_smtpd(line).1, place)? {
        Group::Rblsmtpd(rest) => rblsmtpd::list(rest),
        Group::Asked(rest) => rblsmtpd::asked_list(rest),
        Group::Listed(name) => Some(name),
        _ => None,
    }
}

/// The group of a text that does not begin with `NAME: `.
fn begun(text: &[u8]) -> Option<Group<'_>> {
    match text.first()? {
        b'C' => text.strip_prefix(b"CHKUSER ").map(Group::Chkuser),
        b's' => text.strip_prefix(b"simscan:").filter(|rest| rest.starts_with(b"[")).map(Group::Simscan),
        b'p' => {
            let (_, rest) = number(text.strip_prefix(b"pid ")?)?;
            decision(rest.strip_prefix(b" ")?)
        }
        b'A' | b'R' => decision(text),
        b'4' => {
            // The IP address stands before the list.
            let rest = text.strip_prefix(b"421 badiprbl: ")?;
            let at = memmem::find(rest, b" rbl: ")?;
            Some(Group::Listed(&rest[at + b" rbl: ".len()..]))
        }
        b'm' => {
            // What follows the list is the client's: sender, recipient, HELO.
            let rest = text.strip_prefix(b"message rejected (qmail-dnsbl) (")?;
            Some(Group::Listed(&rest[..memchr::memchr(b')', rest)?]))
        }
        _ => None,
    }
}

/// `Accept::TYPE::…` or `Reject::TYPE::…`.
fn decision(text: &[u8]) -> Option<Group<'_>> {
    let accept = || text.strip_prefix(b"Accept::").map(Group::Accept);
    accept().or_else(|| text.strip_prefix(b"Reject::").map(Group::Reject))
}

/// The group of a line of the program `name`, or one that begins with `name: `. Where syslog has a header before
/// the line, that name is the tag.
fn named<'a>(name: &[u8], rest: &'a [u8]) -> Option<Group<'a>> {
    Some(match name {
        b"rblsmtpd" => Group::Rblsmtpd(rest),
        b"rbl" => Group::Asked(rest.strip_prefix(b"ip=")?),
        b"simscan" => Group::Simscan(rest),
        b"spamdyke" => Group::Spamdyke(rest),
        b"qlogenvelope" | b"qlogreceived" => Group::Qlog(rest),
        b"badhelo" => Group::One(common::BADHELO),
        b"badmailfrom" => Group::One(common::BADMAILFROM),
        b"badmailto" | b"badrcptto" => Group::One(common::BADMAILTO),
        b"auth" if rest.starts_with(b"auth-success ") => Group::One(common::AUTH_OK),
        b"auth" if rest.starts_with(b"auth-failed ") => Group::One(common::AUTH_FAIL),
        _ if tcpserver::is_program(name) => Group::Tcp(rest),
        _ => return None,
    })
}

/// Does a healthy qmail-smtpd, or a program beside it, log this although nothing is counted for it? Beginnings of the
/// messages of sagredo's, Indimail's, SME's and acceptutils' qmail-smtpd, and of sslio(8).
#[cold]
fn usual(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 12] = [
        b"validrcptto",
        b"GREETDELAY",
        b"MFCHECK ",
        b"message too big: ",
        b"read failed (",
        b"qmail-queue error message: ",
        b"AUTH failed for ",
        b"AUTH successful for ",
        b"mail recv: ",
        b"policy_check: ",
        b"rcptcheck: ",
        b"qmail-rcptcheck: ",
    ];
    let of_pid = || number(text.strip_prefix(b"pid ")?).map(|(_, rest)| rest.starts_with(b" from "));
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        || of_pid() == Some(true)
        || matches!(program(text), Some((b"sslio", rest)) if rest.starts_with(b"info: "))
}

/// The tags of syslog under which lines of a group may stand. splogger(8) is told `qmail` or the service; the other programs
/// name themselves. Tags that other mail systems write under too (`auth` of dovecot, `rbl`) are none of them.
const TAGS: [&[u8]; 21] = [
    b"qmail",
    b"qmail-smtpd",
    b"qmail-smtps",
    b"qmail-submission",
    b"smtpd",
    b"smtp",
    b"smtps",
    b"submission",
    b"submit",
    b"rblsmtpd",
    b"spamdyke",
    b"simscan",
    b"qlogenvelope",
    b"qlogreceived",
    b"badhelo",
    b"badmailfrom",
    b"badmailto",
    b"badrcptto",
    b"tcpserver",
    b"sslserver",
    b"tcpsvd",
];
