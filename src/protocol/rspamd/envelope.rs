//! What rspamd puts around each of its messages, in a file, on a console and as JSON.
use std::borrow::Cow;

use serde::Deserialize;

use super::super::scan::bytes;

/// A message, and who says it.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub module: Cow<'a, [u8]>,
    pub function: Cow<'a, [u8]>,
    pub message: Cow<'a, [u8]>,
    /// Did its form tell that it is rspamd's?
    pub is_placed: bool,
    /// Is the end of it known to be missing?
    pub is_cut: bool,
}

/// `text` taken apart. `None`: it is nothing that rspamd writes.
pub(super) fn record(text: &[u8]) -> Option<Record<'_>> {
    if text.starts_with(b"{\"ts\": ") {
        return Some(json(text)?.record());
    }
    let text = severity(text);
    let (text, has_worker) = worker(text).map_or((text, false), |text| (text, true));
    let (module, rest) = module(text).map_or((&b""[..], text), |found| found);
    let is_placed = has_worker && !module.is_empty();
    let (function, message) = rest.split_at_checked(function(rest)?)?;
    let message = Cow::Borrowed(message.strip_prefix(b": ")?);
    let (module, function) = (Cow::Borrowed(module), Cow::Borrowed(function));
    Some(Record { module, function, message, is_placed, is_cut: false })
}

/// What follows `[notice] `.
fn severity(text: &[u8]) -> &[u8] {
    let Some(inner) = text.strip_prefix(b"[") else { return text };
    let len = inner.iter().take_while(|b| b.is_ascii_lowercase()).count();
    inner.get(len..).and_then(|rest| rest.strip_prefix(b"] ")).unwrap_or(text)
}

/// What follows `#PID(WORKER) ` or `(WORKER) `.
fn worker(text: &[u8]) -> Option<&[u8]> {
    let rest = match text.strip_prefix(b"#") {
        Some(pid) => &pid[pid.iter().take_while(|b| b.is_ascii_digit()).count()..],
        None => text,
    };
    let name = rest.strip_prefix(b"(")?;
    let len = name.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    name[len..].strip_prefix(b") ")
}

/// `<ID>; MODULE; `: the module, and what follows. What Lua says while rspamd starts has no ID.
fn module(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const LUA: &[u8] = b"lua; ";
    if let Some(rest) = text.strip_prefix(LUA) {
        return Some((b"lua", rest));
    }
    let id = text.strip_prefix(b"<")?;
    let len = id.iter().take(64).take_while(|b| b.is_ascii_alphanumeric()).count();
    let module = id[len..].strip_prefix(b">; ")?;
    let len = module.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let (module, rest) = module.split_at(len);
    Some((module, rest.strip_prefix(b"; ")?))
}

/// How long `FUNCTION`, or `FILE:LINE` of Lua, is.
fn function(text: &[u8]) -> Option<usize> {
    let within = |text: &[u8]| text.iter().take(100).position(|b| matches!(b, b':' | b' '));
    let name = within(text)?;
    let line = text[name..].strip_prefix(b":").filter(|line| line.first().is_some_and(u8::is_ascii_digit));
    match line {
        Some(line) => Some(name + 1 + within(line)?),
        None => Some(name),
    }
}

/// The members of an object that are read. Before the message all of them are rspamd's own words.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow, default)]
    module: Cow<'a, str>,
    #[serde(borrow, default)]
    function: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(skip)]
    is_cut: bool,
}

impl<'a> Object<'a> {
    fn record(self) -> Record<'a> {
        Record {
            module: bytes(self.module),
            function: bytes(self.function),
            message: bytes(self.message),
            is_placed: true,
            is_cut: self.is_cut,
        }
    }
}

/// An object, whole or cut off within its message.
fn json(text: &[u8]) -> Option<Object<'_>> {
    if let Ok(object) = serde_json::from_slice(text) {
        return Some(object);
    }
    // A message may hold bytes that are no UTF-8.
    let text = String::from_utf8_lossy(text);
    if let Cow::Owned(text) = &text
        && let Ok(object) = serde_json::from_str::<Object<'_>>(text)
    {
        return Some(object.into_owned());
    }
    cut(&text)
}

/// The beginning of an object: its message is closed where the text ends, or a few bytes before it, within an escape.
fn cut(text: &str) -> Option<Object<'static>> {
    const MESSAGE: &str = "\"message\": \"";
    /// The longest escape has six bytes, and those of a pair twelve.
    const ESCAPE: usize = 12;
    let begin = text.find(MESSAGE)? + MESSAGE.len();
    (0..=ESCAPE.min(text.len() - begin)).find_map(|less| {
        let end = text.len() - less;
        let whole = format!("{}\"}}", text.get(..end)?);
        let object = serde_json::from_str::<Object<'_>>(&whole).ok()?;
        Some(Object { is_cut: true, ..object.into_owned() })
    })
}

impl Object<'_> {
    fn into_owned(self) -> Object<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let Object { module, function, message, is_cut } = self;
        Object { module: owned(module), function: owned(function), message: owned(message), is_cut }
    }
}
