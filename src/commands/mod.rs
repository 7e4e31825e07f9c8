//! From a command line to an exit code: one file a command.
mod alarm;
mod begin;
mod check;
pub(crate) mod cli;
mod config;
mod context;
pub(crate) mod definition;
mod exit;
mod explain;
mod export;
mod graph;
mod hosts;
mod munin;
mod processor;
mod push;
mod query;
mod show;
mod snmp;
mod span;
mod understand;
mod update;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use crate::config::{Config, Problem};
use crate::error::Error;
use crate::ingest::Options;
use crate::say::{each_once, gathered, warn};
use crate::{owner, page};
use cli::{Action, Call};
use context::{print_help, with_way_out};
use exit::{FAILED, KEEPS, USAGE, do_nothing, keep_the_chunk, temporary_failure};
use understand::{Misunderstood, is_maillogs, shown, understand};

/// Does what `args` (argv\[0\] included) say.
pub fn run(args: Vec<OsString>) -> ExitCode {
    each_once(|| run_call(args))
}

fn run_call(args: Vec<OsString>) -> ExitCode {
    begin::make_files_as_told();
    begin::let_large_writes_fail();
    if args.len() == 2 && args[1] == page::RENDER_A_PAGE {
        return if page::render_a_page() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) };
    }
    let call = match understand(&args) {
        Ok(call) => call,
        Err(Misunderstood::Words(e)) => {
            let e = shown(e, &args);
            if !e.use_stderr() {
                return print_help(&e);
            }
            if cli::is_for_nagios(&args) {
                let said = e.to_string();
                return check::unknown(said.lines().next().unwrap_or_default());
            }
            let _ = e.print();
            let is_processor = cli::may_be_processor(&args) && !is_maillogs(&args);
            return if is_processor {
                temporary_failure()
            } else {
                ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2))
            };
        }
        Err(Misunderstood::Configuration(problems)) => {
            problems.iter().for_each(warn);
            return if cli::may_be_processor(&args) { keep_the_chunk() } else { do_nothing() };
        }
        Err(Misunderstood::Processor { name, config }) => {
            let protocol = name.strip_suffix("log").unwrap_or(&name);
            let file = config.map_or_else(
                || "no toaster.conf is found, and none".to_owned(),
                |file| file.display().to_string(),
            );
            warn(format_args!(
                "{name}: {file} defines no protocol of that name; [protocol.{protocol}] with source = \"multilog:DIR\" does; {KEEPS}"
            ));
            return temporary_failure();
        }
    };
    begin::allow_many_files();
    if matches!(call.action, Action::Snmp(_))
        && let Err(e) = begin::keep_words_out_of_the_answers()
    {
        warn(e);
        return ExitCode::from(FAILED);
    }
    if !matches!(call.action, Action::Query(_)) {
        return act(&call);
    }
    // snmpd's `extend` reads stdout and stderr as one, and takes the first line: that has to be the counters.
    let (code, said) = gathered(|| act(&call));
    let is_mixed = matches!(&call.action, Action::Query(query) if query.is_mixed_with_errors());
    if !is_mixed || call.verbose || code != ExitCode::SUCCESS {
        said.iter().for_each(warn);
    }
    code
}

/// Does what `call` says, and warns of amounts that own counters could not read.
fn act(call: &Call) -> ExitCode {
    let (config, problems) = Config::load(call.config.as_deref());
    let done = std::panic::catch_unwind(AssertUnwindSafe(|| act_by(&config, &problems, call)));
    let code = done.unwrap_or_else(|thrown| {
        if !thrown.is::<owner::RightsKept>() {
            std::panic::resume_unwind(thrown);
        }
        ExitCode::from(FAILED)
    });
    let sums = config.all_protocols().iter().flat_map(|protocol| protocol.conf_sums);
    sums.filter_map(|sum| sum.warning()).for_each(warn);
    code
}

fn act_by(config: &Config, problems: &[Problem], call: &Call) -> ExitCode {
    if let Action::Check(asked) = &call.action {
        return check::check(config, problems, asked);
    }
    for problem in problems {
        warn(problem);
    }
    if let Action::Process { log, force } = &call.action {
        if problems.iter().any(Problem::stops_a_roll) {
            return keep_the_chunk();
        }
        return processor::process(config, log, *force);
    }
    if let Action::Config { toml } = call.action {
        return config::show_config(config, problems, toml);
    }
    if problems.iter().any(Problem::stops) {
        return do_nothing();
    }
    let done = match &call.action {
        Action::Process { .. } | Action::Config { .. } | Action::Check(_) => Ok(()),
        Action::Query(what) => match query::answer(config, what, call.verbose) {
            Ok(code) => return ExitCode::from(code),
            Err(e) => Err(e),
        },
        Action::Update { protocols, flush } => {
            let verbose = call.verbose || config.logs_verbose;
            let options = Options { flush: *flush, verbose, ..Options::default() };
            owner::become_owner(config).and_then(|()| update::update(config, protocols, options))
        }
        Action::Push { protocols } => push::run(config, protocols, call.verbose || config.logs_verbose),
        Action::Graph(what) => graph::draw(config, what, call.verbose),
        Action::Show(what) => show::show(config, what),
        Action::Snmp(what) => snmp::answer(config, what),
        Action::Munin(asked) => munin::answer(config, asked),
        Action::Alarm => alarm::alarm(config, call.verbose),
        Action::Explain(options) => explain::print(config, options),
        Action::Export(what) => export::export(config, what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            warn(with_way_out(&e));
            ExitCode::from(if matches!(e, Error::Usage(_)) { USAGE } else { FAILED })
        }
    }
}
