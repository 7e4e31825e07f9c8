//! Templates → pictures, and the files that they and the pages are.
//!
//! [`draw()`] draws all that is not fresh, [`one()`] a single picture: `args` spells templates and values for librrd, `render`
//! calls it, `folder` keeps what it drew, beside the pages of [`crate::page`]. What is drawn comes from
//! [`crate::chart`].
//!
//! All is read and drawn with the rights that the process has; only `folder` may take root's.

mod args;
mod draw;
mod folder;
mod fonts;
mod fresh;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod one;
mod options;
mod problems;
mod render;

#[cfg(test)]
mod tests;

pub use draw::draw;
pub use folder::AsRoot;
pub use fonts::problem as missing_fonts;
pub use one::{one, write};
pub use options::{Error, Format, Options, Report};
pub use problems::{missing_librrd, refused_directory, template_problems};
