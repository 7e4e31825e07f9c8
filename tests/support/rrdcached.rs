//! A real rrdcached with a directory of its own, on a socket of its own.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{process, wait_until};

/// A running rrdcached, or one that was killed. Dropped, it is stopped.
pub struct Rrdcached {
    child: Option<Child>,
    dir: TempDir,
    options: Vec<String>,
}

impl Rrdcached {
    /// Keeps what it is told in memory for half an hour, and journals it.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With more options.
    pub fn with(options: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("rrdcached-").tempdir().expect("a directory");
        for name in ["base", "journal"] {
            fs::create_dir(dir.path().join(name)).expect("mkdir");
        }
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut daemon = Self { child: None, dir, options };
        daemon.go_on();
        daemon
    }

    /// Where its RRDs are.
    pub fn base(&self) -> PathBuf {
        self.dir.path().join("base")
    }

    /// `HOST/NAME.rrd`.
    pub fn file(&self, host: &str, name: &str) -> PathBuf {
        self.base().join(host).join(format!("{name}.rrd"))
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    /// As toaster.conf names it.
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// Starts it again, with the journal of the one before.
    pub fn go_on(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_file(self.dir.path().join("pid"));
        let path = |name: &str| self.dir.path().join(name);
        let child = Command::new("rrdcached")
            // In the foreground: its directories alone, also below them; written after half an hour.
            .args(["-g", "-B", "-R", "-w", "1800", "-f", "7200"])
            .args(&self.options)
            .arg("-l")
            .arg(self.address())
            .arg("-b")
            .arg(path("base"))
            .arg("-j")
            .arg(path("journal"))
            .arg("-p")
            .arg(path("pid"))
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("rrdcached: {error}: run `make deps-test`")));
        let socket = self.socket();
        wait_until("rrdcached listens", || UnixStream::connect(&socket).is_ok());
    }

    /// `kill -9`, whatever it is doing.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("kill -9");
        child.wait().expect("its end");
    }

    /// It stands still, and its socket is there; or it goes on.
    pub fn stand_still(&mut self, still: bool) {
        let child = self.child.as_mut().expect("it runs");
        if still { process::stop(child) } else { process::go_on(child) }
    }
}

impl Drop for Rrdcached {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What `rrdtool fetch` says of the rows of `step` seconds that end in `begin + step ..= end`, added up by awk: for each
/// data source `NAME SUM`, in units of 10⁻⁹. It prints ten digits of a rate: where no fractions are counted, a row is rounded.
pub fn sums(file: &Path, step: i64, begin: i64, end: i64) -> Vec<(String, i128)> {
    const ADD: &str = r#"
NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
NF > 1 { time = substr($1, 1, length($1) - 1)
  if (time <= begin || time > end) next
  for (i = 2; i <= NF; i++) if ($i !~ /nan/) {
    value = $i * step
    sum[i - 1] += name[i - 1] ~ /^status_|_seconds$|^took_/ ? value : int(value + 0.5)
  } }
END { for (i in name) printf "%s %.6f\n", name[i], sum[i] }"#;
    let script = format!(
        "rrdtool fetch \"$1\" AVERAGE -r {step} -s {begin} -e {end} | awk -v step={step} -v begin={begin} -v end={end} \"$2\""
    );
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(file)
        .arg(ADD)
        .env("LC_ALL", "C")
        .output()
        .expect("rrdtool and awk");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let parse = |line: &str| {
        let (name, value) = line.split_once(' ').expect("NAME SUM");
        let value: f64 = value.parse().expect("a number");
        (name.to_owned(), (value * 1e6).round() as i128 * 1_000)
    };
    text.lines().map(parse).collect()
}
