//! Browsers without a window: what tests ask of any, and Chromium, driven through chromedriver: WebDriver is JSON over HTTP.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait_until;

/// How long a browser may take for an answer. On a machine that stands still for a while, a browser stands still too.
pub const ANSWER: Duration = Duration::from_secs(300);

/// A browser of a test's own.
pub trait Browser {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Loads an address and waits until all of the page is there.
    fn visit(&self, url: &str);

    /// What a function's body returns.
    fn run(&self, script: &str) -> Value;

    /// As [`Browser::run`], at a moment at which the page may be replaced by the next one; `None`: it could not be asked.
    fn try_run(&self, script: &str) -> Option<Value>;

    /// The size of the window's inside in CSS pixels, and the system's theme: `light` or `dark`.
    fn look(&self, width: u32, height: u32, theme: &str);

    /// What hands do: a list of sources of input, as WebDriver's actions have it.
    fn act(&self, actions: &Value);

    /// What was written to the console since the last call.
    fn console(&self) -> Vec<String>;

    /// May pages that are loaded from now on run scripts?
    fn scripts(&self, are_allowed: bool);

    /// The whole page as a PNG in base64.
    fn screenshot(&self) -> String;

    /// What an element is to who does not see it.
    fn role(&self, selector: &str) -> String;

    /// Loads a page.
    fn open(&self, page: &Path) {
        self.visit(&address(page));
    }

    /// Presses keys, one after the other: letters, or those that WebDriver has numbers for.
    fn press(&self, keys: &str) {
        let one = |key: char| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let actions: Vec<Value> = keys.chars().flat_map(one).collect();
        self.act(&json!([{ "type": "key", "id": "keys", "actions": actions }]));
    }

    /// Moves the mouse to a place of the window's inside.
    fn point(&self, x: f64, y: f64) {
        let at = json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x.round(), "y": y.round() });
        self.act(&json!([{ "type": "pointer", "id": "mouse", "actions": [at] }]));
    }

    /// Clicks there.
    fn click(&self, x: f64, y: f64) {
        let at = json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x.round(), "y": y.round() });
        let down = json!({ "type": "pointerDown", "button": 0 });
        let up = json!({ "type": "pointerUp", "button": 0 });
        self.act(&json!([{ "type": "pointer", "id": "mouse", "actions": [at, down, up] }]));
    }
}

/// The numbers that WebDriver has for keys.
pub mod key {
    pub const TAB: &str = "\u{e004}";
    pub const ESCAPE: &str = "\u{e00c}";
    pub const END: &str = "\u{e010}";
    pub const HOME: &str = "\u{e011}";
    pub const LEFT: &str = "\u{e012}";
    pub const RIGHT: &str = "\u{e014}";
}

/// The address of a file: of what is not plain in a path, each byte by its number.
pub fn address(page: &Path) -> String {
    let mut url = "file://".to_owned();
    for byte in page.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                url.push(char::from(*byte))
            }
            other => url += &format!("%{other:02X}"),
        }
    }
    url
}

/// The name that WebDriver has for an element that a script returned.
pub fn element(value: &Value) -> String {
    let names = value.as_object().and_then(|names| names.values().next());
    names.and_then(Value::as_str).unwrap_or_else(|| panic!("no element: {value}")).to_owned()
}

/// Chromium; it ends with its test.
pub struct Chromium {
    driver: Child,
    chromium: Child,
    port: u16,
    session: String,
    _home: TempDir,
}

impl Chromium {
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
            "timeouts": { "script": ANSWER.as_millis() as u64 },
        }}});
        let answer = browser.request("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// What its developers' tools do.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.request("POST", &format!("/session/{}/{command}", self.session), body)
    }

    /// The `value` of the answer; panics if it is an error.
    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_request(method, path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The `value` of the answer, or what it says is wrong.
    fn try_request(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver");
        stream.set_read_timeout(Some(ANSWER)).expect("a timeout");
        // Written at once: pieces would each wait for the other side to say that it has the one before.
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("a request");
        let answer = answer(&mut stream).unwrap_or_else(|error| panic!("{path}: {error}"));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let value = &answer["value"];
        if value["error"].is_null() { Ok(value.clone()) } else { Err(value.clone()) }
    }
}

impl Browser for Chromium {
    fn name(&self) -> &'static str {
        "Chromium"
    }

    fn visit(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn try_run(&self, script: &str) -> Option<Value> {
        // Not by chromedriver's own command for scripts, which waits until the page has come that is on its way.
        let wanted = json!({ "expression": format!("(() => {{ {script} }})()"), "returnByValue": true });
        let path = format!("/session/{}/goog/cdp/execute", self.session);
        let asked = json!({ "cmd": "Runtime.evaluate", "params": wanted });
        let answer = self.try_request("POST", &path, &asked).ok()?;
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        Some(answer["result"]["value"].clone())
    }

    fn look(&self, width: u32, height: u32, theme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let features = [("prefers-color-scheme", theme), ("prefers-reduced-motion", "reduce")];
        let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    fn act(&self, actions: &Value) {
        self.post("actions", &json!({ "actions": actions }));
    }

    fn console(&self) -> Vec<String> {
        let said = self.post("se/log", &json!({ "type": "browser" }));
        said.as_array().into_iter().flatten().map(Value::to_string).collect()
    }

    fn scripts(&self, are_allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": !are_allowed }));
    }

    fn role(&self, selector: &str) -> String {
        let id = element(&self.run(&format!("return document.querySelector('{selector}')")));
        let path = format!("/session/{}/element/{id}/computedrole", self.session);
        self.request("GET", &path, &Value::Null).as_str().expect("a role").to_owned()
    }

    fn screenshot(&self) -> String {
        let wanted = json!({ "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", &wanted);
        picture["data"].as_str().expect("base64").to_owned()
    }
}

/// The body of an HTTP answer.
fn answer(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let headers = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.expect("a length").trim().parse().expect("a number");
            if bytes.len() >= head + 4 + length {
                return Ok(bytes[head + 4..head + 4 + length].to_vec());
            }
        }
        match stream.read(&mut part) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "chromedriver broke off")),
            Ok(n) => bytes.extend_from_slice(&part[..n]),
            // So ends a wait with a time-out in a process that was stopped and goes on: signal(7).
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

impl Drop for Chromium {
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
