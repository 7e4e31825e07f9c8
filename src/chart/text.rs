//! Text that a template, a configuration or a host brings is data; librrd would read parts of it.

/// The width of `text` in columns of a fixed-width font: East Asian and emoji characters take two.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match c as u32 {
            0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
            0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
            // Symbols that are shown as emoji (Unicode, Emoji_Presentation).
            0x231a..=0x231b | 0x23e9..=0x23f3 | 0x25fd..=0x25fe | 0x2614..=0x2615 | 0x2648..=0x2653 => 2,
            0x267f | 0x2693 | 0x26a1 | 0x26aa..=0x26ab | 0x26bd..=0x26be | 0x26c4..=0x26c5 | 0x26ce => 2,
            0x26d4 | 0x26ea | 0x26f2..=0x26f5 | 0x26fa | 0x26fd | 0x2705 | 0x270a..=0x270b | 0x2728 => 2,
            0x274c | 0x274e | 0x2753..=0x2755 | 0x2757 | 0x2795..=0x2797 | 0x27b0 | 0x27bf => 2,
            0x2b1b..=0x2b1c | 0x2b50 | 0x2b55 => 2,
            0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

/// `text` as one line without anything that librrd or a terminal would act on. A backslash would
/// begin one of librrd's control codes (`\l`, `\t`): it is drawn as the set minus, which looks the
/// same.
pub(crate) fn plain(text: &str) -> String {
    // Nearly all texts.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\') {
        return text.to_owned();
    }
    text.chars()
        .filter_map(|c| match c {
            '\\' => Some('\u{2216}'),
            '\t' | '\n' => Some(' '),
            // Directional overrides would turn the rest of the row around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// At most `columns` columns of `text`, with `…` for what is left out.
pub(crate) fn truncate(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&kept) + width(c.encode_utf8(&mut [0; 4])) >= columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// `text` filled with spaces on the right up to `columns`.
pub(crate) fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` filled with spaces on the left up to `columns`.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A piece of foreign text for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    truncate(&plain(text), 40)
}

/// `text` as the legend of an element of a graph. `legend=` keeps librrd from reading `stack=1` or
/// `color=…` in it as options; a colon would end it.
pub(crate) fn legend(text: &str) -> String {
    format!("legend={}", plain(text).replace(':', "\\:"))
}

/// A file's path as `DEF` reads it: only a colon is escaped, a backslash before anything else is one.
pub(crate) fn path(path: &str) -> String {
    path.replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_for_librrd_to_act_on() {
        assert_eq!(legend("a:b"), "legend=a\\:b");
        assert_eq!(legend("stack=1"), "legend=stack=1");
        assert_eq!(legend("%n \\l"), "legend=%n ∖l");
        assert_eq!(legend("a\nb\u{7}\u{202e}c\0"), "legend=a bc");
        assert_eq!(legend("end\\"), "legend=end∖");
    }

    #[test]
    fn columns_are_counted_not_bytes() {
        assert_eq!(width("äöü"), 3);
        assert_eq!(width("📬"), 2);
        assert_eq!(width("漢字"), 4);
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("漢字漢字", 4), "漢…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(pad_left("é", 3), "  é");
        assert_eq!(pad_right("é", 3), "é  ");
    }

    #[test]
    fn paths_keep_their_colons_and_backslashes() {
        assert_eq!(path("/var/a:b/c\\d"), "/var/a\\:b/c\\d");
    }
}
