//! Under which configurations a store is written.
//!
//! Cron's toaster.conf and the loggers' may be two files: `TOASTER_CONF` is set here and not there. If they mean the
//! same store and want another form of it (one has a counter more, or another step), each run would make the RRD anew
//! as the other one left it. So the state remembers who wrote it last, and the one that comes with another form while
//! the other file still stands is refused. A file that was edited, moved, or means another store by now, is not in the
//! way.
use std::path::Path;

use super::files::Store;
use super::state::{State, TableUse, Writer};
use super::under::{Form, Found};
use crate::error::{Error, Result};

/// The number of changes of tables that the state keeps.
const MOST_TABLES: usize = 32;

/// The number of configurations of which the state keeps when they were used.
const MOST: usize = 4;

impl Store {
    /// Why the store must not be written under this configuration; `None`: it may. `last` is the last commit.
    pub fn clash(&self, last: &State) -> Option<String> {
        let under = self.under.as_ref()?;
        let writer = last.writers.last()?;
        let form = &under.form;
        if (writer.form, writer.places) == (form.counters_digest(), form.places_digest()) {
            return None;
        }
        let name = self.protocol.name;
        // A link that leads to another file by now is an edit.
        let is_same =
            |file: &str| std::fs::canonicalize(file).is_ok_and(|real| real == Path::new(&under.real));
        if writer.config == under.config || is_same(&writer.config) {
            return under.cut.then(|| self.cut_off(last, writer)).flatten();
        }
        if writer.config.is_empty() {
            return None;
        }
        let here = if under.config.is_empty() { "the built-in defaults" } else { &under.config };
        let (there, base) = (&writer.config, self.base.display());
        let way = "give both the same, or let everybody use one file (--config, TOASTER_CONF), and remove the other";
        match (under.read)(Path::new(there), name) {
            Found::Gone => None,
            Found::Wants(other)
                if !other.is_of(&self.base)
                    || other == (Form { base: other.base.clone(), ..form.clone() }) =>
            {
                None
            }
            Found::Wants(other) => Some(format!(
                "{here}: the store {base} of {name} was last written under {there}, which wants it in another form: {}; {way}",
                form.differs(&other)
            )),
            Found::Unreadable(why) => Some(format!(
                "{here}: the store {base} of {name} was last written under {there}, which wanted it in another form and cannot be read now ({why}); {way}"
            )),
        }
    }

    /// Notes in `state` by which version of its table each section is counted from `now` on.
    pub(super) fn note_tables(&self, state: &mut State, now: i64) {
        for section in self.protocol.sections {
            let Some(table) = section.table else { continue };
            let version = table();
            let last = state.tables.iter().rev().find(|used| used.name == section.name);
            if last.is_none_or(|last| last.version != version) {
                state.tables.push(TableUse { name: section.name.to_owned(), version, since: now });
            }
        }
        let surplus = state.tables.len().saturating_sub(MOST_TABLES);
        state.tables.drain(..surplus);
    }

    /// Are counter file or RRD wanted elsewhere than the last commit had them? Then they are not gone.
    pub(super) fn has_moved(&self, last: &State) -> bool {
        let (Some(under), Some(writer)) = (&self.under, last.writers.last()) else { return false };
        writer.places != under.form.places_digest()
    }

    /// A file that ends within a line and has lost something was most likely cut off.
    fn cut_off(&self, last: &State, writer: &Writer) -> Option<String> {
        let under = self.under.as_ref()?;
        let lost: Vec<&str> =
            last.keys.iter().map(String::as_str).filter(|key| self.protocol.index(key).is_none()).collect();
        let what = match lost.is_empty() {
            false => format!("no longer has the counters {}", lost.join(" ")),
            true if writer.places != under.form.places_digest() => {
                "has another rrd_step, or other places".to_owned()
            }
            true => return None,
        };
        Some(format!(
            "{}: ends without a newline, and {what}: was it cut off? If it is whole, put a newline at its end",
            under.config
        ))
    }

    /// Refuses to write under a configuration that takes turns with another one.
    pub(super) fn refuse_to_take_turns(&self) -> Result<()> {
        if self.under.is_none() {
            return Ok(());
        }
        let clash = self.last_commit()?.and_then(|last| self.clash(&last));
        clash.map_or(Ok(()), |text| Err(Error::Message(text)))
    }

    /// Notes in a commit under which configuration it is made.
    pub(super) fn sign(&self, state: &mut State, now: i64) {
        let Some(under) = &self.under else { return };
        state.writers.retain(|writer| writer.config != under.config);
        let surplus = (state.writers.len() + 1).saturating_sub(MOST);
        state.writers.drain(..surplus);
        state.writers.push(Writer {
            config: under.config.clone(),
            form: under.form.counters_digest(),
            places: under.form.places_digest(),
            seen: now,
        });
    }
}
