//! What snmpd's `pass_persist` says, line by line, and what it is answered (snmpd.conf(5)).
//!
//! snmpd waits for an answer to everything that it asks, and for none to anything else: one answer too many, and each later
//! question would get the answer of the one before.
use super::oid::Oid;
use super::table::{Row, Table};

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Get,
    Next,
    Set,
}

/// What the next line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Expected {
    #[default]
    Command,
    Oid(Command),
    NewValue,
}

/// A conversation with snmpd.
#[derive(Debug, Default)]
pub struct Talk(Expected);

impl Talk {
    /// Takes one line, without its newline; `table` is called where the answer is a value. `None`: no answer is expected yet.
    pub fn line<'t>(&mut self, line: &[u8], table: impl FnOnce() -> &'t Table) -> Option<String> {
        let line = line.trim_ascii();
        // One follows the value of a SET.
        if line.is_empty() {
            return None;
        }
        let expected = std::mem::take(&mut self.0);
        if expected == Expected::NewValue {
            return Some("not-writable\n".to_owned());
        }
        let command = match line {
            b"PING" => return Some("PONG\n".to_owned()),
            b"get" => Some(Command::Get),
            b"getnext" => Some(Command::Next),
            b"set" => Some(Command::Set),
            _ => None,
        };
        match (command, expected) {
            (Some(command), _) => self.0 = Expected::Oid(command),
            (None, Expected::Oid(Command::Set)) => self.0 = Expected::NewValue,
            (None, Expected::Oid(command)) => return Some(answer(command, line, table())),
            // Nothing that snmpd asks.
            (None, _) => {}
        }
        None
    }
}

/// The answer to a question for `oid`.
fn answer(command: Command, oid: &[u8], table: &Table) -> String {
    let oid = str::from_utf8(oid).ok().and_then(|oid| oid.parse::<Oid>().ok());
    let found = oid.and_then(|oid| if command == Command::Next { table.next(&oid) } else { table.get(&oid) });
    found.map_or_else(|| "NONE\n".to_owned(), |(oid, value): &Row| format!("{oid}\n{value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::snmp::table::Value;
    use proptest::prelude::*;

    fn said(lines: &[&[u8]]) -> String {
        let oid = |text: &str| text.parse::<Oid>().unwrap();
        let rows =
            vec![(oid("1.5.1"), Value::Counter64(u64::MAX)), (oid("1.5.2"), Value::Text("a b".into()))];
        let table = Table::new(vec![oid("1.5")], rows);
        let mut talk = Talk::default();
        lines.iter().filter_map(|line| talk.line(line, || &table)).collect()
    }

    #[test]
    fn each_question_has_one_answer() {
        assert_eq!(said(&[b"PING"]), "PONG\n");
        assert_eq!(said(&[b"get", b".1.5.1"]), ".1.5.1\ncounter64\n18446744073709551615\n");
        assert_eq!(said(&[b"getnext", b".1.5"]), ".1.5.1\ncounter64\n18446744073709551615\n");
        assert_eq!(said(&[b"getnext", b".1.5.1"]), ".1.5.2\nstring\na b\n");
        assert_eq!(said(&[b"getnext", b".1.5.2"]), "NONE\n");
        assert_eq!(said(&[b"get", b".1.5"]), "NONE\n");
        assert_eq!(said(&[b"get", b"\xff"]), "NONE\n");
        assert_eq!(said(&[b"get", b".1.5.x"]), "NONE\n");
    }

    #[test]
    fn nothing_can_be_set_and_the_conversation_goes_on() {
        let set: [&[u8]; 6] = [b"set", b".1.5.1", b"integer 5", b"", b"get", b".1.5.2"];
        assert_eq!(said(&set), "not-writable\n.1.5.2\nstring\na b\n");
        let named_like_a_command: [&[u8]; 4] = [b"set", b".1.5.1", b"get", b"PING"];
        assert_eq!(said(&named_like_a_command), "not-writable\nPONG\n");
    }

    #[test]
    fn empty_lines_and_nonsense_have_no_answer() {
        assert_eq!(said(&[b"", b"\r", b"PING\r", b"nonsense", b"PING"]), "PONG\nPONG\n");
        assert_eq!(said(&[b"get", b"", b".1.5.2"]), ".1.5.2\nstring\na b\n");
        // A question that is broken off.
        assert_eq!(said(&[b"get", b"getnext", b".1.5.1"]), ".1.5.2\nstring\na b\n");
    }

    /// What was said before: commands, OIDs, and anything.
    fn anything() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let word = prop_oneof![
            Just(b"PING".to_vec()),
            Just(b"get".to_vec()),
            Just(b"getnext".to_vec()),
            Just(b"set".to_vec()),
            Just(Vec::new()),
            "[.0-9]{0,20}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop::collection::vec(word, 0..20)
    }

    proptest! {
        /// Each answer is one that snmpd understands, and the question behind it gets its own.
        #[test]
        fn no_line_breaks_the_conversation(lines in anything()) {
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let answers = said(&lines);
            let mut rest = answers.lines();
            while let Some(line) = rest.next() {
                if !["PONG", "NONE", "not-writable"].contains(&line) {
                    prop_assert!([".1.5.1", ".1.5.2"].contains(&line), "{answers}");
                    prop_assert!(rest.next().is_some() && rest.next().is_some(), "{answers}");
                }
            }
            // One PING may be the value of a SET.
            let behind = [&lines[..], &[b"PING", b"PING"]].concat();
            prop_assert!(said(&behind).ends_with("PONG\n"));
            prop_assert!(said(&behind).starts_with(&answers));
        }
    }
}
