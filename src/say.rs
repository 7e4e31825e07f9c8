//! What is said on stderr: one line for each thing, once, with nothing in it that a terminal acts on.
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io;

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

/// Where [`warn`] puts a line.
enum Listener {
    /// On stderr, each line only once.
    Stderr {
        /// The lines that were written.
        said: Vec<String>,
    },
    /// Into a value that [`gathered`] hands back.
    Gathered(Vec<String>),
}

thread_local! {
    /// The listeners of this thread, the innermost last. Each lives as long as the call that added it.
    static LISTENERS: RefCell<Vec<Listener>> = const { RefCell::new(Vec::new()) };
}

/// Adds `listener`, calls `run`, and takes the listener away again, also where `run` panics.
fn heard_by<T>(listener: Listener, run: impl FnOnce() -> T) -> (T, Option<Listener>) {
    struct Added;
    impl Drop for Added {
        fn drop(&mut self) {
            LISTENERS.with_borrow_mut(Vec::pop);
        }
    }
    LISTENERS.with_borrow_mut(|all| all.push(listener));
    let added = Added;
    let result = run();
    std::mem::forget(added);
    (result, LISTENERS.with_borrow_mut(Vec::pop))
}

/// Calls `run`, and returns with its result what it warned of. Nothing of that is written to stderr.
pub fn gathered<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    match heard_by(Listener::Gathered(Vec::new()), run) {
        (result, Some(Listener::Gathered(lines))) => (result, lines),
        (result, _) => (result, Vec::new()),
    }
}

/// Calls `run`, and writes each of its warnings to stderr once: what is wrong for many protocols in the same way needs
/// one line.
pub fn each_once<T>(run: impl FnOnce() -> T) -> T {
    heard_by(Listener::Stderr { said: Vec::new() }, run).0
}

/// Says something in one line (see [`masked`]): to the innermost [`gathered`] or [`each_once`] around the call in this
/// thread, and without one on stderr. Never fails: a closed stderr must not stop the mail log.
pub fn warn(text: impl fmt::Display) {
    let text = text.to_string();
    LISTENERS.with_borrow_mut(|all| match all.last_mut() {
        None => write(&masked(&text)),
        Some(Listener::Gathered(lines)) => lines.push(text),
        Some(Listener::Stderr { said }) => {
            let text = masked(&text);
            if !said.iter().any(|line| *line == text) {
                write(&text);
                said.push(text.into_owned());
            }
        }
    });
}

fn write(text: &str) {
    use std::io::Write;
    let _ = writeln!(io::stderr(), "maillogs: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gathered_is_the_innermost_calls_alone_also_after_a_panic() {
        let (inner, outer) = gathered(|| {
            warn("before");
            let (n, inner) = gathered(|| {
                warn("within");
                warn("within");
                7
            });
            assert_eq!(n, 7);
            let thrown = std::panic::catch_unwind(|| gathered(|| std::panic::resume_unwind(Box::new(()))));
            assert!(thrown.is_err());
            warn("after");
            std::thread::Builder::new().spawn(|| warn("in another thread")).unwrap().join().unwrap();
            inner
        });
        assert_eq!(inner, ["within", "within"]);
        assert_eq!(outer, ["before", "after"]);
        each_once(|| assert_eq!(gathered(|| warn("x")).1, ["x"]));
    }

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
