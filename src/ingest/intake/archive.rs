//! Where the lines of a chunk go in the archive, given how the chunk before ended.
use super::Intake;
use super::labels::{MAY_BE_A_LABEL, begins_like_a_label, begins_with_a_label};
use crate::ledger::{Directory, Tail};
use crate::line::Line;
use crate::source::lines::{LINE_LIMIT, RawLine};

impl Intake {
    /// Archives one line or its part, given how the archive of the chunk before ended.
    pub(super) fn archive(
        &mut self,
        here: &mut Directory,
        tail: Tail,
        continues: bool,
        chunk: usize,
        raw: &RawLine<'_>,
        line: &Line<'_>,
    ) {
        let dir = here.path.clone();
        let span = (raw.start, raw.end);
        let begins_a_line = matches!(tail, Tail::Closed) || begins_with_a_label(raw.text);
        if continues {
            let day = self.day_of(here, None);
            self.plan.line(&dir, day, chunk, span, true, raw.terminated);
            return;
        }
        match tail {
            Tail::Held { text, since, time } if !begins_a_line => {
                let mut joined = text.clone();
                joined.extend_from_slice(&raw.text[..raw.text.len().min(LINE_LIMIT)]);
                if !raw.terminated && joined.len() < MAY_BE_A_LABEL {
                    here.archive_tail = Tail::Held { text: joined, time, since };
                    return;
                }
                let stamp = self.stamp_of(here, &joined);
                let day = self.day_of(here, stamp);
                self.plan.joined(&dir, day, &text, chunk, span, raw.text, raw.terminated);
                here.archive_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                return;
            }
            Tail::Open if !begins_a_line => {
                let day = self.day_of(here, None);
                self.plan.line(&dir, day, chunk, span, true, raw.terminated);
                here.archive_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                return;
            }
            Tail::Held { text, .. } => {
                let stamp = self.stamp_of(here, &text);
                let day = self.day_of(here, stamp);
                self.plan.held(&dir, day, &text);
            }
            Tail::Open => self.plan.end_line(&dir, here.archive_day),
            Tail::Kept { .. } | Tail::Closed => {}
        }
        if !raw.terminated
            && !dir.is_empty()
            && raw.text.len() < MAY_BE_A_LABEL
            && begins_like_a_label(raw.text)
        {
            here.archive_tail = Tail::Held { text: raw.text.to_vec(), time: 0, since: self.how.now };
            return;
        }
        let day = self.day_of(here, line.time.map(|s| s.secs));
        self.plan.line(&dir, day, chunk, span, false, raw.terminated);
        if !raw.terminated && !dir.is_empty() {
            here.archive_tail = Tail::Open;
        }
    }
}
