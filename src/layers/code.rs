//! Takes the text of a Rust file apart, as far as the tests of the layers need it.

/// The code of a file: without comments, and apart from its strings.
pub(super) struct Code {
    /// The code line by line, without comments; of each string only the quotes are left.
    pub(super) plain: String,
    /// The contents of the strings, byte strings and raw strings, as they are written, each with the line it begins on.
    pub(super) strings: Vec<(usize, String)>,
}

impl Code {
    pub(super) fn of(text: &str) -> Code {
        let mut code = Code { plain: String::with_capacity(text.len()), strings: Vec::new() };
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let is_new_word = !code.plain.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                || code.plain.ends_with('b') && !code.plain.ends_with("_b");
            let length = match c {
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => {
                    let length = comment(rest);
                    code.plain.extend(rest[..length].chars().filter(|c| *c == '\n'));
                    length
                }
                'r' if is_new_word && raw(rest).is_some() => {
                    let (length, inner) = raw(rest).unwrap_or_default();
                    code.string(inner);
                    length
                }
                '"' => {
                    let inner = &rest[1..];
                    let end = quoted(inner, '"');
                    code.string(&inner[..end]);
                    1 + (end + 1).min(inner.len())
                }
                '\'' => character(rest),
                _ => {
                    code.plain.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        code
    }

    fn string(&mut self, inner: &str) {
        self.strings.push((self.plain.matches('\n').count() + 1, inner.to_owned()));
        self.plain.push('"');
        self.plain.extend(inner.chars().filter(|c| *c == '\n'));
        self.plain.push('"');
    }
}

/// The length of the comment that `text` begins with; comments may stand within it.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let step = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the raw string that `text` begins with, and its content. `None`: it begins with none.
fn raw(text: &str) -> Option<(usize, &str)> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inner = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end)?;
    Some((1 + hashes + 1 + length + end.len(), &inner[..length]))
}

/// Where `end` stands in `text` without a backslash before it.
fn quoted(text: &str, end: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == end => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of the character that `text` begins with (`'x'`), or of the quote alone that begins a lifetime.
fn character(text: &str) -> usize {
    let mut inner = text[1..].chars();
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => 1 + quoted(&text[1..], '\'') + 1,
        (Some(c), Some('\'')) => 1 + c.len_utf8() + 1,
        _ => 1,
    }
}

#[test]
fn comments_strings_and_code_are_told_apart() {
    let code = Code::of(
        "a(\"b // c\\\"\", b\"send\", br#\"\"x\"\"#, 'd', '\"', b'\\'', &'e str); // \"f\"\n/* \"g\"\n/* */ \"h\" */ r\"i\\\" + for\"j\nk\"",
    );
    let strings: Vec<(usize, &str)> =
        code.strings.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(
        strings,
        [(1, "b // c\\\""), (1, "send"), (1, "\"x\""), (3, "i\\"), (3, "j\nk")],
        "{}",
        code.plain
    );
    assert_eq!(code.plain, "a(\"\", b\"\", b\"\", , , b, &e str); \n\n \"\" + for\"\n\"");
}
