//! Templates: one TOML file a graph, read and checked before anything is drawn from it.
//!
//! ```toml
//! title    = "Deliveries"          # at most 60 characters
//! about    = "What became of it."  # a sentence for its page; it may be left out
//! parts    = "lists"               # what the parts of its stack are, in the plural; it may be left out
//! protocol = "send"                # whose RRD
//! unit     = "deliveries"          # of the left axis
//! per      = "min"                 # rates are a second in the RRD; s, min or h. Leave it out for
//!                                  # what is not a rate
//! columns  = ["total", "avg"]      # of total, avg, p95, max, last
//! width    = 720                   # of the canvas, in pixels; these are the defaults
//! height   = 220
//! stage    = "deliveries"        # of the overview: connections, filters, queue, deliveries, logins, own
//! wide     = true                # a row of its stage for itself; false by default
//! overview = false               # only linked there; true by default
//! data = [                         # values by name, each from the RRD or from those above it
//!   { name = "ok", ds = "delivery_success" },               # cf = "max": highest step of a row
//!   { name = "all", rpn = "ok,10,+" },                      # rrdgraph_rpn(1)
//!   { name = "both", sum = ["ok", "all"] },                 # what is unknown counts as nothing
//!   { name = "size", mean = ["bytes", "ok"] },              # bytes for each ok
//!   { name = "most", ds = "peak_smtp", rate = false },      # not a rate, in a graph of rates
//!   { name = "mine", own = "lists" },                       # the sum of toaster.conf's own lists
//! ]
//! draw = [                         # from back to front; what has a legend gets a row of numbers
//!   { area = "ok", color = "good", legend = "Success", stack = false },
//!   { line = "all", color = "#123456", width = 1.5, dashes = [4, 3], legend = "All", max = "ok" },
//!   { hrule = 20.0, color = "bad", legend = "Limit" },      # hrule = "most": its last value
//!   { row = "all", legend = "Total" },                      # numbers only
//!   { area = "both", color = "blue", legend = "B", optional = true }, # only where it is not 0
//!   { each = "mine", stack = true },                        # an area for each own list
//!   { line = "ok", color = "before", shift = "1w" },        # a week before; only where less than a week is shown
//! ]
//! ```
//!
//! `raw` is what stands in a file, `expand` adds the counters of toaster.conf to it, `check` makes the checked `model`
//! of it, `earlier` what is drawn of an earlier time, `custom` makes the graphs that toaster.conf asks for, `like` those of
//! second instances, `load` finds them all, `names` are those of a command line.
//! templates/README.md is the same for people.

mod check;
mod custom;
mod earlier;
mod expand;
mod like;
mod load;
mod model;
mod names;
mod raw;
#[cfg(test)]
mod tests;

/// Which steps of a longer row a data is made of.
pub(crate) use crate::store::rrd::fetch::Cf;
#[cfg(any(test, fuzzing))]
pub(crate) use check::parse;
#[cfg(test)]
pub(crate) use load::EMBEDDED;
pub(crate) use load::{load, read_small};
#[cfg(test)]
pub(crate) use model::Data;
pub(crate) use model::{Column, Draw, Level, Shape, Source, Template};
pub use names::UnknownGraph;
pub(crate) use names::check_names;
