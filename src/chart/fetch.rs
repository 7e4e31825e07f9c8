//! Calls into librrd that may have to wait for a writer.
use crate::store::rrd::graph_v::{self, Cf, Rows, RrdError};
use crate::store::rrd::open::OpenRrd;
use crate::store::rrd::patient::Pauses;

/// See [`graph_v::last_update`].
pub(crate) fn last_update(rrd: &OpenRrd) -> Result<i64, RrdError> {
    patiently(|| graph_v::last_update(rrd.name()))
}

/// See [`graph_v::fetch`].
pub(crate) fn fetch(rrd: &OpenRrd, cf: Cf, start: i64, end: i64, step: i64) -> Result<Rows, RrdError> {
    patiently(|| graph_v::fetch(rrd.name(), cf, start, end, step))
}

/// Does `call` again while another process holds the RRD, less and less often.
pub(crate) fn patiently<T>(mut call: impl FnMut() -> Result<T, RrdError>) -> Result<T, RrdError> {
    let mut pauses = Pauses::new();
    loop {
        match call() {
            Err(RrdError::Locked(_)) if pauses.wait() => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_file_is_tried_again_and_no_other_error() {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            match calls {
                1..=3 => Err(RrdError::Locked("could not lock RRD".into())),
                _ => Ok(calls),
            }
        });
        assert_eq!(result.unwrap(), 4);
        let mut calls = 0;
        let result: Result<(), _> = patiently(|| {
            calls += 1;
            Err(RrdError::Other("no such file".into()))
        });
        assert!(result.is_err() && calls == 1);
    }
}
