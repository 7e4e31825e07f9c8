//! Characters that are written as something else: an address is found only where it is read as what it means.
//!
//! qmail logs `%` and each byte that is no ASCII as `_`, so that `%40` is met as `_40`, and `＠` as `___`.

/// What is written out.
const SPELT_OUT: &[(&str, char)] = &[
    ("＠", '@'),
    ("﹫", '@'),
    ("(at)", '@'),
    ("[at]", '@'),
    ("{at}", '@'),
    ("&#64;", '@'),
    ("&#x40;", '@'),
    ("&commat;", '@'),
    ("．", '.'),
    ("。", '.'),
    ("(dot)", '.'),
    ("[dot]", '.'),
    ("{dot}", '.'),
    ("&#46;", '.'),
];

/// What is read behind `%`, besides what is no ASCII: the characters of addresses. Others stay as they are, since they do not hide
/// any.
const OF_ADDRESSES: &[u8] = b"'+-.:=@_";

/// A text in which blanks are `_`, with characters of addresses in the place of their codes.
pub(super) fn decoded(text: &str) -> String {
    // Behind an `@` a domain is looked for, whose dots may be written like it.
    codes(&codes(text, false), true)
}

/// A text in which blanks are `_`, with `@` and `.` in the place of what is [`SPELT_OUT`].
pub(super) fn with_signs(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_here =
            |word: &str| rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        let may_be = !c.is_ascii() || matches!(c, '(' | '[' | '{' | '&');
        if may_be && let Some((word, meant)) = SPELT_OUT.iter().find(|(word, _)| is_here(word)) {
            left.truncate(left.trim_end_matches('_').len());
            left.push(*meant);
            rest = rest[word.len()..].trim_start_matches('_');
        } else if rest.starts_with("___")
            && left.ends_with(char::is_alphanumeric)
            && begins_domain(&rest[3..])
        {
            left.push('@');
            rest = &rest[3..];
        } else {
            left.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    left
}

/// Reads `%40`, `=40` and `_40`. The last two may be something else, so that what stands around them decides.
fn codes(text: &str, with_at: bool) -> String {
    let bytes = text.as_bytes();
    let mut left: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = code(&bytes[at..]).filter(|(code, length)| match bytes[at] {
            b'%' => OF_ADDRESSES.contains(code) || !code.is_ascii(),
            _ => stands_for(*code, left.last().copied().unwrap_or_default(), &text[at + length..], with_at),
        });
        let (byte, length) = code.unwrap_or((bytes[at], 1));
        left.push(byte);
        at += length;
    }
    String::from_utf8_lossy(&left).into_owned()
}

/// The byte that `%`, `=` or `_` and two digits at the beginning of `bytes` say, and how many bytes that takes. What was encoded
/// twice, `%2540`, is read at once.
fn code(bytes: &[u8]) -> Option<(u8, usize)> {
    matches!(bytes.first()?, b'%' | b'=' | b'_').then_some(())?;
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let code = |at: usize| u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok();
    let twice = || if bytes[1..].starts_with(b"25") { Some((code(3)?, 5)) } else { None };
    twice().or_else(|| Some((code(1)?, 3)))
}

/// Does `=` or `_` with this code stand for the character, between `before` and `rest`?
fn stands_for(code: u8, before: u8, rest: &str, with_at: bool) -> bool {
    let next = rest.bytes().next().unwrap_or_default();
    match code {
        b'.' => before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric(),
        // Within an IPv6 address.
        b':' => {
            let is_next =
                next.is_ascii_hexdigit() || self::code(rest.as_bytes()).is_some_and(|(code, _)| code == b':');
            before == b':' || (before.is_ascii_hexdigit() && is_next)
        }
        b'@' => {
            with_at
                && (before.is_ascii_alphanumeric() || !before.is_ascii() || b"_-+.'".contains(&before))
                && begins_domain(rest)
        }
        _ => false,
    }
}

/// Does a text begin with a name that has a domain?
pub(super) fn begins_domain(text: &str) -> bool {
    let end =
        text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')).unwrap_or(text.len());
    let name = text[..end].trim_end_matches('.').rsplit_once('.');
    name.is_some_and(|(rest, last)| {
        !rest.is_empty() && last.len() > 1 && last.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}
