//! Whoever reads streams: several of them read one stream together.
use super::intake::Intake;
use super::job::Job;
use crate::protocol::LogKind;

/// One that reads streams: an advance, or a query.
pub struct Reader<'r, 'j> {
    /// The job that this reader belongs to.
    pub job: Job<'j>,
    /// Where it counts the lines.
    pub intake: &'r mut Intake,
    /// `false`: something could not be read; it was said.
    pub complete: &'r mut bool,
    /// Does a logger wait for us?
    pub is_roll: bool,
}

/// The protocol that reads lines of a stream, and how it knows its own among them.
pub(super) struct Part {
    /// Which reader.
    pub reader: usize,
    /// The stream's position in its ledger.
    pub stream: usize,
    pub place: LogKind,
}
