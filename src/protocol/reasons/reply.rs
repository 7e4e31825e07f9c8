//! The reply of another server, made comparable: its code, its enhanced status, and its words without those that a client
//! chose.

/// At most this number of bytes of a reply is read.
const MOST: usize = 2048;

/// A reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits, or nothing.
    pub(super) code: String,
    /// `5.7.1`, or nothing.
    pub(super) status: String,
    /// Its words in lower case, one blank before and behind each of them. It holds letters, digits and `.'/:#=?&+-` only.
    pub(super) words: String,
}

impl Reply {
    /// Reads a reply as qmail-send logs it.
    pub(super) fn of(reply: &[u8]) -> Reply {
        let text: String =
            reply.iter().take(MOST).map(|&b| if b.is_ascii() { char::from(b) } else { '_' }).collect();
        let has_code = text.len() >= 3 && text.bytes().take(3).all(|b| b.is_ascii_digit());
        let (code, rest) = if has_code { text.split_at(3) } else { ("", text.as_str()) };
        let status = status_of(rest);
        let joined = joined(rest, code).replace('_', " ").to_ascii_lowercase();
        Reply { code: code.to_owned(), status, words: words(&without_clients_words(&joined, None)) }
    }
}

/// A reply as it is logged, but in lower case and without what a client chose.
pub(super) fn of_the_server(reply: &[u8]) -> String {
    let text =
        String::from_utf8_lossy(&reply[..reply.len().min(MOST)]).replace('_', " ").to_ascii_lowercase();
    without_clients_words(&text, None).replace(' ', "_")
}

/// A reply for people, with its lines in one and its blanks as they are logged.
pub(super) fn for_people(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(&reply[..reply.len().min(MOST)]);
    let is_code = |(at, b): (usize, u8)| {
        if at < 3 { b.is_ascii_digit() } else { matches!(b, b'-' | b'_' | b'#' | b'/') }
    };
    let has_code = text.len() >= 3 && text.bytes().enumerate().take(4).all(is_code);
    let (code, rest) = if has_code { text.split_at(3) } else { ("", &*text) };
    let separator = if code.is_empty() || rest.is_empty() { "" } else { "_" };
    format!("{code}{separator}{}", joined(rest, code))
}

/// The enhanced status right behind the code, also behind `#`; else the last one in brackets, `(#5.7.1)`.
fn status_of(rest: &str) -> String {
    let first = rest.trim_start_matches(['-', '_']).trim_start_matches('#');
    if let Some(length) = status(first) {
        return first[..length].to_owned();
    }
    let last = rest.rmatch_indices("(#").find_map(|(at, _)| {
        let inner = &rest[at + 2..];
        let length = status(inner)?;
        inner[length..].starts_with(')').then(|| inner[..length].to_owned())
    });
    last.unwrap_or_default()
}

/// The length of the enhanced status that a text begins with: `D.D.D`, the last two of one to three digits.
fn status(text: &str) -> Option<usize> {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let mut at = 0;
    for most in [1, 3, 3] {
        if at > 0 {
            at += text[at..].starts_with('.').then_some(1)?;
        }
        let number = digits(at);
        if number == 0 || number > most {
            return None;
        }
        at += number;
    }
    Some(at)
}

/// The lines of a reply in one: `/550-` and `/550_` become a blank. A `/` of the text stays.
fn joined(rest: &str, code: &str) -> String {
    if code.is_empty() {
        return rest.to_owned();
    }
    let (mut joined, begin) = (String::with_capacity(rest.len()), format!("/{code}"));
    let mut lines = rest.split(&begin);
    let text = |line: &'_ str| line.strip_prefix(['-', '_']).map(str::to_owned);
    let first = lines.next().unwrap_or_default();
    joined += text(first).as_deref().unwrap_or(first);
    for line in lines {
        match text(line) {
            Some(text) => {
                joined.push('_');
                joined += &text;
            }
            None if line.is_empty() => {}
            None => {
                joined.push('/');
                joined += code;
                joined += line;
            }
        }
    }
    joined
}

