//! How large a picture is.

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// One of many on the overview: of three rows one, and a short legend.
    Small,
    /// Alone on the page of its graph.
    Big,
}
