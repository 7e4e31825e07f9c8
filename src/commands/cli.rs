//! The command line: words only, no look at the world.
//!
//! One definition feeds the parser, the help and the usage. argv\[0\] chooses a processor.
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::context::strings;
use super::graph::{self, Graph};
use super::show::{self, Show};
use crate::protocol::{CounterKind, Processor, Protocol};
use crate::say::masked;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Be a logger's processor, by its name (`sendlog` …).
    Process {
        /// The name of the processor.
        log: String,
        /// Count the input even if it is known.
        force: bool,
    },
    /// Print a protocol's counters.
    Query {
        /// The protocol.
        protocol: String,
    },
    /// Read every source and commit.
    Update {
        /// Empty: all.
        protocols: Vec<String>,
        /// Write all minutes that are over to the RRDs.
        flush: bool,
    },
    /// Draw.
    Graph(Graph),
    /// Draw in the terminal.
    Show(Show),
    /// Check whether all is well.
    Check {
        /// As JSON.
        json: bool,
    },
    /// Print what of toaster.conf is in force.
    Config {
        /// Print the file as TOML instead.
        toml: bool,
    },
}

/// A command line that was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `-v`.
    pub verbose: bool,
    /// What to do.
    pub action: Action,
}

/// The definition of every command and option, when there are these `protocols`.
pub fn command(protocols: &[&'static Protocol]) -> Command {
    let mut command = Command::new("maillogs")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Counts what a mail server does: exact counters, RRDs and graphs from the logs of qmail.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_help_heading("Protocols and commands")
        .after_help("As multilog's processor: multilog t n288 s1000000 '!exec /usr/local/bin/sendlog' /var/log/mail/send")
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .global(true)
                .value_parser(value_parser!(PathBuf))
                .help("Read this toaster.conf instead of the first that is found"),
        )
        .arg(Arg::new("verbose").short('v').long("verbose").global(true).action(ArgAction::SetTrue).help("Say more on stderr"))
        .arg(
            Arg::new("reset")
                .short('r')
                .global(true)
                .hide(true)
                .action(ArgAction::SetTrue)
                .help("Accepted for the Perl maillogs' sake; does nothing"),
        );
    for protocol in protocols {
        command = command.subcommand(
            Command::new(protocol.name)
                .about(format!("Print the counters: {}", masked(protocol.about)))
                .after_help(counter_help(protocol)),
        );
    }
    command
        .subcommand(
            Command::new("update")
                .about("Count what is new, also what a logger that died has left, and write complete minutes to the RRDs (cron)")
                .arg(
                    Arg::new("protocol")
                        .num_args(0..)
                        .value_parser(PossibleValuesParser::new(protocols.iter().map(|p| p.name)))
                        .help("Only these protocols; without any, all of them"),
                )
                .arg(Arg::new("flush").long("flush").action(ArgAction::SetTrue).help("Write all minutes that are over to the RRDs, without waiting for late lines")),
        )
        .subcommand(graph::definition())
        .subcommand(show::definition())
        .subcommand(
            Command::new("check")
                .about("Check whether all is well: configuration, rights, sources, reading positions, databases; exit 0 or 1")
                .arg(
                    Arg::new("format")
                        .long("format")
                        .default_value("text")
                        .value_parser(PossibleValuesParser::new(["text", "json"]))
                        .help("How to print what was found"),
                ),
        )
        .subcommand(
            Command::new("config").about("Print the settings that are in force, and where each of them comes from").arg(
                Arg::new("toml").long("toml").action(ArgAction::SetTrue).help("Print toaster.conf converted to TOML"),
            ),
        )
        .subcommands(protocols.iter().filter_map(|p| p.processor).map(process))
}

fn process(processor: Processor) -> Command {
    // Those of toaster.conf's protocols are not in the usage.
    Command::new(processor.name).about(processor.about).hide(processor.directories.is_none()).arg(
        Arg::new("force")
            .long("force")
            .action(ArgAction::SetTrue)
            .help("Count the input even if its content was counted before"),
    )
}

