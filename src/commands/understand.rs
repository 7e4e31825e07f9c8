//! From the words of a command line to a call, which may need toaster.conf: that adds protocols.
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cli::{self, Call};
use crate::config::{Config, Problem};
use crate::protocol::shipped;
use crate::say::masked;

/// Why a command line was not understood.
pub(super) enum Misunderstood {
    /// Its words.
    Words(clap::Error),
    /// Its words may name a protocol that toaster.conf defines, and toaster.conf has errors.
    Configuration(Vec<Problem>),
    /// We were called by the name of a processor that this configuration does not define.
    Processor { name: String, config: Option<PathBuf> },
}

/// Parses the command line. toaster.conf is read for this only if a word is no command, because it may name a
/// protocol of toaster.conf, and for the help, which lists these protocols.
pub(super) fn understand(args: &[OsString]) -> Result<Call, Misunderstood> {
    use clap::error::ErrorKind::{DisplayHelp, InvalidSubcommand, InvalidValue};
    match cli::parse(args, &shipped().iter().collect::<Vec<_>>()) {
        Err(e)
            if (!is_maillogs(args) && cli::may_be_processor(args))
                || matches!(e.kind(), InvalidSubcommand | InvalidValue | DisplayHelp) =>
        {
            let (config, problems) = Config::load(cli::config_of(args).as_deref());
            let protocols = config.all_protocols();
            // A logger that gets a help in the place of its chunk would keep that.
            let unknown = cli::possible_processor(args)
                .filter(|name| cli::known_processor(Path::new(name), protocols).is_none());
            match cli::parse(args, protocols) {
                Err(e) if (e.use_stderr() || unknown.is_some()) && problems.iter().any(Problem::stops) => {
                    Err(Misunderstood::Configuration(problems))
                }
                Err(e)
                    if e.use_stderr()
                        && let Some(name) = unknown =>
                {
                    Err(Misunderstood::Processor { name, config: config.file })
                }
                other => other.map_err(Misunderstood::Words),
            }
        }
        other => other.map_err(Misunderstood::Words),
    }
}

/// Were we called by the name `maillogs`?
pub(super) fn is_maillogs(args: &[OsString]) -> bool {
    args.first().and_then(|me| Path::new(me).file_name()).is_none_or(|me| me == "maillogs")
}

/// `error` as it is printed. What it quotes are arguments, and a script may hand us the names of files that others
/// chose: where one has something that a terminal acts on, the message is made anew from arguments without that.
pub(super) fn shown(error: clap::Error, args: &[OsString]) -> clap::Error {
    let plain: Vec<OsString> =
        args.iter().map(|arg| masked(&arg.to_string_lossy()).into_owned().into()).collect();
    if plain == args {
        return error;
    }
    match understand(&plain) {
        Err(Misunderstood::Words(plain)) => plain,
        _ => error,
    }
}
