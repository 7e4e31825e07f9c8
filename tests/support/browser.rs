//! Chromium without a window, driven through chromedriver: WebDriver is JSON over HTTP.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait_until;

/// A browser of its own for a test; it ends with it.
pub struct Browser {
    driver: Child,
    chromium: Child,
    port: u16,
    session: String,
    _home: TempDir,
}

impl Browser {
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("maillogs-browser-").tempdir().expect("a directory");
        let said = home.path().join("chromedriver.txt");
        let driver = Command::new("chromedriver")
            // A port that is free; which one it says.
            .arg("--port=0")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(File::create(&said).expect("a file"))
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver; scripts/deps.sh installs it");
        let profile = home.path().join("profile");
        // Started here, so that chromedriver is told an address: a bare root file system does not know the name localhost.
        let arguments = [
            "--headless",
            "--remote-debugging-port=0",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let chromium = Command::new("chromium")
            .args(arguments)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium; scripts/deps.sh installs it");
        let mut browser = Self { driver, chromium, port: 0, session: String::new(), _home: home };
        wait_until("chromedriver says its port", || {
            let text = fs::read_to_string(&said).unwrap_or_default();
            let port = text
                .split_once("started successfully on port ")
                .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
            port.is_some_and(|port| {
                browser.port = port;
                true
            })
        });
        let mut debugged = 0u16;
        wait_until("Chromium says its port", || {
            let text = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
            let port = text.lines().next().and_then(|port| port.parse().ok());
            port.is_some_and(|port| {
                debugged = port;
                true
            })
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "debuggerAddress": format!("127.0.0.1:{debugged}") },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let answer = browser.request("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// Loads a page and waits until all of it is there, but for lazy pictures.
    pub fn open(&self, page: &Path) {
        self.post("url", &json!({ "url": format!("file://{}", page.display()) }));
    }

    /// What a function's body returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What it hands to the callback that is its last argument.
    pub fn run_later(&self, script: &str) -> Value {
        self.post("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// The size of the window's inside in CSS pixels, and the system's theme: `light` or `dark`.
    pub fn look(&self, width: u32, height: u32, theme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.devtools("Emulation.setEmulatedMedia", &feature);
    }

    /// What was written to the console since the last call.
    pub fn console(&self) -> Vec<Value> {
        self.post("se/log", &json!({ "type": "browser" })).as_array().cloned().unwrap_or_default()
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.request("POST", &format!("/session/{}/{command}", self.session), body)
    }

    /// The `value` of the answer; panics if it is an error.
    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .expect("a request");
        let answer = answer(&mut stream);
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let value = answer["value"].clone();
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }
}

/// The body of an HTTP answer.
fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let headers = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.expect("a length").trim().parse().expect("a number");
            if bytes.len() >= head + 4 + length {
                return bytes[head + 4..head + 4 + length].to_vec();
            }
        }
        match stream.read(&mut part).expect("an answer") {
            0 => panic!("chromedriver broke off"),
            n => bytes.extend_from_slice(&part[..n]),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without a panic in a panic: the browser ends with its session.
        if !self.session.is_empty()
            && let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port))
        {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = write!(stream, "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", self.session);
            let _ = stream.read(&mut [0; 1_024]);
        }
        for program in [&mut self.driver, &mut self.chromium] {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}
