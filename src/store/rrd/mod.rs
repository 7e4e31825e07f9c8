//! The only user of librrd.
