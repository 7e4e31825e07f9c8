//! Many lines at once: those of a block that was read, with the places of their newlines.

/// Whole lines that stand one behind the other in a block of a log. There is no NUL byte in them.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The block, which may hold more than these lines.
    block: &'a [u8],
    /// Where the first of them begins in `block`.
    begin: usize,
    /// Where their newlines are in `block`, in order.
    newlines: &'a [u32],
    /// The offset of the first byte of `block` in the log.
    offset: u64,
}

impl<'a> Run<'a> {
    /// `block` stands at `offset` in the log; the first line begins at `begin` in it, and each of `newlines` is the place in
    /// it where one of the lines ends.
    pub fn new(block: &'a [u8], begin: usize, newlines: &'a [u32], offset: u64) -> Run<'a> {
        Run { block, begin, newlines, offset }
    }

    /// Is there no line in it?
    pub fn is_empty(&self) -> bool {
        self.newlines.is_empty()
    }

    /// The lines behind the first `lines` of them.
    #[must_use]
    pub fn behind(&self, lines: usize) -> Run<'a> {
        let (before, newlines) = self.newlines.split_at(lines.min(self.newlines.len()));
        let begin = before.last().map_or(self.begin, |newline| *newline as usize + 1);
        Run { begin, newlines, ..*self }
    }

    /// What is left of the block from the first line on.
    pub fn rest(&self) -> &'a [u8] {
        self.block.get(self.begin..).unwrap_or_default()
    }

    /// The offset in the log where its first line begins.
    pub fn start(&self) -> u64 {
        self.offset + self.begin as u64
    }

    /// The offset in the log behind the first `lines` of its lines.
    pub fn end_of(&self, lines: usize) -> u64 {
        match lines.checked_sub(1).and_then(|last| self.newlines.get(last)) {
            Some(newline) => self.offset + u64::from(*newline) + 1,
            None => self.start(),
        }
    }

    /// Gives `take` the rest of the block from the beginning of each line on, and the length of the line, in order, until it
    /// refuses one. The byte behind the line is its newline; what follows belongs to other lines. Returns how many were
    /// taken.
    #[inline]
    pub fn take_while(&self, mut take: impl FnMut(&'a [u8], usize) -> bool) -> usize {
        let mut begin = self.begin;
        for (taken, &newline) in self.newlines.iter().enumerate() {
            let newline = newline as usize;
            let length = newline.wrapping_sub(begin);
            if !self.block.get(begin..).is_some_and(|rest| take(rest, length)) {
                return taken;
            }
            begin = newline + 1;
        }
        self.newlines.len()
    }
}
