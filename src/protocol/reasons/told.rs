//! Which rule decides why a delivery did not succeed, and by what in the report: for a postmaster who asks.
use super::classes::{CLASSES, COUNTERS, Outcome};
use super::reply::{Reply, of_the_server};
use super::report::{Phase, Report};
use super::table::{OwnRule, ReplyRule, Table, is_of};

/// What the rules say of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The class of the reason, by its name in the table.
    pub class: &'static str,
    /// The counter that it raises.
    pub counter: &'static str,
    /// What the class means, as the table says it.
    pub means: String,
    /// What a postmaster should do about it, as the table says it.
    pub todo: String,
    /// Had the message been in the queue for too long? Then `expired` is raised as well.
    pub expired: bool,
    /// How far the session was, by its name in a table. `None`: no other server refused anything.
    pub phase: Option<&'static str>,
    /// The reply's three digits; empty: it has none, or there is no reply.
    pub code: String,
    /// The reply's enhanced status; empty likewise.
    pub status: String,
    /// The reply as it is logged, but in lower case and without what a client chose; `None`: there is no reply.
    pub reply: Option<String>,
    /// The rule that decided.
    pub rule: Rule,
}

/// The rule that decided, and what of it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An `[[own]]`.
    Own {
        /// Its number among its kind, from 1.
        number: usize,
        /// The line of the table that it begins at.
        line: usize,
        /// The beginning of the report.
        begins: &'static str,
        /// What stands in it, if the rule asks for that.
        holds: Option<&'static str>,
    },
    /// A `[[reply]]`.
    Reply {
        /// Its number among its kind, from 1.
        number: usize,
        /// The line of the table that it begins at.
        line: usize,
        /// What it asks for and what was found: a field of the rule, and the part of its list that held.
        held: Vec<(&'static str, &'static str)>,
    },
    /// None of the table: a login that another server refused is of the class `policy`, whatever it says.
    Login,
    /// None holds.
    None,
}

/// How a delivery ended of which `text` tells, and the report. `None`: it succeeded, or the text is of something else.
pub(super) fn report_of(text: &[u8]) -> Option<(Outcome, &[u8])> {
    let rest = text.strip_prefix(b"delivery ")?;
    let end = rest.iter().position(|&b| b == b':' || b == b' ').filter(|end| *end > 0)?;
    let result = rest[end..].strip_prefix(b": ")?;
    let deferral = result.strip_prefix(b"deferral: ").map(|report| (Outcome::Deferral, report));
    deferral.or_else(|| result.strip_prefix(b"failure: ").map(|report| (Outcome::Failure, report)))
}

impl Told {
    /// By `table`; what it says of no class is taken from `shipped`.
    pub(super) fn of(table: &Table, shipped: &Table, report: &Report<'_>, outcome: Outcome) -> Told {
        let reply = report.reply.map(Reply::of);
        let (class, rule) = match &reply {
            None => own(table, report.text, outcome),
            Some(_) if report.phase == Some(Phase::Auth) => (position("policy"), Rule::Login),
            Some(reply) => replied(table, reply, report.phase),
        };
        // What is `accepted` by a rule that does not ask for the outcome is no reason.
        let class = class.filter(|class| *class > 0).unwrap_or(CLASSES.len() - 1);
        let texts = [table, shipped].map(|table| table.notes.classes.iter().find(|(of, ..)| *of == class));
        let [own, built_in] = texts;
        let (means, todo) =
            own.or(built_in).map(|(_, means, todo)| (means.clone(), todo.clone())).unwrap_or_default();
        let Reply { code, status, .. } = reply.unwrap_or_default();
        Told {
            class: CLASSES[class],
            counter: COUNTERS[class - 1].key,
            means,
            todo,
            expired: report.expired,
            phase: report.phase.map(Phase::name),
            code,
            status,
            reply: report.reply.map(of_the_server),
            rule,
        }
    }
}

fn position(class: &str) -> Option<usize> {
    CLASSES.iter().position(|known| *known == class)
}

fn own(table: &Table, text: &[u8], outcome: Outcome) -> (Option<usize>, Rule) {
    let Some(at) = table.own_rule(text, outcome) else { return (None, Rule::None) };
    let OwnRule { class, begins, holds, .. } = &table.own[at];
    let begins = begins.iter().find(|begin| text.starts_with(begin.as_bytes())).copied().unwrap_or_default();
    let holds = holds.iter().find(|word| memchr::memmem::find(text, word.as_bytes()).is_some()).copied();
    (Some(*class), Rule::Own { number: at + 1, line: line(&table.notes.own, at), begins, holds })
}

fn replied(table: &Table, reply: &Reply, phase: Option<Phase>) -> (Option<usize>, Rule) {
    let Some(at) = table.reply_rule_of(reply, phase) else { return (None, Rule::None) };
    let ReplyRule { class, codes, statuses, phases, any, with, all, .. } = &table.rules[at];
    let mut held = Vec::new();
    held.extend(codes.iter().find(|code| reply.code.starts_with(**code)).map(|code| ("code", *code)));
    held.extend(
        statuses.iter().find(|status| is_of(&reply.status, status)).map(|status| ("status", *status)),
    );
    held.extend(phase.filter(|phase| phases.contains(phase)).map(|phase| ("phase", phase.name())));
    let word = |needle: &usize| table.needles.get(*needle).copied().unwrap_or_default();
    for (field, words) in [("any", any), ("with", with)] {
        held.extend(words.iter().map(word).find(|word| reply.words.contains(word)).map(|word| (field, word)));
    }
    held.extend(all.iter().map(|needle| ("all", word(needle))));
    (Some(*class), Rule::Reply { number: at + 1, line: line(&table.notes.rules, at), held })
}

