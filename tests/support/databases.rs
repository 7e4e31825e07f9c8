//! Real databases for samples, and what a collector of a host is: VictoriaMetrics, Prometheus' node_exporter and promtool.

use std::fs::File;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::conversation::{Conversation, address};
use super::{process, wait_until};

/// A server of a test's own. Dropped, it is killed.
pub struct Server {
    child: Child,
    pub address: SocketAddrV4,
}

impl Server {
    fn start(mut command: Command, address: SocketAddrV4, log: &Path) -> Self {
        let log = || File::options().create(true).append(true).open(log).expect("a log");
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{program}: {error}: run `make deps-test`"));
        let server = Self { child, address };
        drop(Conversation::connect(address));
        server
    }

    fn says(&self, path: &str) -> String {
        let mut connection = Conversation::connect(self.address);
        connection.write(&format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address));
        connection.rest()
    }

    /// What it says to `GET PATH`.
    pub fn get(&self, path: &str) -> String {
        let reply = self.says(path);
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {reply:?}"));
        assert!(head.starts_with("HTTP/1.") && head.contains(" 200 "), "{path}: {head}\n{body}");
        body.to_owned()
    }

    /// Loss of power.
    pub fn kill(mut self) {
        process::send("KILL", self.child.id());
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// VictoriaMetrics, with its data in `dir`.
pub fn victoria_metrics(dir: &Path) -> Server {
    let address = address();
    let mut command = Command::new("victoria-metrics");
    command.arg(format!("-httpListenAddr={address}")).arg(format!("-storageDataPath={}", dir.display()));
    command.args(["-retentionPeriod=50y", "-loggerLevel=WARN"]);
    Server::start(command, address, &dir.with_extension("log"))
}

/// node_exporter, which reads `*.prom` in `dir` and nothing else.
pub fn node_exporter(dir: &Path) -> Server {
    let address = address();
    let mut command = Command::new("prometheus-node-exporter");
    command.args(["--collector.disable-defaults", "--collector.textfile"]);
    command.arg(format!("--collector.textfile.directory={}", dir.display()));
    command.arg(format!("--web.listen-address={address}"));
    Server::start(command, address, &dir.with_extension("log"))
}

/// Prometheus, with the data in `dir` and this configuration.
pub fn prometheus(dir: &Path, config: &Path) -> Server {
    let address = address();
    let mut command = Command::new("prometheus");
    command.arg(format!("--storage.tsdb.path={}", dir.display()));
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--web.listen-address={address}"));
    command.args(["--storage.tsdb.retention.time=50y", "--log.level=warn"]);
    let server = Server::start(command, address, &dir.with_extension("log"));
    wait_until("Prometheus is ready", || server.says("/-/ready").starts_with("HTTP/1.0 200 "));
    server
}

/// Runs promtool with these words and `input`.
pub fn promtool(words: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = Command::new("promtool")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error}: run `make deps-test`"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("promtool");
    writer.join().expect("writing");
    output
}

/// The series that an instant query of Prometheus' API finds now.
pub fn series(server: &Server, query: &str) -> Vec<Value> {
    let escaped: String = query.bytes().map(|b| format!("%{b:02X}")).collect();
    let reply: Value =
        serde_json::from_str(&server.get(&format!("/api/v1/query?query={escaped}"))).expect("JSON");
    assert_eq!(reply["status"], "success", "{query}: {reply}");
    reply["data"]["result"].as_array().expect("a result").clone()
}

/// The number that an instant query of Prometheus' API gives at `time`; `None`: no series.
pub fn number(server: &Server, query: &str, time: i64) -> Option<f64> {
    let escaped: String = query.bytes().map(|b| format!("%{b:02X}")).collect();
    let reply = server.get(&format!("/api/v1/query?query={escaped}&time={time}&nocache=1"));
    let reply: Value =
        serde_json::from_str(&reply).unwrap_or_else(|error| panic!("{query}: {error}: {reply}"));
    assert_eq!(reply["status"], "success", "{query}: {reply}");
    let result = reply["data"]["result"].as_array().expect("a result");
    assert!(result.len() < 2, "{query}: {reply}");
    let value = result.first()?["value"][1].as_str().expect("a value");
    Some(value.parse().unwrap_or_else(|error| panic!("{query}: {error}: {value}")))
}

/// A file that curl(1) can be given as its configuration, so that it sends its input to `url`.
pub fn curl_to(url: &str) -> Vec<String> {
    let words =
        ["curl", "--silent", "--show-error", "--fail", "--max-time", "60", "--data-binary", "@-", url];
    words.map(str::to_owned).to_vec()
}

/// Where promtool makes the blocks of a Prometheus.
pub fn blocks(openmetrics: &Path, into: &Path) -> PathBuf {
    let words = ["tsdb", "create-blocks-from", "openmetrics", "--quiet"];
    let output = Command::new("promtool").args(words).arg(openmetrics).arg(into).output().expect("promtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    into.to_owned()
}