/// A protocol's keys with what each means, a line each or more, below each other.
fn counter_help(protocol: &Protocol) -> String {
    /// Columns, as clap has them.
    const WIDTH: usize = 100;
    let longest = protocol.counters.iter().map(|c| c.key.len()).max().unwrap_or(0);
    let mut text = String::from("Keys:");
    for counter in protocol.counters {
        let kind = match counter.kind {
            CounterKind::Count => "",
            CounterKind::Sum => " (sum)",
            CounterKind::Net => " (sum; may fall)",
            CounterKind::Peak | CounterKind::Level => " (gauge)",
            CounterKind::Derived(_) => " (computed from others)",
        };
        text += &format!("\n  {:longest$} ", counter.key);
        let mut column = longest + 3;
        for word in format!("{}{kind}", masked(counter.help)).split(' ') {
            let wide = word.chars().count();
            if column + 1 + wide > WIDTH {
                text += &format!("\n{:column$}", "", column = longest + 3);
                column = longest + 3;
            }
            text += &format!(" {word}");
            column += 1 + wide;
        }
    }
    text
}

/// The processor that we were called as, if the file name of argv\[0\] is the name of one.
pub fn known_processor(argv0: &Path, protocols: &[&'static Protocol]) -> Option<String> {
    let name = argv0.file_name()?;
    processors(protocols).find(|log| name == log.as_str())
}

/// The names of all processors: those of qmail's loggers, then those of toaster.conf's protocols.
fn processors(protocols: &[&'static Protocol]) -> impl Iterator<Item = String> {
    protocols.iter().filter_map(|p| p.processor).map(|processor| processor.name.to_owned())
}

/// Understands a command line, argv\[0\] included, when there are these `protocols`.
///
/// # Errors
/// clap's own, worded for the user. A processor ignores words that it does not understand, because the mail log must
/// not stop for a typo. A word that may have been meant to name a configuration is an error all the same.
pub fn parse(args: &[OsString], protocols: &[&'static Protocol]) -> Result<Call, clap::Error> {
    let me = args.first().and_then(|a| known_processor(Path::new(a), protocols));
    let words: Vec<OsString> = match me {
        Some(log) => {
            ["maillogs".into(), log.into()].into_iter().chain(args.iter().skip(1).cloned()).collect()
        }
        None => args.to_vec(),
    };
    let named = words.get(1).and_then(|w| processors(protocols).find(|log| w.as_os_str() == log.as_str()));
    match (command(protocols).try_get_matches_from(&words), named) {
        (Ok(matches), _) => Ok(understand(&matches, protocols)),
        (Err(e), _) if !e.use_stderr() => Err(e),
        (Err(e), Some(log)) => {
            let config = config_of(args);
            if config.is_none() && args.iter().skip(1).any(|word| may_mean_config(word)) {
                return Err(e);
            }
            crate::say::warn(e.to_string().lines().next().unwrap_or_default());
            let action = Action::Process { log, force: false };
            Ok(Call { config, verbose: false, action })
        }
        (Err(e), None) => Err(e),
    }
}

/// `--config` without a file, `--conf`, `-c`: without it another store would be written.
fn may_mean_config(word: &OsStr) -> bool {
    [&b"--c"[..], b"-c"].iter().any(|start| word.as_bytes().starts_with(start))
}

/// The file name of argv\[0\], if it may be that of a processor.
pub fn possible_processor(args: &[OsString]) -> Option<String> {
    let me = Path::new(args.first()?).file_name()?.to_str()?;
    (me.ends_with("log") && me != "maillogs").then(|| me.to_owned())
}

/// Is this command line a processor's, of a protocol that only toaster.conf may define? By the name it was called by,
/// or by its first word.
pub fn may_be_processor(args: &[OsString]) -> bool {
    let is_log = |word: &OsStr| word.as_bytes().ends_with(b"log") && word != "maillogs";
    let me = args.first().and_then(|me| Path::new(me).file_name());
    let mut words = args.iter().skip(1).map(OsString::as_os_str);
    let mut first = None;
    while let Some(word) = words.next() {
        if word == "--config" {
            words.next();
        } else if !word.as_bytes().starts_with(b"-") {
            first = Some(word);
            break;
        }
    }
    me.into_iter().chain(first).any(is_log)
}

/// The `--config` of a command line that may hold words we do not know, or ask for help.
pub fn config_of(args: &[OsString]) -> Option<PathBuf> {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(file) = word.as_bytes().strip_prefix(b"--config=") {
            return Some(PathBuf::from(OsStr::from_bytes(file)));
        }
    }
    None
}

fn understand(matches: &ArgMatches, protocols: &[&'static Protocol]) -> Call {
    let action = match matches.subcommand() {
        Some((log, m)) if processors(protocols).any(|name| name == log) => {
            Action::Process { log: log.to_owned(), force: m.get_flag("force") }
        }
        Some(("update", m)) => {
            Action::Update { protocols: strings(m, "protocol"), flush: m.get_flag("flush") }
        }
        Some(("graph", m)) => Action::Graph(Graph::of(m)),
        Some(("show", m)) => Action::Show(Show::of(m)),
        Some(("check", m)) => {
            Action::Check { json: m.get_one::<String>("format").is_some_and(|f| f == "json") }
        }
        Some(("config", m)) => Action::Config { toml: m.get_flag("toml") },
        other => Action::Query { protocol: other.map(|(name, _)| name.to_owned()).unwrap_or_default() },
    };
    Call {
        config: matches.get_one::<PathBuf>("config").cloned(),
        verbose: matches.get_flag("verbose"),
        action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Settings, builtin, shipped};

    fn call(words: &[&str]) -> Result<Call, clap::Error> {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        parse(&words, &builtin(&Settings::default()))
    }

    #[test]
    fn the_definition_is_sound() {
        command(&builtin(&Settings::default())).debug_assert();
    }

    #[test]
    fn the_help_of_a_protocol_tells_of_every_key() {
        for protocol in builtin(&Settings::default()) {
            let help = call(&["maillogs", protocol.name, "--help"]).unwrap_err().to_string();
            let lines: Vec<&str> = help.lines().skip_while(|line| *line != "Keys:").skip(1).collect();
            let keys: Vec<&str> = lines
                .iter()
                .filter(|l| !l.starts_with("    "))
                .filter_map(|l| l.split_whitespace().next())
                .collect();
            assert_eq!(keys, protocol.counters.iter().map(|c| c.key).collect::<Vec<_>>());
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
            let told = words(&help);
            for counter in protocol.counters {
                assert!(
                    told.contains(&words(&format!("{} {}", counter.key, counter.help))),
                    "{}",
                    counter.key
                );
            }
            // All texts begin in one column, also where they go on in a line of their own.
            let column = 4 + protocol.counters.iter().map(|c| c.key.len()).max().unwrap();
            for line in lines.iter().filter(|line| !line.is_empty()) {
                assert!(
                    line.len() <= 100
                        && line.as_bytes()[column - 1] == b' '
                        && line.as_bytes()[column] != b' ',
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn the_help_says_which_keys_do_not_only_grow() {
        let help = call(&["maillogs", "send", "--help"]).unwrap_err().to_string();
        let line = |key: &str| {
            help.lines().find(|l| l.trim_start().starts_with(&format!("{key} "))).unwrap().to_owned()
        };
        assert!(line("peak_remote").ends_with(" (gauge)"), "{help}");
        assert!(line("status_remotep").ends_with(" (sum)"), "{help}");
        assert!(!line("message_new").contains('('), "{help}");
    }

    #[test]
    fn argv0_decides() {
        let sendlog = Action::Process { log: "sendlog".into(), force: false };
        for words in [&["sendlog"][..], &["./sendlog"], &["/usr/local/bin/sendlog"], &["maillogs", "sendlog"]]
        {
            assert_eq!(call(words).unwrap().action, sendlog, "{words:?}");
        }
        assert_eq!(call(&["sendlog", "--nonsense"]).unwrap().action, sendlog);
        assert_eq!(call(&["/x/maillogs", "send"]).unwrap().action, Action::Query { protocol: "send".into() });
        assert_eq!(known_processor(Path::new("sendlog2"), &[]), None);
    }

    #[test]
    fn the_perl_programs_options_are_taken() {
        let call = call(&["maillogs", "send", "-v", "-r"]).unwrap();
        assert!(call.verbose);
        assert_eq!(call.action, Action::Query { protocol: "send".into() });
    }

    /// Every command and option of the definition stands in the manual page and in the help, with all its values.
    #[test]
    fn the_manual_and_the_help_are_complete() {
        let manual = include_str!("../../man/maillogs.1");
        // As mdoc has words, without its macros' punctuation.
        let words: Vec<&str> = manual.split(|c: char| c.is_whitespace() || c == '|' || c == ',').collect();
        // The usage lists the protocols; the manual may leave one out.
        let is_protocol = |word: &str| shipped().iter().any(|card| card.name == word);
        let has = |word: &str| words.contains(&word);
        let has_flag = |flag: &str| words.windows(2).any(|pair| pair == ["Fl", flag]);
        let mut root = command(&builtin(&Settings::default()));
        root.build();
        let mut met = 0;
        let commands: Vec<String> = root.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        for name in commands {
            assert!(has(&name) || is_protocol(&name), "{name} is not in the manual");
            assert!(root.render_long_help().to_string().contains(&format!("  {name} ")), "{name}");
            let mut sub = root.find_subcommand(&name).expect("a command").clone();
            let help = sub.render_long_help().to_string();
            for arg in sub.get_arguments().filter(|arg| !arg.is_hide_set() && name != "help") {
                met += 1;
                if let Some(long) = arg.get_long() {
                    assert!(has_flag(&format!("-{long}")), "{name}: --{long} is not in the manual");
                    assert!(help.contains(&format!("--{long}")), "{name}: --{long}");
                }
                if let Some(short) = arg.get_short() {
                    assert!(has_flag(&short.to_string()), "{name}: -{short} is not in the manual");
                    assert!(help.contains(&format!("-{short}")), "{name}: -{short}");
                }
                let values = arg.get_possible_values();
                for value in values.iter().filter(|_| arg.get_action().takes_values()) {
                    assert!(has(value.get_name()), "{name}: {} is not in the manual", value.get_name());
                    assert!(help.contains(value.get_name()), "{name}: {}", value.get_name());
                }
            }
        }
        assert!(met > 50, "{met}");
        // The forms of a time, as `chart::when` reads them.
        let help = call(&["maillogs", "graph", "--help"]).unwrap_err().to_string();
        for form in [
            "2026-03-01",
            "2026-03-01T08:00:30",
            "08:00",
            "08:00:30",
            "now",
            "today",
            "yesterday",
            "-2h",
            "+1d12h",
            "@1772352000",
        ] {
            assert!(help.contains(form) && manual.replace("\\-", "-").contains(form), "{form}");
        }
    }

    #[test]
    fn help_is_a_command_too() {
        for (words, shown) in [
            (&["maillogs", "help"][..], "Protocols and commands:"),
            (&["maillogs", "help", "graph"], "--from <TIME>"),
            (&["maillogs", "help", "send"], "message_bounce"),
        ] {
            let help = call(words).unwrap_err();
            assert_eq!((help.exit_code(), help.use_stderr()), (0, false), "{words:?}");
            assert!(help.to_string().contains(shown), "{words:?}: {help}");
        }
        assert_eq!(call(&["maillogs", "help", "nonsense"]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn usage_errors_exit_with_2() {
        for words in [&["maillogs"][..], &["maillogs", "nonsense"], &["maillogs", "update", "nonsense"]] {
            assert_eq!(call(words).unwrap_err().exit_code(), 2, "{words:?}");
        }
    }
}
