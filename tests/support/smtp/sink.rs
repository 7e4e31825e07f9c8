use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::from_base64;

/// A mail server that keeps nothing but the list of what it was asked and what it answered.
///
/// It takes every recipient but those whose local part has a code: `NAME.451.4.2.1@…` is answered `451 4.2.1`. Of a NAME
/// that begins with `once-` only the first time; with `dot-` it is not the recipient that is answered so, but the message's
/// end. AUTH PLAIN succeeds with the password `right`. Dropped, it listens no longer.
pub struct Sink {
    address: SocketAddrV4,
    seen: Arc<Seen>,
    listener: Option<JoinHandle<()>>,
}

/// One message, or the attempt to hand one over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub sender: String,
    /// Each with the code of the reply.
    pub recipients: Vec<(String, u16)>,
    /// The code of the reply to its end, if it came so far.
    pub end: Option<u16>,
}

impl Transaction {
    /// Each recipient with the code that he got in the end, and none that was lost with the connection.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, u16)> {
        self.recipients.iter().filter_map(|(recipient, code)| match (code, self.end) {
            (250, Some(end)) => Some((recipient.as_str(), end)),
            (250, None) => None,
            (code, _) => Some((recipient.as_str(), *code)),
        })
    }
}

#[derive(Default)]
struct Seen {
    transactions: Mutex<Vec<Transaction>>,
    once: Mutex<BTreeSet<String>>,
    ends: AtomicBool,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let Ok(SocketAddr::V4(address)) = listener.local_addr() else { panic!("an address") };
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.ends.load(Ordering::SeqCst) {
                    return;
                }
                let (seen, stream) = (Arc::clone(&shared), stream.expect("a connection"));
                // A client that goes away in the midst of a session is no fault of the test.
                std::thread::spawn(move || drop(serve(&seen, &stream)));
            }
        });
        Self { address, seen, listener: Some(listener) }
    }

    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// All of them so far, in the order in which they began.
    pub fn transactions(&self) -> Vec<Transaction> {
        self.seen.transactions.lock().expect("the list").clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.seen.ends.store(true, Ordering::SeqCst);
        // To be heard.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// What an address asks for: a code and an enhanced status.
fn asked(address: &str) -> Option<(u16, String)> {
    let mut parts = address.split('@').next()?.split('.').skip(1);
    let code = parts.next()?.parse().ok()?;
    Some((code, parts.collect::<Vec<_>>().join(".")))
}

impl Seen {
    fn begins(&self, sender: &str) -> usize {
        let mut transactions = self.transactions.lock().expect("the list");
        transactions.push(Transaction { sender: sender.into(), recipients: Vec::new(), end: None });
        transactions.len() - 1
    }

    fn change<T>(&self, at: usize, change: impl FnOnce(&mut Transaction) -> T) -> T {
        change(&mut self.transactions.lock().expect("the list")[at])
    }

    fn recipient(&self, address: &str) -> (u16, String) {
        let is_again =
            address.starts_with("once-") && !self.once.lock().expect("the set").insert(address.into());
        let wanted = asked(address).filter(|_| !is_again && !address.starts_with("dot-"));
        wanted.unwrap_or((250, "2.1.5".into()))
    }
}

/// What stands between `<` and `>`.
fn path(line: &str) -> &str {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path)
}

fn serve(seen: &Seen, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (mut lines, mut out) = (BufReader::new(stream).split(b'\n'), stream);
    let mut says = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    says("220 sink.example ESMTP")?;
    let mut at = None;
    while let Some(line) = lines.next().transpose()? {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        match (verb.as_str(), at) {
            ("EHLO", _) => says("250-sink.example\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN")?,
            ("AUTH", _) => {
                let words = from_base64(line.rsplit(' ').next().unwrap_or_default());
                says(if words.ends_with(b"\0right") { "235 2.7.0 yes" } else { "535 5.7.8 no" })?;
            }
            ("MAIL", _) => {
                at = Some(seen.begins(path(&line)));
                says("250 2.1.0 ok")?;
            }
            ("RCPT", Some(at)) => {
                let (code, status) = seen.recipient(path(&line));
                seen.change(at, |t| t.recipients.push((path(&line).into(), code)));
                says(&format!("{code} {status} as the address asks"))?;
            }
            ("DATA", Some(at)) => {
                if seen.change(at, |t| t.recipients.iter().all(|(_, code)| *code != 250)) {
                    says("554 5.5.1 no recipients")?;
                    continue;
                }
                says("354 go on")?;
                while lines.next().transpose()?.is_some_and(|line| line != b".\r") {}
                let (code, status) = seen.change(at, |t| {
                    let mut dots = t.recipients.iter().filter(|(to, _)| to.starts_with("dot-"));
                    let end = dots.find_map(|(to, _)| asked(to)).unwrap_or((250, "2.0.0".into()));
                    t.end = Some(end.0);
                    end
                });
                says(&format!("{code} {status} as the address asks"))?;
            }
            ("QUIT", _) => return says("221 2.0.0 bye"),
            (_, _) => says("250 2.0.0 ok")?,
        }
    }
    Ok(())
}
