//! From a command line to an exit code.
pub(crate) mod graphs;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::check;
use crate::cli::{self, Action, Call};
use crate::config::{Config, Problem, print};
use crate::error::{At, Error, Result};
use crate::graph;
use crate::ingest::{Feed, Job, Options, advance_all, feeds, pass_through};
use crate::output;
use crate::owner;
use crate::protocol::{Settings, builtin, custom};
use crate::query;
use crate::say::{hold_warnings, masked, release_warnings, take_warnings, warn};
use crate::show;
use crate::source::stdin;
use crate::store::rrd::patient;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// "Try again later", as qmail and multilog understand it.
const TEMPORARY: u8 = 111;

/// Does what `args` (argv\[0\] included) say.
pub fn run(args: Vec<OsString>) -> ExitCode {
    if args.len() == 2 && args[1] == graph::RENDER_A_PAGE {
        return if graph::render_a_page() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) };
    }
    let call = match understand(&args) {
        Ok(call) => call,
        Err(Misunderstood::Words(e)) => {
            let e = shown(e, &args);
            let _ = e.print();
            let is_processor = e.use_stderr() && cli::may_be_processor(&args) && !is_maillogs(&args);
            return if is_processor {
                later()
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
                "{name}: {file} defines no protocol of that name; [protocol.{protocol}] with source = \"multilog:DIR\" does; exit 111: the logger keeps the chunk and tries again"
            ));
            return later();
        }
    };
    allow_many_files();
    if matches!(call.action, Action::Query { .. }) {
        hold_warnings();
    }
    let code = std::panic::catch_unwind(|| act(&call)).unwrap_or_else(|thrown| {
        if !thrown.is::<owner::RightsKept>() {
            std::panic::resume_unwind(thrown);
        }
        ExitCode::from(FAILED)
    });
    custom::not_numbers().into_iter().for_each(warn);
    release_warnings();
    code
}

