//! What is to be taken out of texts, and what stands in its place.

/// What stands for what is left out.
pub(super) const MARK: &str = "…";

/// What is taken out of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hide {
    /// Are addresses and names taken out?
    pub is_on: bool,
    /// How this host is called, in lower case.
    pub names: Vec<String>,
}