/// Without what clients choose: `"…"@…`, `<…>` unless it begins as an address of the web, every word with `@`. `mark` stands in
/// the place of each of them, if people are to see that something is left out.
pub(super) fn without_clients_words(text: &str, mark: Option<&str>) -> String {
    let is_web =
        |from: &str| from.as_bytes().get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"<http"));
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    // Behind the last of these nothing is searched for: a reply of nothing but quotation marks would take long.
    let (last_quote, last_bracket) = (text.rfind("\"@"), text.rfind('>'));
    let is_before = |rest: &str, last: Option<usize>| last.is_some_and(|last| text.len() - rest.len() < last);
    while let Some(at) = rest.find(['"', '<']) {
        let (before, from) = rest.split_at(at);
        left += before;
        let end = match from.strip_prefix('"') {
            // An address with a quoted local part, to the end of its domain.
            Some(quoted) if is_before(from, last_quote) => quoted.find("\"@").map(|quote| {
                let domain = quote + 3;
                domain + from[domain..].find([' ', '>']).unwrap_or(from.len() - domain)
            }),
            None if is_before(from, last_bracket) && !is_web(from) => from.find('>').map(|end| end + 1),
            _ => None,
        };
        match end {
            Some(end) => {
                left += mark.unwrap_or(" ");
                rest = &from[end..];
            }
            None => {
                left += if mark.is_some() { &from[..1] } else { " " };
                rest = &from[1..];
            }
        }
    }
    left += rest;
    let kept = left.split(' ').filter_map(|word| if word.contains('@') { mark } else { Some(word) });
    kept.collect::<Vec<_>>().join(" ")
}

/// One blank before and behind each word, without enhanced codes, and without full stops and colons at a word's ends.
fn words(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || ".'/:#=?&+-".contains(c);
    let mut words = String::from(" ");
    for word in text.split(|c| !kept(c)) {
        let word = word.trim_matches(['.', ':']);
        let is_status = status(word.trim_start_matches('#')) == Some(word.trim_start_matches('#').len());
        if !word.is_empty() && !is_status {
            words += word;
            words.push(' ');
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(reply: &str) -> (String, String, String) {
        let Reply { code, status, words } = Reply::of(reply.as_bytes());
        (code, status, words)
    }

    #[test]
    fn code_status_and_words() {
        for (reply, code, status, words) in [
            (
                "550-5.7.1_You_are/550-5.7.1_blocked./550_5.7.1__See_https://a.example/x?y=1",
                "550",
                "5.7.1",
                " you are blocked see https://a.example/x?y=1 ",
            ),
            ("550_#5.1.0_Address_rejected.", "550", "5.1.0", " address rejected "),
            ("451_Try_later_(#4.7.1)", "451", "4.7.1", " try later "),
            ("421_Too_many:_a/b", "421", "", " too many a/b "),
            ("554_5.7.1234_x", "554", "", " 5.7.1234 x "),
            ("hello", "", "", " hello "),
            ("", "", "", " "),
            ("55", "", "", " 55 "),
        ] {
            assert_eq!(of(reply), (code.to_owned(), status.to_owned(), words.to_owned()), "{reply}");
        }
    }

    #[test]
    fn what_a_client_chose_is_left_out() {
        for reply in [
            "550_5.1.1_<spamhaus.dmarc.over-quota@example.org>:_User_unknown",
            "550_5.1.1_spamhaus@example.org:_User_unknown",
            "550_5.1.1_\"dmarc_over_quota\"@spamhaus.org_User_unknown",
            "550_5.1.1_<\"greylist_spf\"@example.org>_User_unknown",
            "550_5.1.1_<helo.of.spamhaus.org>_User_unknown",
        ] {
            assert_eq!(of(reply).2, " user unknown ", "{reply}");
        }
        assert_eq!(
            of("550_blocked,_see_<https://www.spamhaus.org/x>").2,
            " blocked see https://www.spamhaus.org/x "
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(reply in proptest::collection::vec(any::<u8>(), 0..400), code in 0u16..1000) {
            for reply in [reply.clone(), [format!("{code:03}").into_bytes(), reply].concat()] {
                let read = Reply::of(&reply);
                prop_assert!(read.words.starts_with(' ') && read.words.ends_with(' '));
                prop_assert!(!read.words.contains("  ") && !read.words.contains('@') && !read.words.contains('<'));
            }
        }
    }
}
