//! One value per row, computed in parallel.

use std::ops::Range;

use rayon::prelude::*;

use crate::Texts;

/// Fewer rows than this are not worth moving to another thread.
pub const MIN_ROWS_PER_TASK: usize = 16;

/// Applies a function to the texts of a range of rows; results are in row order.
pub fn map_rows<T: Send>(
    texts: &Texts<'_>,
    rows: Range<usize>,
    apply: impl Fn(Option<&str>) -> T + Sync + Send,
) -> Vec<T> {
    map_rows_with(texts, rows, || (), |(), text| apply(text))
}

/// The same with a state that rows of a task share, such as buffers; results must not depend on it.
pub fn map_rows_with<S, T: Send>(
    texts: &Texts<'_>,
    rows: Range<usize>,
    state: impl Fn() -> S + Sync + Send,
    apply: impl Fn(&mut S, Option<&str>) -> T + Sync + Send,
) -> Vec<T> {
    rows.into_par_iter()
        .with_min_len(MIN_ROWS_PER_TASK)
        .map_init(state, |state, row| apply(state, texts.get(row)))
        .collect()
}
