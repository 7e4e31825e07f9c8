//! Addresses of mail and the recipient's name, in a text whose blanks are `_` as qmail logs them: an address may have a `_` of its
//! own, and cannot be told from words any more once they are blanks.
use super::encoded::begins_domain;
use super::hide::MARK;
use super::mark::is_marked;

/// At most this number of words, joined by `_`, is taken for the local part of an address that is not the recipient's.
const MOST_WORDS: usize = 4;

/// The recipient's local part is looked for in this number of parts, and of bytes.
const MOST_PARTS: usize = 8;
const MOST_BYTES: usize = 100;

/// What stands in no local part.
const ENDS: &[char] = &[' ', '<', '>', ',', ';', ':', '(', ')', '"', '[', ']', '{', '}', '/', '\\'];

/// How a sender's address begins that was rewritten so that it holds another one, and has no `@` for that.
const REWRITTEN: &[&str] =
    &["srs0=", "srs0+", "srs0-", "srs1=", "srs1+", "srs1-", "prvs=", "msprvs1=", "btv1=="];

/// Words of replies, which say nothing of anybody: before an address they are no part of it. First names are none of them.
const WORDS: &str = " \
    a about accept accepted access account address addresses administrator after again alias all allowed also an and \
    another any are as assistance at authenticated authorised authorized be because been belong belongs blocked bounce \
    bounced by can cannot check checks client contact content could deferred deliver delivered delivering delivery denied \
    detail details disabled discarded does doesn't domain don't email email-address envelope error exceeded exist exists \
    expired failed failure filter filters find for forward forwarded forwarding found from full gateway greylisted group \
    has have header headers help here host identity if in inactive information into invalid is isn't it its known limit \
    list listed local longer lookup loop looping mail mailbox mailboxes mailfrom mailgateway match matches maximum me \
    message messages more must my name named network no not number of off on only or our out over own owned owner owns path \
    permanent permanently permitted please policy queue queued quota rcpt reached receive received recipient recipients \
    recognise recognize recognized refused rejected relay relaying remote reply report reported reports request requested \
    requests return returned reverse-path rule said see send sender senders sending sent server service should site size so \
    spam storage subject such support suspended system temporarily temporary that the their them there these this those to \
    too try unable unavailable undeliverable unknown unrouteable use used user users using valid verification verify via \
    visit was we what when where which while who with would write you your ";

/// Is it a word of replies?
fn is_known(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    !word.is_empty() && !word.contains(' ') && WORDS.contains(&format!(" {word} "))
}

/// Without what has an `@`, and without addresses within a rewritten one.
pub(super) fn without_addresses(text: &str, recipient: u32) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        left += &rest[..at];
        let behind = &rest[at + 1..];
        let domain = behind.trim_start_matches('_');
        let is_apart = domain.len() < behind.len();
        left.truncate(begin_of_address(&left, recipient));
        // What would have no end.
        left.truncate(left.trim_end_matches(['(', '[', '{', '"', '\'']).len());
        left += MARK;
        rest = if is_apart && !begins_domain(domain) { behind } else { domain };
        rest = &rest[rest.find(['_', ' ', '<', '>']).unwrap_or(rest.len())..];
    }
    without_rewritten(&(left + rest))
}

/// Where the address begins whose local part ends with `left`.
fn begin_of_address(left: &str, recipient: u32) -> usize {
    if let Some(quoted) = left.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(quoted.len());
    }
    let begin = left.rfind(ENDS).map_or(0, |at| at + 1);
    let run = &left[begin..];
    begin + begin_of_recipient(run, recipient).unwrap_or_else(|| begin_of_local_part(run))
}

/// Where the recipient's local part begins that `run` ends with.
fn begin_of_recipient(run: &str, recipient: u32) -> Option<usize> {
    let is_begin = |at: &usize| *at == 0 || run[..*at].ends_with(['_', '=', '\'']);
    let begins = run.char_indices().map(|(at, _)| at).filter(is_begin);
    begins.filter(|at| run.len() - at <= MOST_BYTES).find(|at| is_marked(recipient, &run.as_bytes()[*at..]))
}