fn line(lines: &[usize], at: usize) -> usize {
    lines.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Reasons, SHIPPED};
    use super::*;

    /// What `grep -n` says of the table: the line of the `number`-th (from 1) that is `heading`.
    fn line_of(heading: &str, number: usize) -> usize {
        let lines = SHIPPED.lines().enumerate().filter(|(_, line)| *line == heading);
        lines.map(|(at, _)| at + 1).nth(number - 1).unwrap()
    }

    #[test]
    fn the_rule_is_named_by_its_number_and_its_line() {
        let told = Reasons::Shipped
            .tell(b"delivery 7: deferral: CNAME_lookup_failed_temporarily._(#4.4.3)/")
            .unwrap();
        let rule = Rule::Own {
            number: 1,
            line: line_of("[[own]]", 1),
            begins: "CNAME_lookup_failed_temporarily",
            holds: None,
        };
        assert_eq!((told.class, told.counter, told.phase, told.rule), ("dns", "why_dns", None, rule));
        let text = b"delivery 7: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_No_such_user/Giving_up_on_192.0.2.1./";
        let told = Reasons::Shipped.tell(text).unwrap();
        assert_eq!(
            (told.class, told.phase, &*told.code, &*told.status),
            ("user_unknown", Some("rcpt"), "550", "5.1.1")
        );
        let Rule::Reply { number, line, held } = told.rule else { panic!("{:?}", told.rule) };
        assert_eq!(line, line_of("[[reply]]", number));
        assert!(!held.is_empty());
        assert_eq!(told.means, "no such mailbox, or it is closed");
        assert_eq!(told.todo, "clean the list of recipients; many at once hurt the reputation");
    }

    #[test]
    fn what_is_told_is_what_counts() {
        let reports = include_str!("../../../tests/data/reasons/reports.tsv");
        let mut told = 0;
        for line in reports.lines().filter(|line| !line.starts_with('#')) {
            let [outcome, class, report] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let text = format!("delivery 12: {outcome}: {report}");
            let tells = Reasons::Shipped.tell(text.as_bytes());
            assert_eq!(tells.is_some(), outcome != "success", "{line}");
            let Some(tells) = tells else { continue };
            let why = Reasons::Shipped.why(report.as_bytes(), Outcome::named(outcome).unwrap()).unwrap();
            assert_eq!((tells.counter, tells.class), (COUNTERS[why.reason].key, class), "{line}");
            assert_eq!(tells.expired, why.expired.is_some(), "{line}");
            assert!(!tells.means.is_empty() && !tells.todo.is_empty(), "{line}");
            told += 1;
        }
        assert!(told > 250, "{told}");
    }

    #[test]
    fn a_table_of_ones_own_is_told_of_as_it_stands() {
        let text = "version = 7\nclass = []\n\n# mine\n[[reply]]\nclass = \"content\"\nphase = [\"rcpt\", \"data\"]\ncode = [\"4\", \"55\"]\nall = [\" odd \", \" weather \"]\n";
        let table: &'static Table = Box::leak(Box::new(Table::parse(text).unwrap()));
        let report =
            "delivery 7: failure: 192.0.2.1_failed_on_DATA_command./Remote_host_said:_354_odd_weather/";
        let told = Reasons::Of(table).tell(report.as_bytes()).unwrap();
        assert_eq!((told.class, &told.rule), ("other", &Rule::None));
        let told = Reasons::Of(table).tell(report.replace("354", "550").as_bytes()).unwrap();
        let held = vec![("code", "55"), ("phase", "data"), ("all", " odd "), ("all", " weather ")];
        assert_eq!((told.class, told.rule), ("content", Rule::Reply { number: 1, line: 5, held }));
        // It says nothing of the class itself.
        assert!(told.means.starts_with("this message was taken for spam"));
        assert_eq!(Reasons::Off.tell(report.as_bytes()), None);
    }

    #[test]
    fn only_what_did_not_succeed_is_told_of() {
        for text in
            ["delivery 7: success: x", "delivery : failure: x", "delivery 7: failure", "new msg 7", ""]
        {
            assert_eq!(Reasons::Shipped.tell(text.as_bytes()), None, "{text}");
        }
        let login = Reasons::Shipped.tell(
            b"delivery 1: failure: Connected_to_192.0.2.1_but_authentication_was_rejected_(x)./Remote_host_said:_535_no/",
        );
        assert_eq!(login.map(|told| (told.class, told.rule)), Some(("policy", Rule::Login)));
        let expired = Reasons::Shipped.tell(
            b"delivery 1.queue5: failure: The_planets./I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./ queue5",
        );
        let expired = expired.unwrap();
        assert_eq!((expired.class, expired.expired, expired.rule), ("other", true, Rule::None));
    }
}
