//! Stamps: what stands before the text of a log line.
