//! Lines to and fro with a server, in plain text or through openssl(1); and addresses for servers of a test's own.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use super::wait_until;

/// An address that no other living process uses, because it is made of our id: all of 127.0.0.0/8 is this machine.
/// The next port is free too. Both are below those that Linux gives to clients.
pub fn address() -> SocketAddrV4 {
    static PORT: AtomicU16 = AtomicU16::new(10_143);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 + high % 64, middle, low);
    SocketAddrV4::new(ip, PORT.fetch_add(2, Ordering::Relaxed))
}

/// A connection. Dropped, it is closed.
pub struct Conversation {
    read: BufReader<Box<dyn Read>>,
    write: Option<Box<dyn Write>>,
    openssl: Option<Child>,
}

impl Conversation {
    /// Waits until somebody listens there.
    pub fn connect(address: SocketAddrV4) -> Self {
        let mut stream = None;
        wait_until(&format!("somebody listens at {address}"), || match TcpStream::connect(address) {
            Ok(connected) => stream.replace(connected).is_none(),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => false,
            Err(error) => panic!("{address}: {error}"),
        });
        let stream = stream.expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
        let write = Box::new(stream.try_clone().expect("the same connection"));
        Self { read: BufReader::new(Box::new(stream)), write: Some(write), openssl: None }
    }

    /// Through `openssl s_client` with these options. A server that does not answer is not waited for endlessly.
    pub fn by_openssl(address: SocketAddrV4, options: &[&str]) -> Self {
        let mut command = Command::new("timeout");
        command.args(["60", "openssl", "s_client", "-quiet"]).args(options).arg("-connect");
        command.arg(address.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl");
        let read = Box::new(child.stdout.take().expect("a pipe"));
        let write = Box::new(child.stdin.take().expect("a pipe"));
        Self { read: BufReader::new(read), write: Some(write), openssl: Some(child) }
    }

    /// The next line, with its end; empty where the server has closed.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.read.read_line(&mut line).expect("a line from the server");
        line
    }

    /// All that comes until the server closes.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.read.read_to_string(&mut rest).expect("the rest from the server");
        rest
    }

    pub fn write(&mut self, text: &str) {
        let write = self.write.as_mut().expect("a connection");
        write.write_all(text.as_bytes()).expect("the server reads");
        write.flush().expect("the server reads");
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.write.take());
        if let Some(openssl) = &mut self.openssl {
            if std::thread::panicking() {
                let _ = openssl.kill();
            }
            let _ = openssl.wait();
        }
    }
}
