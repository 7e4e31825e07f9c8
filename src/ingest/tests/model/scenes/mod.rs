//! What the model found: each a short sequence that once lost a line or counted one twice.
mod copies;
mod cut;
mod renamed;

use super::*;

impl Scene {
    /// Does these actions, looks after each whether a query is right, and at the end whether everything is.
    fn play(mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            self.act(&action);
            self.check();
        }
        self.check_end();
    }
}
