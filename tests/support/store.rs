//! A store of its own for each test: directory, toaster.conf, and the program run on it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use super::count::{self, Counts};
use super::disks;

/// The program under test.
pub const MAILLOGS: &str = env!("CARGO_BIN_EXE_maillogs");

/// A temporary directory with `toaster.conf`, `bin/sendlog` (a symbolic link) and, in `log/`, the
/// store and multilog's directory `send`.
pub struct Store {
    dir: TempDir,
    time_zone: String,
}

impl Store {
    /// With the defaults of toaster.conf.
    pub fn new() -> Self {
        Self::with("")
    }

    /// With more lines for toaster.conf.
    pub fn with(config: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("maillogs-").tempdir().expect("a directory");
        let store = Self { dir, time_zone: "UTC".into() };
        // Other users are let in, as they are to /var/log/mail: some tests are one.
        fs::set_permissions(store.path(""), fs::Permissions::from_mode(0o755)).expect("chmod");
        fs::create_dir_all(store.logs()).expect("mkdir");
        fs::create_dir(store.path("bin")).expect("mkdir");
        symlink(MAILLOGS, store.sendlog()).expect("symlink");
        let me = |option| {
            let output = Command::new("id").arg(option).output().expect("id");
            String::from_utf8(output.stdout).expect("a name").trim().to_owned()
        };
        let base = store.base();
        let config = format!(
            "logs_base = {:?}\nlogs_user = {:?}\nlogs_group = {:?}\n{config}\n",
            base,
            me("-un"),
            me("-gn")
        );
        fs::write(store.config(), config).expect("toaster.conf");
        store
    }

    /// With the defaults and a syslog of its own, whose path is [`Self::syslog`].
    pub fn with_syslog() -> Self {
        let store = Self::new();
        let config = fs::read_to_string(store.config()).expect("toaster.conf");
        let syslog = format!("logs_syslog = {:?}\n", store.syslog());
        fs::write(store.config(), config + &syslog).expect("toaster.conf");
        store
    }

    /// The syslog file.
    pub fn syslog(&self) -> PathBuf {
        self.path("maillog")
    }

    /// In another time zone than UTC.
    pub fn in_zone(mut self, zone: &str) -> Self {
        self.time_zone = zone.into();
        self
    }

    /// In a time zone where it is `hour` o'clock, at whatever hour of UTC the test runs.
    pub fn where_it_is(self, hour: i64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let utc = i64::try_from(now / 3_600 % 24).expect("an hour");
        // POSIX counts to the west.
        self.in_zone(&format!("HERE{}", utc - hour))
    }

    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn config(&self) -> PathBuf {
        self.path("toaster.conf")
    }

    /// `logs_base`.
    pub fn base(&self) -> PathBuf {
        self.path("log")
    }

    /// multilog's directory.
    pub fn logs(&self) -> PathBuf {
        self.path("log/send")
    }

    pub fn rrd(&self) -> PathBuf {
        self.path("log/rrd/send.rrd")
    }

    /// The name by which multilog runs us.
    pub fn sendlog(&self) -> PathBuf {
        self.path("bin/sendlog")
    }

