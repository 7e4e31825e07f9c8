//! Real Haraka in the foreground, with plugins of the test's own (beside this file).

use std::fs;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::conversation::address;
use super::dovecot::certificate;
use super::{process, wait_until};

/// A running Haraka. Dropped, it is stopped.
///
/// It takes mail for `example.org` and `loop.example` of everybody, and any mail of those who log in: `alice@example.org` with
/// the password `right`. Mail for `loop.example` it delivers to itself, that for `closed.example` to a port where nobody
/// listens, all other mail to the sink. What is put off is tried again once, after five seconds.
pub struct Haraka {
    child: Child,
    address: SocketAddrV4,
    _dir: TempDir,
}

/// Who knows the passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    FlatFile,
    /// The sink, which Haraka asks.
    Proxy,
}

/// Where scripts/haraka.sh put it; `None` where npm's registry could not be reached.
pub fn installed() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/haraka");
    let is_complete = root.join("complete").exists();
    assert!(
        is_complete || root.join("unreachable").exists(),
        "{} is missing: run `make deps-test`",
        root.display()
    );
    is_complete.then(|| root.join("node_modules/Haraka"))
}

/// Its own name, which it says in HELO.
pub const NAME: &str = "mx.example.org";

impl Haraka {
    /// `program`: [`installed`]. `format`: `default`, `logfmt` or `json`.
    pub fn start(program: &Path, format: &str, auth: Auth, sink: SocketAddrV4, stdout: Stdio) -> Self {
        let dir = tempfile::Builder::new().prefix("haraka-").tempdir().expect("a directory");
        let (config, address) = (dir.path().join("config"), address());
        for below in ["config", "plugins", "queue"] {
            fs::create_dir(dir.path().join(below)).expect("mkdir");
        }
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/haraka");
        for plugin in ["asked.js", "mx.js"] {
            fs::copy(beside.join(plugin), dir.path().join("plugins").join(plugin)).expect("a plugin");
        }
        // Without it nothing is greeted.
        fs::copy(program.join("config/connection.ini"), config.join("connection.ini"))
            .expect("a file of Haraka");
        certificate(&config);
        for (made, wanted) in [("key.pem", "tls_key.pem"), ("cert.pem", "tls_cert.pem")] {
            fs::rename(config.join(made), config.join(wanted)).expect("a certificate");
        }
        // It would compute some for a minute.
        let mut dh = Command::new("openssl");
        dh.args(["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out"]);
        let output = dh.arg(config.join("dhparams.pem")).output().expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let auth = match auth {
            Auth::FlatFile => "auth/flat_file",
            Auth::Proxy => "auth/auth_proxy",
        };
        for (name, text) in [
            ("smtp.ini", format!("listen={address}\nnodes=0\n")),
            ("log.ini", format!("[main]\nlevel=info\ntimestamps=true\nformat={format}\n")),
            ("plugins", format!("tls\n{auth}\nasked\nmx\nrcpt_to.in_host_list\n")),
            ("auth_flat_file.ini", "[core]\nmethods=PLAIN\n[users]\nalice@example.org=right\n".into()),
            ("auth_proxy.ini", format!("[domains]\nexample.org={sink}\n")),
            ("host_list", "example.org\nloop.example\n".into()),
            ("me", format!("{NAME}\n")),
            ("outbound.ini", "temp_fail_intervals=5s\nlocal_mx_ok=true\n".into()),
        ] {
            fs::write(config.join(name), text).expect("a file of its configuration");
        }
        let mut command = Command::new("node");
        command.arg(program.join("bin/haraka")).arg("-c").arg(dir.path());
        command
            .env("TZ", "UTC")
            .env("HARAKA_SINK", sink.to_string())
            .env("HARAKA_ITSELF", address.to_string());
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("node: {error}: run `make deps-test`"));
        Self { child, address, _dir: dir }
    }

    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Stops it; afterwards it has closed its log.
    pub fn stop(mut self) {
        self.terminate();
    }

    fn terminate(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            process::send("TERM", self.child.id());
            wait_until("Haraka ends", || !matches!(self.child.try_wait(), Ok(None)));
        }
    }
}

impl Drop for Haraka {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.terminate();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
