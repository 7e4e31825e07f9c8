//! Firefox without a window, driven by Marionette, its own protocol: JSON over TCP, each message after its length and a colon.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::browser::{ANSWER, Browser, element};
use super::wait_until;

/// A Firefox of its own for a test; it ends with it.
pub struct Firefox {
    child: Child,
    stream: RefCell<BufReader<TcpStream>>,
    last: Cell<u64>,
    _home: TempDir,
}

/// It asks nobody outside for anything, and says its port in a file.
const PREFERENCES: &[(&str, &str)] = &[
    ("marionette.port", "0"),
    ("app.update.enabled", "false"),
    ("app.normandy.enabled", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.page", "0"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("extensions.update.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("services.settings.server", "\"data:,\""),
    ("toolkit.telemetry.enabled", "false"),
    ("ui.prefersReducedMotion", "1"),
];

impl Firefox {
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("maillogs-firefox-").tempdir().expect("a directory");
        let profile = home.path().join("profile");
        fs::create_dir(&profile).expect("mkdir");
        let lines = PREFERENCES.iter().map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
        fs::write(profile.join("user.js"), lines.collect::<String>()).expect("user.js");
        let child = Command::new("firefox-esr")
            // The last one lets a test make the page narrower than a window can be.
            .args(["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile"])
            .arg(&profile)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("firefox-esr; scripts/deps.sh installs it");
        // It ends also where what follows fails.
        let mut ended = Ended(Some(child));
        let mut port = 0u16;
        wait_until("Firefox says its port", || {
            let text = fs::read_to_string(profile.join("MarionetteActivePort")).unwrap_or_default();
            port = text.trim().parse().unwrap_or_default();
            port > 0
        });
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("Marionette");
        stream.set_read_timeout(Some(ANSWER)).expect("a timeout");
        let mut stream = BufReader::new(stream);
        let greeting = message(&mut stream);
        assert_eq!(greeting["marionetteProtocol"], json!(3), "{greeting}");
        let child = ended.0.take().expect("a Firefox");
        let firefox = Self { child, stream: RefCell::new(stream), last: Cell::new(0), _home: home };
        firefox.ask("WebDriver:NewSession", &json!({ "capabilities": {} }));
        firefox
    }

    /// What a script returns that may see the browser itself.
    fn inside(&self, script: &str, arguments: &Value) -> Value {
        self.ask("Marionette:SetContext", &json!({ "value": "chrome" }));
        let wanted = json!({ "script": script, "args": arguments, "sandbox": "system" });
        let value = self.ask("WebDriver:ExecuteScript", &wanted);
        self.ask("Marionette:SetContext", &json!({ "value": "content" }));
        value
    }

    fn ask(&self, command: &str, parameters: &Value) -> Value {
        self.try_ask(command, parameters).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// What it answers, or what it says is wrong.
    fn try_ask(&self, command: &str, parameters: &Value) -> Result<Value, Value> {
        let mut stream = self.stream.borrow_mut();
        let number = self.last.get() + 1;
        self.last.set(number);
        let asked = json!([0, number, command, parameters]).to_string();
        let framed = format!("{}:{asked}", asked.len());
        stream.get_mut().write_all(framed.as_bytes()).expect("a command");
        let answer = message(&mut stream);
        assert_eq!(answer[1], json!(number), "{command}: {answer}");
        if !answer[2].is_null() {
            return Err(answer[2].clone());
        }
        Ok(answer[3].get("value").unwrap_or(&answer[3]).clone())
    }
}

impl Browser for Firefox {
    fn name(&self) -> &'static str {
        "Firefox"
    }

    fn visit(&self, url: &str) {
        self.ask("WebDriver:Navigate", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.ask("WebDriver:ExecuteScript", &json!({ "script": script, "args": [], "sandbox": "default" }))
    }

    fn try_run(&self, script: &str) -> Option<Value> {
        let wanted = json!({ "script": script, "args": [], "sandbox": "default" });
        self.try_ask("WebDriver:ExecuteScript", &wanted).ok()
    }

    fn look(&self, width: u32, height: u32, theme: &str) {
        let size = json!({ "width": width.max(500), "height": height + 200 });
        self.ask("WebDriver:SetWindowRect", &size);
        let script = "
            const [width, height, theme] = arguments, browser = gBrowser.selectedBrowser;
            Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', theme === 'dark' ? 0 : 1);
            Object.assign(browser.style, { minWidth: 0, flex: 'none', width: width + 'px', height: height + 'px' });";
        self.inside(script, &json!([width, height, theme]));
        wait_until("Firefox has the size", || {
            self.run("return [innerWidth, innerHeight]") == json!([width, height])
        });
    }

    fn act(&self, actions: &Value) {
        self.ask("WebDriver:PerformActions", &json!({ "actions": actions }));
    }

    fn console(&self) -> Vec<String> {
        let script = "
            const said = Services.console.getMessageArray().filter(m => m instanceof Ci.nsIScriptError);
            Services.console.reset();
            return said.filter(m => /^file:/.test(m.sourceName)).map(m => m.category + ': ' + m.errorMessage);";
        let said = self.inside(script, &json!([]));
        said.as_array().expect("messages").iter().map(|m| m.as_str().expect("text").to_owned()).collect()
    }

    fn scripts(&self, are_allowed: bool) {
        self.inside("Services.prefs.setBoolPref('javascript.enabled', arguments[0])", &json!([are_allowed]));
    }

    fn role(&self, selector: &str) -> String {
        let id = element(&self.run(&format!("return document.querySelector('{selector}')")));
        let role = self.ask("WebDriver:GetComputedRole", &json!({ "id": id }));
        role.as_str().expect("a role").to_owned()
    }

    fn screenshot(&self) -> String {
        let picture = self.ask("WebDriver:TakeScreenshot", &json!({ "full": true, "hash": false }));
        picture.as_str().expect("base64").to_owned()
    }
}

/// The next message.
fn message(stream: &mut BufReader<TcpStream>) -> Value {
    let mut length = Vec::new();
    stream.read_until(b':', &mut length).expect("a length");
    let length = String::from_utf8_lossy(&length);
    let length: usize = length.trim_end_matches(':').parse().expect("a length");
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("a message");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// A process that ends unless it was taken.
struct Ended(Option<Child>);

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        // It takes its helpers along, which a kill would leave behind for a moment.
        let quit = json!([0, u32::MAX, "Marionette:Quit", { "flags": ["eForceQuit"] }]).to_string();
        let sent = write!(self.stream.get_mut().get_mut(), "{}:{quit}", quit.len());
        if sent.is_ok() {
            let _ = self.stream.get_mut().read(&mut [0; 1_024]);
            for _ in 0..1_000 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
