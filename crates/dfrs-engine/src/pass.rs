//! The pass itself: texts through all operators in parallel, then columns from what was found.

use std::ops::Range;
use std::time::Instant;

use arrow_array::{Array, ArrayRef};
use dfrs_columnar::{Error, MIN_ROWS_PER_TASK, Texts, text_array};
use dfrs_text::{Document, Judge, Judgement, Refine};
use rayon::prelude::*;

use crate::judged::Judged;
use crate::stage::{Operator, Outcome, Stage};

/// Every how many rows the operators are timed.
const TIMED: usize = 16;

/// A stage at work on an array.
pub struct Pass<'a> {
    stage: &'a Stage,
    array: &'a ArrayRef,
    texts: Texts<'a>,
    parts: Vec<Part>,
}

/// What happened to consecutive rows.
struct Part {
    rows: Range<usize>,
    done: Vec<Done>,
    nanos: Vec<u64>,
}

/// What one operator did to the rows of a part.
enum Done {
    Judged {
        /// The value of each row that reached the rule.
        values: Vec<Option<f64>>,
        dropped: Vec<Dropped>,
        details: String,
    },
    Refined {
        /// The rows that changed, ascending, and where their new texts are.
        changed: Vec<(usize, Range<usize>)>,
        text: String,
    },
}

struct Dropped {
    row: usize,
    threshold: Option<f64>,
    rule: &'static str,
    detail: Option<Range<usize>>,
}

impl<'a> Pass<'a> {
    /// Begins with no row done. The array holds `Utf8`, `LargeUtf8` or `Utf8View`.
    pub fn new(stage: &'a Stage, array: &'a ArrayRef) -> Result<Self, Error> {
        text_array(array.data_type(), 0, 0, std::iter::empty())?; // the type can be built again
        Ok(Self {
            stage,
            array,
            texts: Texts::new(array.as_ref())?,
            parts: Vec::new(),
        })
    }

    /// The blocks to pass to [`Pass::run`], in order.
    pub fn blocks(&self) -> Vec<Range<usize>> {
        self.texts.blocks().collect()
    }

    /// Carries a block of rows through all operators, on all threads.
    pub fn run(&mut self, rows: Range<usize>) {
        let (operators, texts) = (&self.stage.operators, &self.texts);
        let begin = || Part::new(operators);
        let parts =
            rows.into_par_iter()
                .with_min_len(MIN_ROWS_PER_TASK)
                .fold(begin, |mut part, row| {
                    part.carry(operators, row, texts.get(row));
                    part
                });
        let parts: Vec<Part> = parts.collect();
        self.parts
            .extend(parts.into_iter().filter(|part| !part.rows.is_empty()));
    }

    /// What each operator did, and its share in the time of all.
    pub fn finish(self) -> Result<Vec<(Outcome, f64)>, Error> {
        let mut alive: Vec<usize> = (0..self.texts.len()).collect();
        let mut current: Vec<Option<&str>> = self.texts.slice(0..self.texts.len());
        let shares = self.shares();
        let mut outcomes = Vec::with_capacity(shares.len());
        for (index, share) in shares.into_iter().enumerate() {
            let outcome = match &self.stage.operators[index] {
                Operator::Rule(_) => Outcome::Judged(self.judged(index, &mut alive).finish()),
                Operator::Refiner(_) => {
                    self.replace(index, &mut current);
                    let texts = alive.iter().map(|&row| current[row]);
                    let bytes = texts.clone().map(|text| text.map_or(0, str::len)).sum();
                    Outcome::Refined(text_array(
                        self.array.data_type(),
                        alive.len(),
                        bytes,
                        texts,
                    )?)
                }
            };
            outcomes.push((outcome, share));
        }
        Ok(outcomes)
    }

