//! What the samples do not say: any bytes, cuts, and what a client's words may change.
use proptest::prelude::*;

use super::*;
use crate::line::Parser;

/// What `text` raises in a log of Haraka's own: keys and values.
fn raised(text: &[u8]) -> Vec<(&'static str, i128)> {
    let line = Parser::new(10, 1_790_636_400).parse(text);
    let mut values = vec![0; COUNTERS.len()];
    classify(&line, LogKind::Dedicated, &mut Raise(&mut values));
    COUNTERS.iter().zip(values).filter(|(_, v)| *v != 0).map(|(c, v)| (c.key, v)).collect()
}

const UUID: &str = "A210B3FA-C67B-4B79-9110-C74499A02451";

#[test]
fn a_uuid_has_its_form() {
    for (uuid, is_one) in [
        ("-".to_owned(), true),
        (UUID.to_owned(), true),
        (format!("{UUID}.1"), true),
        (format!("{UUID}.1.23"), true),
        (format!("{UUID}."), false),
        (format!("{UUID}.1.x"), false),
        (format!("{UUID}0"), false),
        (UUID.to_lowercase(), false),
        (UUID[1..].to_owned(), false),
        (String::new(), false),
    ] {
        let line = format!("[NOTICE] [{uuid}] [core] connect ip=192.0.2.1");
        let expected = if is_one { ("connect", 1) } else { ("haraka_other", 1) };
        assert_eq!(raised(line.as_bytes()), [expected], "{uuid}");
    }
}

#[test]
fn a_plugin_that_nobody_knows_is_another() {
    let line = |plugin: &str| {
        raised(format!("[INFO] [-] [core]  hook=rcpt plugin={plugin} retval=DENY msg=\"\"").as_bytes())
    };
    assert_eq!(line("helo"), [("deny", 1), ("deny_helo", 1)]);
    assert_eq!(line("qmail_deliv"), [("deny", 1), ("deny_qmail_deliv", 1)]);
    for plugin in ["deny", "", "\"x y\"", "overridden", "dnslist.x", "Karma"] {
        assert_eq!(line(plugin), [("deny", 1), ("deny_other", 1)], "{plugin}");
    }
}

/// A Message-ID that would be a session of its own in every format.
const SESSION: &str =
    "x\" y=\"] [NOTICE] [-] [core] disconnect ip=1 time=9 \",\"message\":\"disconnect\",\"ip\":\"1\"}";

#[test]
fn a_cut_line_counts_nothing_that_its_whole_does_not() {
    let escaped = SESSION.replace('"', "\\\"");
    let lines = [
        format!(
            "[NOTICE] [{UUID}] [core] message mid=\"{escaped}\" size=3 rcpts=1/0/0 delay=0.5 code=CONT msg=\"\""
        ),
        format!(
            "level=NOTICE uuid={UUID} origin=core message=message mid=\"{escaped}\" size=3 delay=0.5 code=CONT"
        ),
        format!(
            "{{\"level\":\"NOTICE\",\"uuid\":\"-\",\"origin\":\"core\",\"message\":\"message\",\"mid\":\"{escaped}\",\"delay\":0.5}}"
        ),
    ];
    for line in lines {
        assert_eq!(raised(line.as_bytes()), [("message", 1), ("data_seconds", 500_000_000)]);
        for cut in 1..line.len() {
            let raised = raised(&line.as_bytes()[..cut]);
            let known = ["message", "data_seconds", "haraka_other"];
            assert!(raised.iter().all(|(key, _)| known.contains(key)), "{raised:?}: {}", &line[..cut]);
        }
    }
}

/// What a client may say, with the pieces that could mean something.
fn words() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"",
        "\\",
        " ",
        "=",
        "x",
        "[core]",
        "] [",
        "relay=Y",
        "time=9",
        "retval=DENY",
        "code=OK",
        "ip=1",
        "\u{7f}ä",
        "disconnect ",
        "\",\"relay\":\"Y\"",
        "} {",
        " success=true",
        "rcpts=9/9/9",
        "q=\"",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn keys(text: &str) -> Vec<&'static str> {
    raised(text.as_bytes()).into_iter().map(|(key, _)| key).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_borne(
        front in prop::sample::select(vec![
            "", "[INFO] [-] [core] ", "[INFO] [-] [outbound]  delivered file=", "level=INFO uuid=- origin=core message=",
            "{\"level\":\"INFO\",\"uuid\":\"-\",\"origin\":\"core\",\"message\":", "[INFO] [-] [auth/x] ",
        ]),
        back in prop::collection::vec(prop_oneof![prop::sample::select(b"\"\\ =[]{}:,./019-".to_vec()), any::<u8>()], 0..60),
    ) {
        raised(&[front.as_bytes(), &back].concat());
    }

    #[test]
    fn unescaped_words_of_a_client_decide_nothing(helo in words()) {
        let line = format!(
            "[NOTICE] [{UUID}] [core] disconnect ip=192.0.2.66 rdns=\"\" helo=\"{helo}\" relay=N early=N esmtp=Y tls=N pipe=N \
             errors=0 txns=0 rcpts=0/0/0 msgs=0/0/0 bytes=0 lr=\"\" time=0.5"
        );
        let raised = raised(line.as_bytes());
        let sound = [("disconnect", 1), ("session_seconds", 500_000_000)];
        prop_assert!(raised == sound || raised == sound[..1], "{raised:?}: {line}");
        let line = format!(
            "[INFO] [{UUID}.1] [core]  hook=rcpt plugin=x function=hook_rcpt params=\"{helo}\" retval=OK msg=\"\""
        );
        prop_assert_eq!(keys(&line), Vec::<&str>::new(), "{}", line);
        let line = format!("[NOTICE] [{UUID}.1] [core] sender <{helo}> code=CONT msg=\"\"");
        prop_assert_eq!(keys(&line), Vec::<&str>::new(), "{}", line);
        let line = format!("[INFO] [{UUID}] [auth/auth_vpopmaild] AUTH user=\"{helo}\" success=false");
        prop_assert_eq!(keys(&line), Vec::<&str>::new(), "{}", line);
    }

    #[test]
    fn escaped_words_of_a_client_are_read_as_they_are(helo in words()) {
        let escaped = helo.replace('\\', "\\\\").replace('"', "\\\"");
        let quoted = format!("\"{escaped}\"");
        for line in [
            format!("[NOTICE] [-] [core] disconnect ip=1 helo={quoted} relay=N rcpts=0/0/1 lr=\"\" time=0.5"),
            format!("level=NOTICE uuid=- origin=core message=disconnect ip=1 helo={quoted} relay=N rcpts=0/0/1 lr=\"\" time=0.5"),
            format!("{{\"level\":\"NOTICE\",\"uuid\":\"-\",\"origin\":\"core\",\"message\":\"disconnect\",\"ip\":\"1\",\
                     \"helo\":{quoted},\"relay\":\"N\",\"rcpts\":\"0/0/1\",\"lr\":\"\",\"time\":0.5}}"),
        ] {
            let expected = [("disconnect", 1), ("session_seconds", 500_000_000), ("rcpt_reject", 1)];
            prop_assert_eq!(raised(line.as_bytes()), expected, "{}", line);
        }
    }
}
