//! One command at a time: how long it takes, how much memory and how many instructions.
//!
//! Each measured command is the only child of a process of its own, this program with [`ALONE`]: the system tells of
//! ended children only all together.
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

use crate::Result;

/// The first argument of the process that runs a command alone; then come a file for the figures and the command.
pub const ALONE: &str = "--measure-alone";
/// The first argument of a process that writes and fsyncs a file; then come how often, and the file.
pub const SYNCS: &str = "--fsyncs";

/// A command, and what it is connected to.
#[derive(Clone)]
pub struct Job {
    words: Vec<String>,
    config: Option<PathBuf>,
    stdin: Option<PathBuf>,
    stdout: Option<PathBuf>,
}

/// The figures of one run.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// User and system time, in microseconds.
    pub cpu: f64,
    /// From begin to end, in microseconds.
    pub wall: f64,
    /// The most memory that it had at once, in KiB.
    pub peak: u64,
}

impl Job {
    pub fn new<const N: usize>(words: [&str; N]) -> Self {
        Self { words: words.map(str::to_owned).into(), config: None, stdin: None, stdout: None }
    }

    /// With this toaster.conf.
    pub fn config(self, file: &Path) -> Self {
        Self { config: Some(file.to_owned()), ..self }
    }

    pub fn stdin(self, file: &Path) -> Self {
        Self { stdin: Some(file.to_owned()), ..self }
    }

    /// Without this, what it prints is thrown away.
    pub fn stdout(self, file: &Path) -> Self {
        Self { stdout: Some(file.to_owned()), ..self }
    }

    /// Runs it, and gives its figures.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub fn run(&self, scratch: &Path) -> Result<Figures> {
        let file = scratch.join("figures");
        let this = std::env::current_exe()?;
        let mut all = vec![this.display().to_string(), ALONE.to_owned(), file.display().to_string()];
        all.extend(self.words.iter().cloned());
        self.succeed(&mut self.command(&all)?)?;
        let text = fs::read_to_string(&file)?;
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [cpu, wall, peak] = numbers[..] else { return Err(format!("no figures: {text:?}").into()) };
        Ok(Figures { cpu: cpu as f64, wall: wall as f64, peak })
    }

    /// What it prints on stdout.
    ///
    /// # Errors
    /// When it cannot be run or fails.
    pub fn output(&self) -> Result<String> {
        let output = self.command(&self.words)?.stdout(Stdio::piped()).output()?;
        if !output.status.success() {
            return Err(
                format!("{}: {}", self.words.join(" "), String::from_utf8_lossy(&output.stderr)).into()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// How many instructions it executes. `None`: there is no valgrind.
    ///
    /// # Errors
    /// When it fails.
    pub fn instructions(&self, scratch: &Path) -> Result<Option<f64>> {
        let said = scratch.join("callgrind");
        let mut all: Vec<String> =
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"].map(str::to_owned).into();
        all.push(format!("--log-file={}", said.display()));
        all.extend(self.words.iter().cloned());
        match self.succeed(&mut self.command(&all)?) {
            Err(e) if e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => {
                return Ok(None);
            }
            done => done?,
        }
        let text = fs::read_to_string(&said)?;
        let count = text.lines().find_map(|line| line.split_once("Collected : "));
        let count = count.and_then(|(_, count)| count.trim().parse().ok());
        count.map(Some).ok_or_else(|| format!("valgrind said no count: {text}").into())
    }

    /// How often it calls fsync(2) or fdatasync(2).
    ///
    /// # Errors
    /// When there is no strace, or it fails.
    pub fn fsyncs(&self, scratch: &Path) -> Result<usize> {
        let said = scratch.join("strace");
        let mut all: Vec<String> =
            ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o"].map(str::to_owned).into();
        all.push(said.display().to_string());
        all.extend(self.words.iter().cloned());
        self.succeed(&mut self.command(&all)?)?;
        Ok(fs::read_to_string(&said)?.lines().filter(|line| line.contains("sync(")).count())
    }

    fn command(&self, words: &[String]) -> Result<Command> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_remove("TOASTER_CONF");
        if let Some(config) = &self.config {
            command.env("TOASTER_CONF", config);
        }
        command.stdin(match &self.stdin {
            Some(file) => File::open(file)?.into(),
            None => Stdio::null(),
        });
        command.stdout(match &self.stdout {
            Some(file) => File::create(file)?.into(),
            None => Stdio::null(),
        });
        Ok(command)
    }

    fn succeed(&self, command: &mut Command) -> Result<()> {
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(format!("{}: {status}", self.words.join(" ")).into()) }
    }
}

/// What the process with [`ALONE`] does.
pub fn alone(words: &[String]) -> io::Result<ExitCode> {
    let [file, program, arguments @ ..] = words else { return Ok(ExitCode::FAILURE) };
    let begin = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let wall = begin.elapsed().as_micros();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let cpu = (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
    fs::write(file, format!("{cpu} {wall} {}", usage.max_rss()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the process with [`SYNCS`] does.
pub fn sync_often(words: &[String]) -> io::Result<ExitCode> {
    use std::io::Write;
    let [times, file] = words else { return Ok(ExitCode::FAILURE) };
    for n in 0..times.parse().unwrap_or(0u32) {
        let mut file = File::create(file)?;
        writeln!(file, "{n}")?;
        file.sync_all()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Medians of runs that took turns, so that what else the machine does meanwhile meets all of them.
pub fn take_turns(runs: usize, turns: &mut [&mut dyn FnMut() -> Result<Figures>]) -> Result<Vec<Figures>> {
    let mut all: Vec<Vec<Figures>> = vec![Vec::new(); turns.len()];
    for _ in 0..runs {
        for (turn, figures) in turns.iter_mut().zip(&mut all) {
            figures.push(turn()?);
        }
    }
    Ok(all.iter().map(|figures| median(figures)).collect())
}

fn median(figures: &[Figures]) -> Figures {
    let middle = |of: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    // Memory is not a matter of luck: the most that any run had.
    let peak = figures.iter().map(|figures| figures.peak).max().unwrap_or_default();
    Figures { cpu: middle(|figures| figures.cpu), wall: middle(|figures| figures.wall), peak }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_each_figure_and_the_peak_is_the_highest() {
        let runs = [(5.0, 50.0, 3), (1.0, 90.0, 8), (3.0, 70.0, 1)];
        let runs = runs.map(|(cpu, wall, peak)| Figures { cpu, wall, peak });
        let median = median(&runs);
        assert_eq!((median.cpu, median.wall, median.peak), (3.0, 70.0, 8));
    }
}
