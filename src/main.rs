//! The program: argv → [`maillogs::commands::run`] → exit code.
use std::process::ExitCode;

fn main() -> ExitCode {
    maillogs::commands::run(std::env::args_os().collect())
}
