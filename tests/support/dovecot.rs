//! Real Dovecot in the foreground, as root or without root, and clients who log in to it by IMAP.

use std::fs;
use std::net::SocketAddrV4;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::conversation::{Conversation, address};
use super::{process, wait_until};

/// Ordinary users have no /usr/sbin in their PATH.
const PROGRAM: &str = "/usr/sbin/dovecot";

/// A running Dovecot. Dropped, it is stopped.
pub struct Dovecot {
    child: Child,
    address: SocketAddrV4,
    dir: TempDir,
}

/// What a client does before it closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Logs in and out.
    Right,
    /// Names a wrong password.
    Wrong,
    /// Names a wrong password, then the right one.
    Second,
    /// Says nothing.
    Silent,
    /// Logs out without a login.
    Leave,
}

impl Dovecot {
    /// With `stderr` as its log, and `more` of its configuration.
    pub fn start(stderr: Stdio, more: &str) -> Self {
        Self::start_with(stderr, |_, _| more.to_owned())
    }

    /// The same; `more` is told the directory of the users' mail, below which each has one of his own, and whether this
    /// Dovecot is older than 2.4.
    pub fn start_with(stderr: Stdio, more: impl FnOnce(&Path, bool) -> String) -> Self {
        let dir = tempfile::Builder::new().prefix("dovecot-").tempdir().expect("a directory");
        // Dovecot's own users have to get to their sockets.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        let address = address();
        certificate(dir.path());
        let config = dir.path().join("dovecot.conf");
        let (base, old) = configuration(dir.path(), address);
        let more = more(&dir.path().join("mail"), old);
        fs::write(&config, base + &more + "\n").expect("dovecot.conf");
        let mut command = Command::new(PROGRAM);
        command.arg("-F").arg("-c").arg(config).env("TZ", "UTC");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        let child = child.unwrap_or_else(|error| panic!("{PROGRAM}: {error}: run `make deps-test`"));
        Self { child, address, dir }
    }

    /// One client's visit. Dovecot has to answer as that client expects.
    pub fn visit(&self, visit: Visit, tls: bool, user: &str) {
        let mut client = Client::connect(self.address, tls);
        let greeting = client.0.line();
        assert!(greeting.starts_with("* OK"), "{greeting:?}");
        if matches!(visit, Visit::Wrong | Visit::Second) {
            client.says(&format!("LOGIN {user} wrong"), "NO");
        }
        if matches!(visit, Visit::Right | Visit::Second) {
            client.says(&format!("LOGIN {user} right"), "OK");
        }
        if matches!(visit, Visit::Right | Visit::Second | Visit::Leave) {
            client.says("LOGOUT", "OK");
        }
    }

    /// Waits for the first line of its log, which `log` reads.
    pub fn wait_until_it_runs(&mut self, log: impl Fn() -> String) {
        wait_until("Dovecot runs", || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("Dovecot has ended: {status}: {}", log());
            }
            log().contains(" starting up for imap")
        });
    }

    /// Delivers `message` to `user` by Dovecot's LDA, which logs to `stderr`.
    pub fn lda(&self, user: &str, message: &str, stderr: Stdio) {
        let mut command = Command::new("/usr/lib/dovecot/dovecot-lda");
        command.arg("-c").arg(self.dir.path().join("dovecot.conf")).args(["-d", user, "-f", "a@example.com"]);
        super::pipe_through(command.env("TZ", "UTC").stderr(stderr), message.as_bytes());
    }

    /// Stops it; afterwards it has closed its log.
    pub fn stop(mut self) {
        self.terminate();
    }

    fn terminate(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            process::send("TERM", self.child.id());
            wait_until("Dovecot ends", || !matches!(self.child.try_wait(), Ok(None)));
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.terminate();
        }
        // Its other processes end when the master is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes key.pem and cert.pem in `dir`.
pub fn certificate(dir: &Path) {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    command.args(["-subj", "/CN=localhost", "-days", "2", "-keyout", "key.pem", "-out", "cert.pem"]);
    let output = command.current_dir(dir).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Its configuration, and whether it is that of a Dovecot before 2.4.
fn configuration(dir: &Path, address: SocketAddrV4) -> (String, bool) {
    let output = Command::new(PROGRAM).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("{PROGRAM}: {error}: run `make deps-test`"));
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let mail = dir.join("mail");
    fs::create_dir(&mail).expect("mkdir");
    let (dir, mail) = (dir.display(), mail.display());
    let root = nix::unistd::geteuid().is_root();
    let (user, group) = if root { ("mail".into(), "mail".into()) } else { (me("-un"), me("-gn")) };
    // Without root everything runs as one user, and nothing can be in a chroot.
    let (users, chroot) = if root {
        let owned = Command::new("chown").arg("mail:mail").arg(mail.to_string()).status().expect("chown");
        assert!(owned.success());
        (String::new(), "")
    } else {
        let users = format!(
            "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
        );
        (users, "chroot =")
    };
    let old = version.starts_with("2.3.");
    // How many clients a process serves before it ends.
    let (kept, unlimited) = if old { ("service_count", "0") } else { ("restart_request_count", "unlimited") };
    let dialect = if old {
        format!(
            "disable_plaintext_auth = no
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
mail_location = maildir:{mail}/%u
passdb {{
  driver = static
  args = password=right
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={mail}/%u allow_all_users=yes
}}"
        )
    } else {
        format!(
            "dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
auth_allow_cleartext = yes
ssl_server_cert_file = {dir}/cert.pem
ssl_server_key_file = {dir}/key.pem
mail_driver = maildir
mail_path = {mail}/%{{user}}
passdb static {{
  passdb_static_password = right
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {mail}/%{{user}}
  }}
}}"
        )
    };
    // A failing login waits neither for its own delay nor for that of its address. Processes are kept, to be fast.
    let text = format!(
        "{dialect}
{users}base_dir = {dir}/run
state_dir = {dir}/run
protocols = imap
listen = {ip}
ssl = yes
log_path = /dev/stderr
first_valid_uid = 1
auth_failure_delay = 0
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  {chroot}
  {kept} = {unlimited}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  {kept} = 100
}}
",
        ip = address.ip(),
        port = address.port(),
        tls_port = address.port() + 1
    );
    (text, old)
}

/// What id(1) says of us.
fn me(option: &str) -> String {
    let output = Command::new("id").arg(option).output().expect("id");
    String::from_utf8(output.stdout).expect("a name").trim().to_owned()
}

/// A client of IMAP.
struct Client(Conversation);

impl Client {
    fn connect(address: SocketAddrV4, tls: bool) -> Self {
        if !tls {
            return Self(Conversation::connect(address));
        }
        let address = SocketAddrV4::new(*address.ip(), address.port() + 1);
        // Ends with the input.
        Self(Conversation::by_openssl(address, &["-no_ign_eof"]))
    }

    /// Gives a command; its answer is to be `wanted`.
    fn says(&mut self, command: &str, wanted: &str) {
        self.0.write(&format!("a {command}\r\n"));
        loop {
            let line = self.0.line();
            assert!(!line.is_empty(), "no answer to {command}");
            if let Some(answer) = line.strip_prefix("a ") {
                assert!(answer.starts_with(wanted), "{command}: {answer}");
                return;
            }
        }
    }
}
