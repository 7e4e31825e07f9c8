//! Copies of data, of an earlier time.
use super::model::{Data, Source};
use crate::chart::shift::Shift;

/// The copy of number `of` of `data` that is earlier by `shift`. Where there is none yet, it is added, and so are those of
/// the data that it is computed from. `of` is no copy itself.
pub(super) fn earlier(data: &mut Vec<Data>, of: usize, shift: Shift) -> usize {
    let known = data.iter().position(|copy| copy.shift == Some(shift) && copy.name == data[of].name);
    if let Some(known) = known {
        return known;
    }
    // What a data uses stands before it: this ends.
    let source = match data[of].source.clone() {
        ds @ Source::Ds { .. } => ds,
        Source::Rpn(rpn) => Source::Rpn(rpn.with(|used| earlier(data, used, shift))),
        Source::Mean { rpn, per } => {
            Source::Mean { rpn: rpn.with(|used| earlier(data, used, shift)), per: earlier(data, per, shift) }
        }
    };
    let Data { name, rate, .. } = data[of].clone();
    data.push(Data { name, source, rate, shift: Some(shift) });
    data.len() - 1
}
