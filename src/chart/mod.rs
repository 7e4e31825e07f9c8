//! What pictures and the terminal share: templates, the rows of the RRDs that they show, and everything that is computed
//! from both before anything is drawn.
//!
//! `template` says what a graph shows, `period` over which time, `shift` how much earlier; `files` reads the RRDs that a
//! [`crate::reading::Reading`] names, `rows` finds in them the values of a template, `known` completes them at their newest end, `scene` and `legend` make
//! shapes and numbers of them, `axis`, `zone` and `wall` say what stands at the axes.

pub(crate) mod axis;
pub(crate) mod files;
mod known;
pub(crate) mod legend;
pub mod period;
pub(crate) mod rows;
mod rpn;
pub(crate) mod scene;
mod shift;
pub mod template;
pub(crate) mod text;
pub mod theme;
mod wall;
pub(crate) mod when;
pub(crate) mod zone;
