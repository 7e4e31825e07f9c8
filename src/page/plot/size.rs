//! How large a picture is.

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// One of many on the overview: fewer rows, and a short legend.
    Small,
    /// Alone on the page of its graph.
    Big,
}

impl Size {
    /// How many rows of the RRD are drawn as one where there are so many curves: the more of them, the less of each can be seen,
    /// and a page is to be loaded on a phone.
    pub(super) fn rows_in_one(self, curves: usize) -> usize {
        match (self, curves) {
            (Self::Big, ..=5) => 1,
            (Self::Big, _) => 2,
            (Self::Small, _) => 3,
        }
    }

    /// How many units there are at least over the height of a picture. Rounding moves nothing by more than a pixel, and there
    /// are mostly many more.
    pub(super) fn units(self) -> f64 {
        match self {
            Self::Small => 100.0,
            Self::Big => 250.0,
        }
    }
}