    /// `program` with this store's configuration and nothing of the developer's environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TZ", &self.time_zone)
            .env("TOASTER_CONF", self.config())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        disks::shown_to(&mut command);
        command
    }

    /// As [`Store::command`], under faketime(1) with these words.
    pub fn faketime(&self, words: &[&str]) -> Command {
        // It leaves things behind under its process number if it is killed, and does not start over them.
        const CLEAN: &str =
            r#"rm -f "/dev/shm/sem.faketime_sem_$$" "/dev/shm/faketime_shm_$$"; exec faketime "$@""#;
        let mut command = self.command("sh");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").args(["-c", CLEAN, "faketime"]).args(words);
        command
    }

    /// `maillogs ARGUMENTS`, whatever becomes of it.
    pub fn maillogs(&self, arguments: &[&str]) -> Output {
        self.command(MAILLOGS).args(arguments).output().expect("running maillogs")
    }

    /// `maillogs ARGUMENTS`, which has to succeed; gives its stdout.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.maillogs(arguments);
        assert!(output.status.success(), "maillogs {arguments:?}: {}: {}", output.status, stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8 on stdout")
    }

    /// Pushes all that can be pushed.
    pub fn flush(&self) {
        self.run(&["update", "--flush"]);
    }

    /// `maillogs send`.
    pub fn query(&self) -> Answer {
        Answer::parse(&self.run(&["send"]))
    }

    /// Runs `program` as a logger does: in the log directory, with `chunk` as the regular file
    /// `previous` on fd 0 and `processed` on fd 1; gives the output with what was passed through.
    pub fn postprocess_by(&self, program: &mut Command, chunk: &[u8]) -> Output {
        let previous = self.logs().join("previous");
        let processed = self.logs().join("processed");
        fs::write(&previous, chunk).expect("previous");
        let mut output = program
            .current_dir(self.logs())
            .stdin(File::open(&previous).expect("previous"))
            .stdout(File::create(&processed).expect("processed"))
            .stderr(Stdio::piped())
            .output()
            .expect("running the postprocessor");
        output.stdout = fs::read(&processed).expect("processed");
        fs::remove_file(&processed).expect("processed");
        if output.status.success() {
            fs::remove_file(&previous).expect("previous");
        }
        output
    }

    /// [`Self::postprocess_by`] the processor `sendlog`.
    pub fn postprocess(&self, chunk: &[u8]) -> Output {
        self.postprocess_by(&mut self.command(self.sendlog()), chunk)
    }

    /// Days of the archive, oldest first: `YYYY/MM/DD` and the day's lines, compressed or not.
    pub fn archive(&self) -> BTreeMap<String, Vec<u8>> {
        self.archive_of("sendlog")
    }

    /// The same of the processor `log`.
    pub fn archive_of(&self, log: &str) -> BTreeMap<String, Vec<u8>> {
        let mut days: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for day in self.archive_days() {
            let name = day.strip_prefix(self.base()).expect("below logs_base");
            let mut lines = Vec::new();
            let (plain, packed) = (day.join(log), day.join(format!("{log}.gz")));
            // Where both are, the plain one is whole.
            if plain.exists() {
                lines = fs::read(plain).expect("an archive file");
            } else if packed.exists() {
                MultiGzDecoder::new(File::open(packed).expect("an archive file"))
                    .read_to_end(&mut lines)
                    .expect("gzip");
            }
            days.insert(name.to_str().expect("UTF-8").into(), lines);
        }
        days
    }

    /// The directories of the archive's days, oldest first.
    pub fn archive_days(&self) -> Vec<PathBuf> {
        let months = numbered(&self.base()).into_iter().flat_map(|year| numbered(&year));
        months.flat_map(|month| numbered(&month)).collect()
    }

    /// The whole archive, days in order.
    pub fn archived(&self) -> Vec<u8> {
        self.archive().into_values().flatten().collect()
    }

    /// Chunks that left `current`, oldest first: `@….s` and `@….u`.
    pub fn chunks(&self) -> Vec<Vec<u8>> {
        self.chunk_names().iter().map(|chunk| fs::read(chunk).expect("a chunk")).collect()
    }

    /// Their files.
    pub fn chunk_names(&self) -> Vec<PathBuf> {
        self.chunk_names_of("send")
    }

    /// Those of another directory below `logs_base`.
    pub fn chunk_names_of(&self, dir: &str) -> Vec<PathBuf> {
        let mut names = children(&self.base().join(dir));
        names.retain(|path| name_of(path).starts_with('@'));
        names
    }

    /// How often multilog rolled.
    pub fn rolls(&self) -> usize {
        self.chunk_names().iter().filter(|path| name_of(path).ends_with(".s")).count()
    }

    pub fn current(&self) -> Vec<u8> {
        fs::read(self.logs().join("current")).expect("current")
    }
}

/// What a query printed.
#[derive(Debug)]
pub struct Answer(Vec<(String, String)>);

impl Answer {
    /// Panics unless it is exactly one line of `key:value` pairs.
    pub fn parse(stdout: &str) -> Self {
        let line = stdout.strip_suffix('\n').expect("a newline at the end");
        assert!(!line.contains('\n'), "more than one line: {stdout:?}");
        let fields: Vec<&str> = line.split(':').collect();
        let (pairs, rest) = fields.as_chunks::<2>();
        assert!(rest.is_empty(), "a key without a value: {line:?}");
        Self(pairs.iter().map(|[key, value]| ((*key).into(), (*value).into())).collect())
    }

    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).collect()
    }

    pub fn text(&self, key: &str) -> &str {
        let pair = self.0.iter().find(|(name, _)| name == key);
        &pair.unwrap_or_else(|| panic!("no key {key} in {self:?}")).1
    }

    /// A value as a multiple of 10⁻⁹, exactly.
    pub fn nanos(&self, key: &str) -> u128 {
        let text = self.text(key);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        assert!(fraction.len() <= 9, "{key}: more than nine digits: {text}");
        let number = |digits: &str| -> u128 {
            digits.parse().unwrap_or_else(|_| panic!("{key}: not a number: {text:?}"))
        };
        number(whole) * 1_000_000_000 + number(&format!("{fraction:0<9}"))
    }

    /// Panics unless every count and sum is what `expected` says.
    pub fn assert_counts(&self, expected: &Counts) {
        for (key, expected) in expected {
            let unit = if count::FRACTIONS.contains(key) { 1 } else { 1_000_000_000 };
            assert_eq!(self.nanos(key), expected * unit, "{key}");
        }
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Panics unless both are the same bytes; says where they part, not all of both.
pub fn assert_same_bytes(what: &str, got: &[u8], expected: &[u8]) {
    if got == expected {
        return;
    }
    let at = got.iter().zip(expected).take_while(|(got, expected)| got == expected).count();
    let near = |bytes: &[u8]| {
        let range = at.saturating_sub(60)..(at + 60).min(bytes.len());
        String::from_utf8_lossy(&bytes[range]).into_owned()
    };
    panic!(
        "{what}: {} bytes instead of {}, other from byte {at} on:\n{:?}\ninstead of\n{:?}",
        got.len(),
        expected.len(),
        near(got),
        near(expected)
    );
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a UTF-8 name")
}

fn numbered(dir: &Path) -> Vec<PathBuf> {
    let mut paths = children(dir);
    paths.retain(|path| name_of(path).bytes().all(|byte| byte.is_ascii_digit()));
    paths
}