/// Where a local part begins that `run` ends with: rather a word too much than a name, but no codes, no sentence before it, and no
/// words of replies.
fn begin_of_local_part(run: &str) -> usize {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut end = run.len();
    while words.len() < MOST_WORDS {
        let begin = run[..end].rfind('_').map_or(0, |at| at + 1);
        let word = &run[begin..end];
        let is_code = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'#'));
        if !words.is_empty()
            && !word.is_empty()
            && (is_code || word.ends_with(['.', '!', '?']) || word.contains(MARK))
        {
            break;
        }
        if !word.is_empty() {
            words.push((begin, word));
        }
        if begin == 0 {
            break;
        }
        end = begin - 1;
    }
    // What stands right before the `@` belongs to it, whatever it is.
    let sure = usize::from(!run.ends_with('_'));
    while words.len() > sure && words.last().is_some_and(|(_, word)| is_known(word)) {
        words.pop();
    }
    words.last().map_or(run.len(), |(begin, _)| *begin)
}

/// Without what holds an address that has lost its `@`: `SRS0=…=example.com=joe`, `bounce+joe=example.com`.
fn without_rewritten(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    // Does a name perhaps go on, behind a `_` of its own?
    let mut goes_on = false;
    for (number, word) in text.split('_').enumerate() {
        if number > 0 {
            left.push('_');
        }
        if let Some(at) = rewritten(word) {
            left += &word[..at];
            left += MARK;
            goes_on = word.ends_with(char::is_alphanumeric);
            continue;
        }
        let is_name = goes_on && word.starts_with(char::is_alphanumeric) && !is_known(word);
        left += if is_name { MARK } else { word };
        goes_on = goes_on && word.is_empty();
    }
    left
}

/// Where a rewritten address begins in a word.
fn rewritten(word: &str) -> Option<usize> {
    // All of them have one.
    word.find('=')?;
    let lower = word.to_ascii_lowercase();
    let tag = REWRITTEN.iter().filter_map(|tag| lower.find(tag)).min();
    let verp = || {
        let equals = word.match_indices('=').map(|(at, _)| at).find(|at| begins_domain(&word[at + 1..]))?;
        let begin = word[..equals].rfind(ENDS).map_or(0, |at| at + 1);
        word[begin..equals].contains(['+', '-']).then_some(begin)
    };
    tag.or_else(verp)
}

/// Without the recipient's local part, where it begins and ends as a word does; also where blanks stand for its dots.
pub(super) fn without_recipient(text: &str, recipient: u32) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let is_begin = !text[..at].ends_with(char::is_alphanumeric) && !is_joined(text[..at].chars().rev());
        match if is_begin && recipient != 0 { recipient_at(&text[at..], recipient) } else { None } {
            Some(length) => {
                left += MARK;
                at += length;
                // What ends a sentence goes with it.
                at += text[at..].bytes().take_while(|b| *b == b'.').count();
            }
            None => {
                left.push(c);
                at += c.len_utf8();
            }
        }
    }
    left
}

/// Does a dot follow that joins a word to another one? Then both are a name of their own: `joe.doe` is not `joe`.
fn is_joined(mut rest: impl Iterator<Item = char>) -> bool {
    rest.next() == Some('.') && rest.next().is_some_and(char::is_alphanumeric)
}

/// The length of the recipient's local part that `text` begins with.
fn recipient_at(text: &str, recipient: u32) -> Option<usize> {
    let (mut found, mut parts, mut was_word) = (None, 0, false);
    for (at, c) in text.char_indices() {
        let is_word = c.is_alphanumeric();
        parts += usize::from(is_word && !was_word);
        was_word = is_word;
        if ENDS.contains(&c) || c == '@' || MARK.contains(c) || parts > MOST_PARTS || at > MOST_BYTES {
            break;
        }
        let (name, rest) = text.split_at(at + c.len_utf8());
        if parts == 0 || rest.starts_with(char::is_alphanumeric) || is_joined(rest.chars()) {
            continue;
        }
        let has_dots =
            || parts < 4 && name.contains('_') && is_marked(recipient, name.replace('_', ".").as_bytes());
        // That a word of replies is somebody's name does not show.
        if (is_marked(recipient, name.as_bytes()) || has_dots()) && !is_known(name) {
            found = Some(name.len());
        }
    }
    found
}
