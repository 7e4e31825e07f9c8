//! The stages of a message's way through a mail server, by which the overview is ordered.
use serde::{Deserialize, Serialize};

/// A stage. The order is that of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Who connects to the SMTP port, and who is turned away before a word is said.
    Connections,
    /// What filters let in and turn away.
    Filters,
    /// What waits to be delivered.
    Queue,
    /// What became of each attempt to deliver.
    Deliveries,
    /// Who comes to send or to read mail.
    Logins,
    /// What toaster.conf defines, and what stands in no other stage.
    Own,
}

impl Stage {
    /// All stages, in the order of the page.
    pub const ALL: [Self; 6] =
        [Self::Connections, Self::Filters, Self::Queue, Self::Deliveries, Self::Logins, Self::Own];
}
