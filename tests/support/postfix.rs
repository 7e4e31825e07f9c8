//! Real postfix in the foreground, in a directory of the test's own. Only root can run it.

use std::fs;
use std::net::SocketAddrV4;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::conversation::{Conversation, address};
use super::wait_until;

/// Ordinary users have no /usr/sbin in their PATH.
const PROGRAM: &str = "/usr/sbin/postfix";

/// A running postfix, whose own log (`maillog_file`) is [`Postfix::log`]. Dropped, it is stopped.
///
/// It relays for the sender `relay@example.com`, to the sink; mail for `discard.example` is thrown away, that for
/// `error.example` is refused, that for `closed.example` goes to a port where nobody listens. Of
/// `relay.example` it knows only `known`, and `put-off`, whom it refuses for a while; of `local.example` only `mail`. It turns
/// away messages with a header `X-Asked`.
pub struct Postfix {
    child: Child,
    address: SocketAddrV4,
    dir: TempDir,
}

/// Why it cannot be run here.
pub fn hindrance() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        return Some("only root can run postfix");
    }
    // scripts/deps.sh installs it where there is none.
    let is_another = !Path::new(PROGRAM).exists() && Path::new("/usr/sbin/sendmail").exists();
    is_another.then_some("this machine has another mail server than postfix")
}

impl Postfix {
    pub fn start(sink: SocketAddrV4) -> Self {
        let dir = tempfile::Builder::new().prefix("postfix-").tempdir().expect("a directory");
        // Its processes have users of their own.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        for below in ["etc", "queue", "data", "mail"] {
            fs::create_dir(dir.path().join(below)).expect("mkdir");
        }
        let postfix = nix::unistd::User::from_name("postfix").expect("users").expect("the user postfix");
        chown(dir.path().join("data"), Some(postfix.uid.as_raw()), None).expect("chown");
        fs::set_permissions(dir.path().join("mail"), fs::Permissions::from_mode(0o1777)).expect("chmod");
        let address = address();
        let etc = dir.path().join("etc");
        fs::write(etc.join("main.cf"), main_cf(dir.path(), sink)).expect("main.cf");
        fs::write(etc.join("master.cf"), format!("{address} inet n - n - - smtpd\n{SERVICES}"))
            .expect("master.cf");
        fs::write(etc.join("headers"), "/^X-Asked:/ REJECT no such content\n").expect("headers");
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(&etc).arg("start-fg").env("TZ", "UTC").stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{PROGRAM}: {error}: run `make deps-test`"));
        let mut started = Self { child, address, dir };
        started.wait_until_it_runs();
        started
    }

    fn wait_until_it_runs(&mut self) {
        let log = self.log();
        wait_until("postfix runs", || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            assert!(matches!(self.child.try_wait(), Ok(None)), "postfix has ended: {text}");
            text.contains(": daemon started -- version ")
        });
        drop(Conversation::connect(self.address));
    }

    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("mail.log")
    }

    /// How many messages wait to be tried again; `None` while others are on their way.
    pub fn waiting(&self) -> Option<usize> {
        let files = |queue: &str| {
            let output = Command::new("find")
                .arg(self.dir.path().join("queue").join(queue))
                .args(["-type", "f"])
                .output();
            // A file may go away meanwhile; then it is looked again.
            output.expect("find").stdout.split(|&b| b == b'\n').filter(|name| !name.is_empty()).count()
        };
        (files("incoming") + files("active") == 0).then(|| files("deferred"))
    }

    /// Tries all messages that wait.
    pub fn try_again(&self) {
        self.runs("postqueue", &["-f"]);
    }

    /// Gives up all messages that wait.
    pub fn give_up(&self) {
        self.runs("postsuper", &["-e", "ALL", "deferred"]);
        self.try_again();
    }

    /// Runs one of its programs.
    fn runs(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(Path::new("/usr/sbin").join(program));
        command.arg("-c").arg(self.dir.path().join("etc")).args(arguments);
        let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Stops it; afterwards nothing comes to its log.
    pub fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.runs("postfix", &["stop"]);
            wait_until("postfix ends", || !matches!(self.child.try_wait(), Ok(None)));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its master is a child of the child: `stop` reaches it, also while a test fails.
        if matches!(self.child.try_wait(), Ok(None)) {
            let mut command = Command::new(PROGRAM);
            let _ = command.arg("-c").arg(self.dir.path().join("etc")).arg("abort").output();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main_cf(dir: &Path, sink: SocketAddrV4) -> String {
    let dir = dir.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
mail_spool_directory = {dir}/mail/
maillog_file = {dir}/mail.log
maillog_file_prefixes = /
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
default_database_type = texthash
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination = local.example
alias_maps =
alias_database =
biff = no
local_recipient_maps = inline:{{mail=known}}
relay_domains = relay.example
relay_recipient_maps = inline:{{{{known@relay.example=known}}, {{put-off@relay.example=known}}}}
relayhost = [{sink_ip}]:{sink_port}
transport_maps = inline:{{{{discard.example=discard:}}, {{error.example=error:5.7.1 not here}}, \
         {{closed.example=smtp:[127.0.0.1]:1}}}}
smtp_tls_security_level = none
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_recipient_restrictions = check_recipient_access inline:{{{{put-off@relay.example=450 4.2.0 later}}}}
smtpd_relay_restrictions = check_sender_access inline:{{{{relay@example.com=OK}}, {{gone.550.5.1.1@example.com=OK}}}},
  reject_unauth_destination
header_checks = regexp:{dir}/etc/headers
queue_run_delay = 1000s
minimal_backoff_time = 1000s
",
        sink_ip = sink.ip(),
        sink_port = sink.port()
    )
}

/// Nothing runs in a chroot, which would want copies of files of the system.
const SERVICES: &str = "\
pickup     unix  n  -  n  60    1  pickup
cleanup    unix  n  -  n  -     0  cleanup
qmgr       unix  n  -  n  300   1  qmgr
rewrite    unix  -  -  n  -     -  trivial-rewrite
bounce     unix  -  -  n  -     0  bounce
defer      unix  -  -  n  -     0  bounce
trace      unix  -  -  n  -     0  bounce
verify     unix  -  -  n  -     1  verify
flush      unix  n  -  n  1000? 0  flush
proxymap   unix  -  -  n  -     -  proxymap
proxywrite unix  -  -  n  -     1  proxymap
smtp       unix  -  -  n  -     -  smtp
relay      unix  -  -  n  -     -  smtp
  -o syslog_name=postfix/$service_name
showq      unix  n  -  n  -     -  showq
error      unix  -  -  n  -     -  error
retry      unix  -  -  n  -     -  error
discard    unix  -  -  n  -     -  discard
local      unix  -  n  n  -     -  local
virtual    unix  -  n  n  -     -  virtual
anvil      unix  -  -  n  -     1  anvil
scache     unix  -  -  n  -     1  scache
postlog    unix-dgram n - n -   1  postlogd
";
