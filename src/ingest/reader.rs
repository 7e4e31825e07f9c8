//! Whoever reads streams: several of them read one stream together.
use super::intake::Intake;
use super::job::Job;

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
