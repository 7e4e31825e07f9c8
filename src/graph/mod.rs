//! Templates → pictures and the page.