/// `error` as it is printed. What it quotes are arguments, and a script may hand us the names of files that others
/// chose: where one has something that a terminal acts on, the message is made anew from arguments without that.
fn shown(error: clap::Error, args: &[OsString]) -> clap::Error {
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

/// Why a command line was not understood.
enum Misunderstood {
    /// Its words.
    Words(clap::Error),
    /// They may be of a protocol that toaster.conf defines, and that cannot be read.
    Configuration(Vec<Problem>),
    /// We were called by the name of a processor that this configuration does not define.
    Processor { name: String, config: Option<PathBuf> },
}

/// A word that is no command may be a protocol of toaster.conf, and the help shows what it adds: only then it is
/// read for the words' sake.
fn understand(args: &[OsString]) -> std::result::Result<Call, Misunderstood> {
    use clap::error::ErrorKind::{DisplayHelp, InvalidSubcommand, InvalidValue};
    match cli::parse(args, &builtin(&Settings::default())) {
        Err(e)
            if (!is_maillogs(args) && cli::may_be_processor(args))
                || matches!(e.kind(), InvalidSubcommand | InvalidValue | DisplayHelp) =>
        {
            let (config, problems) = Config::load(cli::config_of(args).as_deref());
            let protocols = config.all_protocols();
            // A logger that gets a help in the place of its chunk would keep that.
            let unknown =
                cli::processor(args).filter(|name| cli::personality(Path::new(name), &protocols).is_none());
            match cli::parse(args, &protocols) {
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
fn is_maillogs(args: &[OsString]) -> bool {
    args.first().and_then(|me| Path::new(me).file_name()).is_none_or(|me| me == "maillogs")
}

/// With a default in the place of what was meant, it might be another server's store.
fn do_nothing() -> ExitCode {
    warn("nothing is done until that is mended");
    ExitCode::from(FAILED)
}

/// As [`do_nothing`], of a processor.
fn keep_the_chunk() -> ExitCode {
    warn("nothing is done until that is mended; exit 111: the logger keeps the chunk and tries again");
    later()
}

/// A processor could not do its work.
fn later() -> ExitCode {
    // svlogd starts us again at once.
    std::thread::sleep(Duration::from_secs(1));
    ExitCode::from(TEMPORARY)
}

fn act(call: &Call) -> ExitCode {
    let (config, problems) = Config::load(call.config.as_deref());
    if let Action::Check { json } = call.action {
        return check_all(&config, &problems, json);
    }
    for problem in &problems {
        warn(problem);
    }
    if let Action::Process { log, force } = &call.action {
        if problems.iter().any(Problem::stops_a_roll) {
            return keep_the_chunk();
        }
        return process(&config, log, *force);
    }
    if let Action::Config { toml } = call.action {
        return show_config(&config, &problems, toml);
    }
    if problems.iter().any(Problem::stops) {
        return do_nothing();
    }
    let done = match &call.action {
        Action::Process { .. } | Action::Config { .. } | Action::Check { .. } => Ok(()),
        Action::Query { protocol } => print_counters(&config, protocol, call),
        Action::Update { protocols, flush } => {
            let verbose = call.verbose || config.logs_verbose;
            let options = Options { flush: *flush, verbose, ..Options::default() };
            owner::become_owner(&config).and_then(|()| update(&config, protocols, options))
        }
        Action::Graph(what) => graphs::draw(&config, what, call),
        Action::Show(what) => show::show(&config, what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            warn(with_way_out(&e));
            ExitCode::from(if matches!(e, Error::Usage(_)) { USAGE } else { FAILED })
        }
    }
}

/// What failed, and where the rights were not enough, who knows more.
pub(crate) fn with_way_out(error: &Error) -> String {
    match error {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("{error}; maillogs check, as root, says whose it has to be")
        }
        _ => error.to_string(),
    }
}

/// Prints what is in force, or with `toml` the file as TOML. What is wrong was said already.
fn show_config(config: &Config, problems: &[Problem], toml: bool) -> ExitCode {
    let fails = print::fails(problems);
    if toml && config.file.is_none() && fails {
        return ExitCode::from(FAILED);
    }
    let text = match toml.then(|| print::to_toml(config)) {
        None => print::in_force(config),
        Some(Ok(text)) => text,
        Some(Err(problem)) => {
            if !problems.contains(&problem) {
                warn(problem);
            }
            return ExitCode::from(FAILED);
        }
    };
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .at("write", Path::new("standard output"))
    {
        Ok(()) if !fails => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(FAILED),
        Err(e) => {
            warn(e);
            ExitCode::from(FAILED)
        }
    }
}

/// After a long time of broken rolls there are many chunks to hold open.
fn allow_many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn job<'a>(config: &'a Config, feed: &'a Feed) -> Job<'a> {
    Job { config, feed, clock: now, as_root: owner::as_root }
}

/// The feed of a protocol.
fn feed(config: &Config, protocol: &str) -> Result<Feed> {
    let found = feeds(config).into_iter().find(|f| f.protocol.name == protocol);
    found.ok_or_else(|| Error::Message(format!("{protocol}: there is no such protocol")))
}

/// A logger's processor. It must not stop the mail log for anything but this: that what it was given
/// could not be kept.
fn process(config: &Config, log: &str, force: bool) -> ExitCode {
    // The logger waits for us.
    patient::wait_at_most(patient::SHORT);
    let done = std::panic::catch_unwind(|| {
        owner::become_owner(config)?;
        let feed = feeds(config).into_iter().find(|f| f.log.as_deref() == Some(log));
        let feed = feed.ok_or_else(|| Error::Message(format!("{log}: there is no protocol of that log")))?;
        let job = job(config, &feed);
        let input = stdin::take(&job.store().state_dir)?;
        let source = input.chunk.file.try_clone().at("read", Path::new("standard input"))?;
        let length = source.metadata().at("look at", Path::new("standard input"))?.len();
        let mut pass = || if config.logs_taifiles { pass_through(&source, length) } else { Ok(()) };
        job.advance(Some(input), &mut pass, Options { force, ..Options::default() })
    });
    match done {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(e)) => warn(format_args!("{}; exit 111: the logger tries again", with_way_out(&e))),
        Err(thrown) if thrown.is::<owner::RightsKept>() => warn("exit 111: the logger tries again"),
        Err(_) => warn("this is a defect of maillogs; exit 111: the logger tries again"),
    }
    later()
}

fn print_counters(config: &Config, protocol: &str, call: &Call) -> Result<()> {
    let feed = feed(config, protocol)?;
    let job = job(config, &feed);
    // A poller waits for the answer.
    patient::wait_at_most(patient::SHORT);
    // Only a query that finds much to count writes, and then as the owner of the store.
    owner::look_as_owner(config)?;
    let answer = query::query(&job, now())?;
    if call.verbose {
        warn(format_args!("commit {}, {} bytes beyond its cursors", answer.commit, answer.new_bytes));
    }
    let line = output::text::line(job.feed.protocol, &answer.values, config.counter_bits);
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).at("write", Path::new("standard output"))
}

/// Advances every feed, one failure not keeping the others from it.
fn update(config: &Config, protocols: &[String], options: Options) -> Result<()> {
    let wanted = |feed: &Feed| protocols.is_empty() || protocols.iter().any(|p| p == feed.protocol.name);
    let all = feeds(config);
    // A logger's processor waits for its protocol's lock: those without a syslog are done at once. The others
    // share the reading of it.
    let (shared, alone): (Vec<&Feed>, Vec<&Feed>) =
        all.iter().filter(|f| wanted(f)).partition(|f| f.has_streams());
    let mut results = Vec::new();
    for feed in alone {
        results.push(job(config, feed).advance(None, &mut || Ok(()), options));
    }
    let jobs: Vec<Job<'_>> = shared.into_iter().map(|feed| job(config, feed)).collect();
    results.extend(advance_all(&jobs, options));
    let logs: Vec<&str> = all.iter().filter_map(|f| f.log.as_deref()).collect();
    for feed in all.iter().filter(|f| wanted(f)) {
        results.push(job(config, feed).tidy(&logs, options.patience));
    }
    let mut failed = results.into_iter().filter_map(Result::err);
    let Some(first) = failed.next() else { return Ok(()) };
    failed.for_each(|e| warn(with_way_out(&e)));
    Err(first)
}

fn check_all(config: &Config, problems: &[Problem], json: bool) -> ExitCode {
    // What it would say of the ids stands in the report.
    hold_warnings();
    let looked = owner::look_as_owner(config);
    let series = looked.is_ok().then(|| graphs::series(config)).and_then(Result::ok).unwrap_or_default();
    take_warnings();
    let report = check::check(config, problems, &series, now, owner::as_root, looked.is_ok());
    let text = if json { check::json(&report) } else { check::text(&report) };
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    let written = written.at("write", Path::new("standard output"));
    match written {
        Ok(()) if report.ok => return ExitCode::SUCCESS,
        Ok(()) => {}
        Err(e) => warn(e),
    }
    ExitCode::from(FAILED)
}
