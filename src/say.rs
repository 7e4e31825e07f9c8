//! What is said on stderr: one line for each thing, once, with nothing in it that a terminal acts on.
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `text` as one line that a terminal shows and does not act on: control characters, those that turn the direction of
/// writing, and separators of lines are written as escapes (`\x1b`, `\n`, `\u{202e}`).
///
/// Names of files, arguments, what toaster.conf or a template says and what stands in a log are chosen by others. Whatever
/// is printed for people goes through here: [`warn`], the report of `check`, messages about the command line.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts_on_terminals) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if !acts_on_terminals(c) => shown.push(c),
            c if c.is_ascii() => shown.push_str(&format!("\\x{:02x}", c as u32)),
            c => shown.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(shown)
}

/// Would a terminal move, recolour or reorder something for `c`, or take it for the end of a line?
#[must_use]
pub fn acts_on_terminals(c: char) -> bool {
    // C0, DEL and C1; marks and overrides of the direction; separators of lines and paragraphs.
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines for stderr that are held back, while they are.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says something on stderr, one line (see [`masked`]); after [`hold_warnings`], as soon as they are released. Never fails: a
/// closed stderr must not stop the mail log.
pub fn warn(text: impl fmt::Display) {
    match held().as_mut() {
        Some(lines) => lines.push(text.to_string()),
        None => say(&text.to_string()),
    }
}

/// What was said already: what is wrong for many protocols in the same way needs one line.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn say(text: &str) {
    use std::io::Write;
    let text = masked(text);
    let text = text.as_ref();
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.iter().any(|line| line == text) {
        return;
    }
    said.push(text.to_owned());
    let _ = writeln!(io::stderr(), "maillogs: {text}");
}

/// Keeps warnings until [`release_warnings`]: snmpd's `extend` reads stdout and stderr as one, and takes the
/// first line, which has to be the counters.
pub fn hold_warnings() {
    held().get_or_insert_default();
}

/// What was held back, instead of saying it; from now on everything is said at once.
pub fn take_warnings() -> Vec<String> {
    held().take().into_iter().flatten().collect()
}

/// Says what was held back, and from now on everything at once.
pub fn release_warnings() {
    let lines = held().take();
    lines.into_iter().flatten().for_each(|line| say(&line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        assert!(matches!(masked("/var/log/mail ÄÖ 漢字 📬 a\\b"), Cow::Borrowed(_)));
        for (text, shown) in [
            ("a\u{1b}]0;x\u{7}b", "a\\x1b]0;x\\x07b"),
            ("a\nmaillogs: b\r\t", "a\\nmaillogs: b\\r\\t"),
            ("\u{0}\u{7f}\u{80}\u{9b}31m\u{9f}", "\\x00\\x7f\\u{80}\\u{9b}31m\\u{9f}"),
            ("\u{202a}\u{202e}\u{2066}\u{2069}", "\\u{202a}\\u{202e}\\u{2066}\\u{2069}"),
            ("\u{200e}\u{200f}\u{2028}\u{2029}", "\\u{200e}\\u{200f}\\u{2028}\\u{2029}"),
        ] {
            assert_eq!(masked(text), shown);
        }
        // Every character that Unicode calls a control or a format character of direction, told another way.
        let acts = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| acts_on_terminals(*c)).count();
        assert_eq!(
            acts,
            65 + 1 + 2 + 7 + 4,
            "C0, DEL, C1; the Arabic mark; two marks; 2028 to 202e; isolates"
        );
    }
}
