use std::net::SocketAddrV4;

use crate::support::conversation::Conversation;

/// A client that has said EHLO.
pub struct Client(Conversation);

/// What the server replied: its code, and the text of its last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Client {
    /// Waits until the server listens.
    pub fn connect(address: SocketAddrV4, helo: &str) -> Self {
        Self::greeted(Conversation::connect(address), &format!("EHLO {helo}"))
    }

    /// The same of LMTP.
    pub fn lmtp(address: SocketAddrV4) -> Self {
        Self::greeted(Conversation::connect(address), "LHLO client.example")
    }

    /// With TLS: openssl reads the greeting and says STARTTLS.
    pub fn connect_tls(address: SocketAddrV4, helo: &str) -> Self {
        let mut client = Self(Conversation::by_openssl(address, &["-starttls", "smtp"]));
        assert_eq!(client.says(&format!("EHLO {helo}")).code, 250);
        client
    }

    fn greeted(conversation: Conversation, hello: &str) -> Self {
        let mut client = Self(conversation);
        assert_eq!(client.reply("the greeting").code, 220);
        assert_eq!(client.says(hello).code, 250, "{hello}");
        client
    }

    /// Says one command.
    pub fn says(&mut self, command: &str) -> Reply {
        self.0.write(&format!("{command}\r\n"));
        self.reply(command)
    }

    /// Sends a message, whose lines are not to begin with a dot, and ends it. The reply is that to its end, of LMTP that for
    /// the first recipient.
    pub fn data(&mut self, message: &str) -> Reply {
        let reply = self.says("DATA");
        assert_eq!(reply.code, 354, "{reply:?}");
        self.says(&format!("{message}."))
    }

    /// One more reply to the same command.
    pub fn reply(&mut self, to: &str) -> Reply {
        loop {
            let line = self.0.line();
            assert!(line.len() > 4 && line.is_char_boundary(4), "no reply to {to}: {line:?}");
            let (code, text) = line.split_at(4);
            if let Some(code) = code.strip_suffix(' ') {
                let code = code.parse().unwrap_or_else(|_| panic!("the reply to {to}: {line:?}"));
                return Reply { code, text: text.trim_end().to_owned() };
            }
        }
    }
}
