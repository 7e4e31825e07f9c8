//! A door for the fuzz targets: conversion without a file.
use std::path::Path;

use super::{Problem, print};

/// As [`print::to_toml`], of a file's text.
///
/// # Errors
/// When it is neither TOML nor of the original's form.
pub fn convert(text: &str, file: &Path) -> Result<String, Problem> {
    print::convert(text, file)
}
