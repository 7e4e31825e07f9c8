//! The bulk of a protocol that has none of its own: every line whose label is in the window goes to the classifier, without
//! its label being taken apart and its bin being looked for.
use super::bulk::{Bulk, Follow, Offer, Taken, take_while};
use super::classify::{Classify, LogKind, Raise, Verdict};
use super::memory::Memory;
use crate::line::{Run, Window};

/// Takes all lines of a window.
pub struct ByClassifier {
    classify: &'static Classify,
    follow: Option<&'static Follow>,
}

impl ByClassifier {
    /// By the classifier of a protocol.
    pub fn new(classify: &'static Classify) -> Self {
        ByClassifier { classify, follow: None }
    }

    /// As [`ByClassifier::new`], of a protocol that also counts what several lines say together.
    pub fn following(classify: &'static Classify, follow: Option<&'static Follow>) -> Self {
        ByClassifier { classify, follow }
    }

    /// Counts a line as it would be counted by itself. `None`: it is too long to be known to its end.
    pub(super) fn count(&self, offer: &Offer<'_>, window: &Window, raise: &mut Raise<'_>) -> Option<Verdict> {
        offer.is_whole().then(|| (self.classify)(&window.line(offer.line()), LogKind::Dedicated, raise))
    }
}

impl Bulk for ByClassifier {
    fn take(
        &mut self,
        run: &Run<'_>,
        window: &mut Window,
        raise: &mut Raise<'_>,
        memory: &mut Memory<'_>,
    ) -> Taken {
        take_while(run, window, |offer, window| {
            let verdict = self.count(&offer, window, raise)?;
            if let Some(follow) = self.follow
                && verdict != Verdict::Foreign
            {
                follow(&window.line(offer.line()), LogKind::Dedicated, memory, raise);
            }
            Some(verdict)
        })
    }
}
