//! Judgements as columns.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_text::Judgement;

/// Collects judgements, row by row: keep (bool), value and threshold (float64), and of dropped rows rule and detail.
#[derive(Default)]
pub struct Judged {
    keep: BooleanBuilder,
    value: Float64Builder,
    threshold: Float64Builder,
    rule: StringBuilder,
    detail: StringBuilder,
}

impl Judged {
    /// Adds a text that stays.
    pub fn keep(&mut self, value: Option<f64>) {
        self.keep.append_value(true);
        self.value.append_option(value);
        self.threshold.append_null();
        self.rule.append_null();
        self.detail.append_null();
    }

    /// Adds a text that goes.
    pub fn drop(
        &mut self,
        value: Option<f64>,
        threshold: Option<f64>,
        rule: &str,
        detail: Option<&str>,
    ) {
        self.keep.append_value(false);
        self.value.append_option(value);
        self.threshold.append_option(threshold);
        self.rule.append_value(rule);
        self.detail.append_option(detail);
    }

    /// Adds a judgement of a text.
    pub fn push(&mut self, judgement: &Judgement, text: Option<&str>) {
        if judgement.keep {
            self.keep(judgement.value);
        } else {
            let detail = text.and_then(|text| judgement.excerpt(text));
            self.drop(judgement.value, judgement.threshold, judgement.rule, detail);
        }
    }

    /// The columns.
    ///
    /// # Panics
    /// Never: they are of one length.
    pub fn finish(mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 5] = [
            ("keep", Arc::new(self.keep.finish()), false),
            ("value", Arc::new(self.value.finish()), true),
            ("threshold", Arc::new(self.threshold.finish()), true),
            ("rule", Arc::new(self.rule.finish()), true),
            ("detail", Arc::new(self.detail.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).expect("five columns of one length")
    }
}
