//! Pages by templates of `templates_dir`, made in a process of their own.
//!
//! The user who may write there need not be the one who runs maillogs, and a template may go on for ever, or double a
//! text until all memory is used. The engine counts steps, but not memory. So such a template is rendered by a copy
//! of this program with bounds that the system keeps, which has given up root's rights for good; what ends it ends
//! that page and nothing else.
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use minijinja::Value;
use serde::{Deserialize, Serialize};

use super::templates::{MAX_PAGE, Own, Templates};
use crate::error::words;

/// The only argument of such a process. No word of the command line begins so.
pub const ARGUMENT: &str = "--render-a-page-of-stdin";

/// The memory of such a process, in bytes; an ordinary page needs two or three million.
const MEMORY: u64 = 512 << 20;
/// Its addresses, in bytes: libraries take many and use few.
const ADDRESSES: u64 = 4 << 30;
/// Its time on a processor, in seconds; an ordinary page needs some milliseconds.
const SECONDS: u64 = 10;

/// The input of such a process.
#[derive(Serialize, Deserialize)]
struct Order<T> {
    own: Vec<Own>,
    page: String,
    context: T,
}

/// The output of such a process.
#[derive(Serialize, Deserialize)]
struct Done {
    html: Option<String>,
    problem: Option<String>,
}

/// As [`Templates::by_own`], in a process of its own.
pub(super) fn by_own(templates: &Templates, page: &str, context: &Value) -> Result<String, String> {
    let failed = |what: &str| format!("{}: {what}", templates.files());
    let order = Order { own: templates.own.clone(), page: page.to_owned(), context };
    let order = serde_json::to_vec(&order).map_err(|e| failed(&e.to_string()))?;
    let this = Path::new("/proc/self/exe");
    let this = match this.exists() {
        true => Ok(this.to_owned()),
        false => std::env::current_exe(),
    };
    let child = this.and_then(|this| {
        Command::new(this)
            .arg0("maillogs")
            .arg(ARGUMENT)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    });
    let mut child =
        child.map_err(|e| failed(&format!("cannot start a process to make the page: {}", words(&e))))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let feed = move || stdin.map(|mut stdin| stdin.write_all(&order));
    let feeder = std::thread::Builder::new().spawn(feed);
    let mut bytes = Vec::new();
    // In JSON a character of a page takes up to six bytes.
    let read = stdout.map(|out| out.take(6 * MAX_PAGE as u64 + 1_024).read_to_end(&mut bytes));
    let _ = child.kill();
    let ended = child.wait();
    let _ = feeder.map(std::thread::JoinHandle::join);
    let done = match (read, ended) {
        (Some(Ok(_)), Ok(_)) => serde_json::from_slice::<Done>(&bytes).ok(),
        _ => None,
    };
    match done {
        Some(Done { html: Some(html), .. }) => Ok(html),
        Some(Done { problem: Some(problem), .. }) => Err(problem),
        _ => Err(failed(&format!(
            "{page} needs more than {} MiB of memory or {SECONDS} seconds",
            MEMORY >> 20
        ))),
    }
}

/// What such a process does. `false`: it could not be done.
pub fn render() -> bool {
    renounce_and_bound().and_then(|()| answer(io::stdin().lock(), io::stdout().lock())).is_ok()
}

/// Gives up what root's rights may be left, and sets the bounds.
fn renounce_and_bound() -> io::Result<()> {
    use nix::sys::resource::{Resource, setrlimit};
    #[cfg(not(target_vendor = "apple"))]
    {
        use nix::unistd::{getegid, geteuid, setresgid, setresuid};
        let (uid, gid) = (geteuid(), getegid());
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_CPU, SECONDS, SECONDS)?;
    setrlimit(Resource::RLIMIT_DATA, MEMORY, MEMORY)?;
    setrlimit(Resource::RLIMIT_AS, ADDRESSES, ADDRESSES)?;
    Ok(())
}

fn answer(from: impl Read, mut to: impl Write) -> io::Result<()> {
    let order: Order<serde_json::Value> = serde_json::from_reader(from)?;
    let templates = Templates::with(order.own);
    let done = match templates.by_own(&order.page, &Value::from_serialize(&order.context)) {
        Ok(html) => Done { html: Some(html), problem: None },
        Err(problem) => Done { html: None, problem: Some(problem) },
    };
    to.write_all(&serde_json::to_vec(&done)?)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn what_goes_through_the_pipes_is_what_is_made_here() {
        let text = "{{ host }} {{ graphs[0].title }} {% if none is none %}-{% endif %} {{ n + 1 }}";
        let own = vec![Own { name: "index.html".into(), path: "/t/index.html".into(), text: text.into() }];
        let context = context! { host => "a<b", graphs => [context! { title => "ä \u{1f4ec}" }], none => (), n => u64::MAX };
        let order = Order { own: own.clone(), page: "index.html".into(), context: context.clone() };
        let mut bytes = Vec::new();
        answer(&serde_json::to_vec(&order).unwrap()[..], &mut bytes).unwrap();
        let done: Done = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(done.html.as_deref(), Some("a&lt;b ä \u{1f4ec} - 18446744073709551616"));
        assert_eq!(done.html.unwrap(), Templates::with(own).by_own("index.html", &context).unwrap());
    }
}
