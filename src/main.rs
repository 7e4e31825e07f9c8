//! The program: argv → [`maillogs::run::run`] → exit code.
use std::process::ExitCode;

fn main() -> ExitCode {
    maillogs::run::run(std::env::args_os().collect())
}
