//! Real rspamd in the foreground, with rules of the test's own, and a client that asks it for verdicts over HTTP.

use std::fs::{self, File};
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::conversation::{Conversation, address};
use super::{process, wait_until};

/// A running rspamd. Dropped, it is stopped.
///
/// Each of its ports says the same of a message: a header `X-Score: N` gives it N points, `X-Action: A` forces the action A,
/// and with `X-Ask: NAME` it asks the DNS once.
pub struct Rspamd {
    child: Child,
    scanner: SocketAddrV4,
    proxy: SocketAddrV4,
    controller: SocketAddrV4,
    _dir: TempDir,
}

/// Which of its workers is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    Scanner,
    /// It scans by itself, as it does for a mail server's milter.
    Proxy,
    Controller,
}

/// What it does. Whoever learns is alone: the others would lock what is learned while they read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Scans,
    Learns,
}

const RULES: &str = r"
rspamd_config:register_symbol({ name = 'POINTS', type = 'normal', score = 1.0, callback = function(task)
  local points, action = task:get_header('X-Score'), task:get_header('X-Action')
  local name = task:get_header('X-Ask')
  if points then task:insert_result('POINTS', tonumber(points), 'as it says') end
  if action then task:set_pre_result(action, 'as it says', 'test') end
  if name then
    task:get_resolver():resolve_a({ task = task, name = name, callback = function() end })
  end
end })
";

/// The version of the program, as `3.12.1`.
pub fn version() -> String {
    let output = Command::new("rspamd").arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("rspamd: {error}: run `make deps-test`"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().last().expect("a version").to_owned()
}

impl Rspamd {
    /// Does this work. With these lines in its section `logging`, beside the form of verdicts that the package has. `console` gets what it
    /// writes to its standard output and error.
    pub fn start(work: Work, logging: &str, console: &File) -> Self {
        let dir = tempfile::Builder::new().prefix("rspamd-").tempdir().expect("a directory");
        let [scanner, proxy, controller] = [address(), address(), address()];
        fs::write(dir.path().join("rules.lua"), RULES).expect("rules.lua");
        // The list of all top-level domains takes seconds to read.
        fs::write(dir.path().join("tld"), "com\norg\nexample\n").expect("tld");
        let config = dir.path().join("rspamd.conf");
        fs::write(&config, configuration(dir.path(), [scanner, proxy, controller], work, logging))
            .expect("its file");
        let mut command = Command::new("rspamd");
        if nix::unistd::geteuid().is_root() {
            command.arg("--insecure");
        }
        command.arg("-f").arg("-c").arg(config).env("TZ", "UTC").current_dir(dir.path());
        let console = || console.try_clone().expect("the same file");
        let child = command.stdin(Stdio::null()).stdout(console()).stderr(console()).spawn();
        let child = child.unwrap_or_else(|error| panic!("rspamd: {error}: run `make deps-test`"));
        let rspamd = Self { child, scanner, proxy, controller, _dir: dir };
        let workers: &[Worker] = match work {
            Work::Scans => &[Worker::Scanner, Worker::Proxy, Worker::Controller],
            Work::Learns => &[Worker::Controller],
        };
        for worker in workers.iter().copied() {
            drop(Conversation::connect(rspamd.address(worker)));
        }
        rspamd
    }

    fn address(&self, worker: Worker) -> SocketAddrV4 {
        match worker {
            Worker::Scanner => self.scanner,
            Worker::Proxy => self.proxy,
            Worker::Controller => self.controller,
        }
    }

    /// What a worker says of `message`; `what` is `checkv2`, `learnspam` or `learnham`.
    pub fn ask(&self, worker: Worker, what: &str, message: &str) -> Value {
        let mut connection = Conversation::connect(self.address(worker));
        connection.write(&format!(
            "POST /{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nFrom: a@example.com\r\nRcpt: b@example.org\r\n\
             IP: 192.0.2.7\r\nContent-Length: {}\r\n\r\n{message}",
            message.len()
        ));
        let reply = connection.rest();
        let (_, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{what}: {reply:?}"));
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{what}: {error}: {reply:?}"))
    }

    /// Stops it; afterwards it has closed its log.
    pub fn stop(mut self) {
        self.terminate();
    }

    fn terminate(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            process::send("TERM", self.child.id());
            wait_until("rspamd ends", || !matches!(self.child.try_wait(), Ok(None)));
        }
    }
}

impl Drop for Rspamd {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.terminate();
        }
        // Its workers do not end when the main process is killed.
        process::kill_with_children(&mut self.child);
    }
}

fn configuration(
    dir: &Path,
    [scanner, proxy, controller]: [SocketAddrV4; 3],
    work: Work,
    logging: &str,
) -> String {
    let dir = dir.display();
    let worked = match work {
        Work::Scans => format!(
            "worker \"normal\" {{
  bind_socket = \"{scanner}\";
  count = 1;
}}
worker \"rspamd_proxy\" {{
  bind_socket = \"{proxy}\";
  count = 1;
  upstream \"local\" {{
    default = yes;
    self_scan = yes;
  }}
}}"
        ),
        Work::Learns => format!(
            "classifier \"bayes\" {{
  tokenizer {{
    name = \"osb\";
  }}
  backend = \"sqlite3\";
  min_tokens = 11;
  min_learns = 100;
  cache {{
    path = \"{dir}/learned.sqlite\";
  }}
  statfile {{
    symbol = \"BAYES_HAM\";
    path = \"{dir}/ham.sqlite\";
    spam = false;
  }}
  statfile {{
    symbol = \"BAYES_SPAM\";
    path = \"{dir}/spam.sqlite\";
    spam = true;
  }}
}}"
        ),
    };
    // What would be waited for is short: nobody answers for the DNS.
    format!(
        "options {{
  filters = \"\";
  cache_file = \"{dir}/cache\";
  history_file = \"{dir}/history\";
  tempdir = \"{dir}\";
  url_tld = \"{dir}/tld\";
  control_socket = \"{dir}/control\";
  hs_cache_dir = \"{dir}\";
  disable_hyperscan = true;
  dns {{
    nameserver = [\"127.0.0.1\"];
    timeout = 0.1s;
    retransmits = 1;
  }}
}}
logging {{
  .include \"/etc/rspamd/logging.inc\"
  {logging}
}}
worker \"controller\" {{
  bind_socket = \"{controller}\";
  secure_ip = [\"127.0.0.0/8\"];
}}
{worked}
actions {{
  reject = 15;
  \"look closer\" = 10;
  \"rewrite subject\" = 8;
  \"add header\" = 6;
  greylist = 4;
  quarantine {{
    flags = [\"no_threshold\"];
  }}
  discard {{
    flags = [\"no_threshold\"];
  }}
}}
lua = \"{dir}/rules.lua\";
"
    )
}
