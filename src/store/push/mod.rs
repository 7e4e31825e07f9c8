//! The commit's RRD step: what is pushed, to which file, and what happens if that cannot be done. Nothing here fails:
//! whatever is wrong with the RRD, the mail log goes on and the bins wait.
mod apply;
mod prepare;

pub(super) use apply::{apply, undo_if_table_changed};
pub(super) use prepare::{lacks, prepare, skip_already_pushed};
