//! Templates → pictures and the page.
//!
//! [`draw()`] draws all that is not fresh, [`one()`] a single picture: `args` spells templates and values for librrd, `render`
//! calls it, `folder` keeps what it drew, `page` lists the pictures that are there. What is drawn comes from
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
mod page;
mod problems;
mod render;

#[cfg(test)]
mod tests;

pub use draw::draw;
pub use folder::AsRoot;
pub use fonts::problem as missing_fonts;
pub use one::{one, write};
pub use options::{Among, Error, Format, HostLink, Options, Report};
pub use page::{RENDER_A_PAGE, render_a_page};
pub use problems::{missing_librrd, refused_directory, template_problems};
