//! A column with other texts: the same type and nulls, and the same array if no text changed.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use rayon::prelude::*;

use crate::map::MIN_ROWS_PER_TASK;
use crate::{Error, Texts, text_array};

/// The rewriting of an array, block by block. The values of a dictionary are rewritten once each.
pub struct Rewrite<'a> {
    array: &'a ArrayRef,
    texts: Texts<'a>,
    /// For a dictionary, which values a row points to.
    used: Option<Vec<bool>>,
    parts: Vec<Part>,
}

/// The rows of one task that changed, ascending, with their new texts one after the other.
#[derive(Default)]
struct Part {
    rows: Vec<(usize, Range<usize>)>,
    text: String,
}

impl<'a> Rewrite<'a> {
    /// Begins with nothing rewritten.
    pub fn new(array: &'a ArrayRef) -> Result<Self, Error> {
        let (texts, used) = match array.as_any_dictionary_opt() {
            Some(dictionary) if !dictionary.values().is_empty() => {
                let mut used = vec![false; dictionary.values().len()];
                for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
                    used[key] |= dictionary.keys().is_valid(row);
                }
                (Texts::new(dictionary.values().as_ref())?, Some(used))
            }
            _ => (Texts::new(array.as_ref())?, None),
        };
        Ok(Self {
            array,
            texts,
            used,
            parts: Vec::new(),
        })
    }

    /// The blocks to pass to [`Rewrite::run`], in order.
    pub fn blocks(&self) -> Vec<Range<usize>> {
        self.texts.blocks().collect()
    }

    /// Rewrites a block. `refine` appends a new text and returns true, or returns false for no change.
    pub fn run(&mut self, rows: Range<usize>, refine: impl Fn(&str, &mut String) -> bool + Sync) {
        let (texts, used) = (&self.texts, self.used.as_deref());
        let parts = rows.into_par_iter().with_min_len(MIN_ROWS_PER_TASK).fold(
            Part::default,
            |mut part, row| {
                if used.is_none_or(|used| used[row])
                    && let Some(text) = texts.get(row)
                {
                    let start = part.text.len();
                    if refine(text, &mut part.text) {
                        part.rows.push((row, start..part.text.len()));
                    }
                }
                part
            },
        );
        let parts: Vec<Part> = parts.collect();
        self.parts
            .extend(parts.into_iter().filter(|part| !part.rows.is_empty()));
    }

    /// The new array.
    pub fn finish(self) -> Result<ArrayRef, Error> {
        if self.parts.is_empty() {
            return Ok(Arc::clone(self.array));
        }
        match self.array.as_any_dictionary_opt() {
            Some(dictionary) => Ok(dictionary.with_values(self.build(dictionary.values())?)),
            None => self.build(self.array),
        }
    }

    fn build(&self, old: &ArrayRef) -> Result<ArrayRef, Error> {
        let bytes = old.get_buffer_memory_size();
        text_array(old.data_type(), old.len(), bytes, self.texts())
    }

    /// Every row's text, new or old.
    fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        let changed = self.parts.iter().flat_map(|part| {
            part.rows
                .iter()
                .map(|(row, span)| (*row, &part.text[span.clone()]))
        });
        let mut changed = changed.peekable();
        (0..self.texts.len()).map(move |row| match changed.next_if(|&(next, _)| next == row) {
            Some((_, text)) => Some(text),
            None => self.texts.get(row),
        })
    }
}