    /// Columns of the rule at `index`; `alive` loses the rows that it dropped.
    fn judged(&self, index: usize, alive: &mut Vec<usize>) -> Judged {
        let mut judged = Judged::default();
        let mut kept = Vec::with_capacity(alive.len());
        let mut rows = alive.iter();
        for part in &self.parts {
            let Done::Judged {
                values,
                dropped,
                details,
            } = &part.done[index]
            else {
                unreachable!("the operator is a rule")
            };
            let mut dropped = dropped.iter().peekable();
            for (value, &row) in values.iter().zip(&mut rows) {
                if let Some(drop) = dropped.next_if(|drop| drop.row == row) {
                    let detail = drop.detail.clone().map(|span| &details[span]);
                    judged.drop(*value, drop.threshold, drop.rule, detail);
                } else {
                    judged.keep(*value);
                    kept.push(row);
                }
            }
        }
        *alive = kept;
        judged
    }

    /// Puts the texts that the refiner at `index` changed in place of those before.
    fn replace<'s>(&'s self, index: usize, current: &mut [Option<&'s str>]) {
        for part in &self.parts {
            if let Done::Refined { changed, text } = &part.done[index] {
                for (row, span) in changed {
                    current[*row] = Some(&text[span.clone()]);
                }
            }
        }
    }

    /// Each operator's share in the time that the timed rows took.
    fn shares(&self) -> Vec<f64> {
        let count = self.stage.operators.len();
        let nanos = |index: usize| self.parts.iter().map(|part| part.nanos[index]).sum::<u64>();
        let nanos: Vec<u64> = (0..count).map(nanos).collect();
        let all: u64 = nanos.iter().sum();
        let share = |nanos| {
            if all == 0 {
                1.0 / count as f64
            } else {
                nanos as f64 / all as f64
            }
        };
        nanos.into_iter().map(share).collect()
    }
}

impl Part {
    fn new(operators: &[Operator]) -> Self {
        let done = operators.iter().map(|operator| match operator {
            Operator::Rule(_) => Done::Judged {
                values: Vec::new(),
                dropped: Vec::new(),
                details: String::new(),
            },
            Operator::Refiner(_) => Done::Refined {
                changed: Vec::new(),
                text: String::new(),
            },
        });
        Self {
            rows: 0..0,
            done: done.collect(),
            nanos: vec![0; operators.len()],
        }
    }

    /// Carries one text through the operators, until one drops it.
    fn carry(&mut self, operators: &[Operator], row: usize, text: Option<&str>) {
        if self.rows.is_empty() {
            self.rows.start = row;
        }
        self.rows.end = row + 1;
        let mut clock = row.is_multiple_of(TIMED).then(Instant::now);
        let mut document = text.map(Document::new);
        let steps = operators.iter().zip(&mut self.done).zip(&mut self.nanos);
        for ((operator, done), nanos) in steps {
            let keep = match (operator, done) {
                (
                    Operator::Rule(rule),
                    Done::Judged {
                        values,
                        dropped,
                        details,
                    },
                ) => {
                    let judgement = match &document {
                        Some(document) => rule.judge_document(document),
                        None => rule.judge_null(),
                    };
                    values.push(judgement.value);
                    if !judgement.keep {
                        let detail = document
                            .as_ref()
                            .and_then(|document| judgement.excerpt(document.text()))
                            .map(|excerpt| append(details, excerpt));
                        dropped.push(Dropped::new(row, &judgement, detail));
                    }
                    judgement.keep
                }
                (Operator::Refiner(refiner), Done::Refined { changed, text }) => {
                    let start = text.len();
                    if let Some(before) = &document
                        && refiner.refine_into(before.text(), text)
                    {
                        changed.push((row, start..text.len()));
                        let text: &str = text;
                        document = Some(Document::new(&text[start..]));
                    }
                    true
                }
                _ => unreachable!("parts are made for their operators"),
            };
            if let Some(clock) = &mut clock {
                let now = Instant::now();
                *nanos += u64::try_from((now - *clock).as_nanos()).unwrap_or(u64::MAX);
                *clock = now;
            }
            if !keep {
                break;
            }
        }
    }
}

impl Dropped {
    fn new(row: usize, judgement: &Judgement, detail: Option<Range<usize>>) -> Self {
        Self {
            row,
            threshold: judgement.threshold,
            rule: judgement.rule,
            detail,
        }
    }
}

/// Appends an excerpt and returns where it is.
fn append(details: &mut String, excerpt: &str) -> Range<usize> {
    let start = details.len();
    details.push_str(excerpt);
    start..details.len()
}
