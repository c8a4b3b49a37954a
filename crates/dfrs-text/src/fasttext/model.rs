//! A model: its file read, its parts held together, and predictions.

use std::io::Read;

use super::dictionary::{Buckets, Dictionary};
use super::features::{Features, Scratch};
use super::format::{Input, malformed};
use super::matrix::Matrix;
use super::output::{Loss, Tree};
use crate::Error;

const MAGIC: i32 = 793_712_314;
/// The version without character n-grams in classifiers, and the present one.
const VERSIONS: std::ops::RangeInclusive<i32> = 11..=12;
/// Characters or words of an n-gram at most.
const MAX_NGRAM: usize = 64;
const SUPERVISED: i32 = 3;
const LABEL_PREFIX: &str = "__label__";

/// A classifier.
pub struct Model {
    features: Features,
    input: Matrix,
    output: Matrix,
    loss: Loss,
    labels: Vec<String>,
}

/// A label, by its number, and its probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Position in [`Model::labels`].
    pub label: u32,
    /// From 0 to 1.
    pub probability: f32,
}

/// The numbers at the head of a file.
struct Head {
    columns: usize,
    word_ngrams: usize,
    loss: i32,
    buckets: usize,
    min_chars: usize,
    max_chars: usize,
}

impl Head {
    fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        if input.i32()? != MAGIC {
            return Err(malformed("it does not begin as fastText's files do"));
        }
        let version = input.i32()?;
        if !VERSIONS.contains(&version) {
            return Err(malformed(format!(
                "it has version {version}; 11 and 12 are known"
            )));
        }
        let columns = input.count("columns")?;
        for _ in ["window", "epochs", "least count", "negative samples"] {
            input.i32()?;
        }
        let word_ngrams = input.count("words of an n-gram")?;
        let (loss, kind) = (input.i32()?, input.i32()?);
        if kind != SUPERVISED {
            return Err(malformed(
                "it holds word vectors, not a classifier with labels",
            ));
        }
        let buckets = input.count("hashed n-grams")?;
        let min_chars = input.count("characters of an n-gram")?;
        let max_chars = input.count("characters of an n-gram")?;
        let _rate = (input.i32()?, input.i64()?);
        if max_chars > MAX_NGRAM || word_ngrams > MAX_NGRAM {
            return Err(malformed(format!(
                "its n-grams have {max_chars} characters and {word_ngrams} words; {MAX_NGRAM} are possible"
            )));
        }
        Ok(Self {
            columns,
            word_ngrams,
            loss,
            buckets,
            min_chars,
            max_chars: if version == 11 { 0 } else { max_chars },
        })
    }
}

impl Model {
    /// Reads a file of so many bytes.
    pub fn read(reader: impl Read, bytes: u64) -> Result<Self, Error> {
        let mut input = Input::new(reader, bytes);
        let head = Head::read(&mut input)?;
        let (dictionary, pruning) = Dictionary::read(&mut input)?;
        let quantised = input.flag()?;
        let rows = Matrix::read(&mut input, quantised)?;
        let quantised_output = input.flag()?;
        let output = Matrix::read(&mut input, quantised && quantised_output)?;
        let labels = dictionary.label_counts().len();
        let words = dictionary.words();
        if rows.columns() != head.columns
            || output.columns() != head.columns
            || output.rows() != labels
            || rows.rows() < words
        {
            return Err(malformed(format!(
                "matrices of {} x {} and {} x {} do not fit {words} words, {labels} labels and {} columns",
                rows.rows(),
                rows.columns(),
                output.rows(),
                output.columns(),
                head.columns
            )));
        }
        let loss = match head.loss {
            1 => Loss::Hierarchical(Tree::new(dictionary.label_counts())?),
            2 | 4 => Loss::Sigmoid,
            3 => Loss::Softmax,
            other => return Err(malformed(format!("it has the unknown loss {other}"))),
        };
        let labels = dictionary.labels().map(|label| without_prefix(&label));
        Ok(Self {
            loss,
            labels: labels.collect(),
            features: Features {
                buckets: Buckets::new(pruning, head.buckets, words, rows.rows())?,
                dictionary,
                min_chars: head.min_chars,
                max_chars: head.max_chars,
                word_ngrams: head.word_ngrams,
            },
            input: rows,
            output,
        })
    }

    /// The labels without their prefix `__label__`.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Length of the vectors.
    pub fn columns(&self) -> usize {
        self.input.columns()
    }

    /// What a thread needs to predict; make one per thread, and keep it.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(self.input.columns())
    }

    /// The likeliest labels, best first; none if no feature of the text is known. Line feeds separate words.
    pub fn predict(&self, text: &str, labels: usize, scratch: &mut Scratch) -> Vec<Prediction> {
        if labels == 0 || !self.features.average(text.as_bytes(), &self.input, scratch) {
            return Vec::new();
        }
        let Scratch {
            hidden, outputs, ..
        } = scratch;
        let best = self.loss.best(&self.output, hidden, labels, outputs);
        let best = best.into_inner().into_iter();
        best.map(|(score, label)| Prediction {
            label,
            probability: probability(score),
        })
        .collect()
    }

    /// The probability of one label, by its number; none if no feature of the text is known.
    ///
    /// # Panics
    /// If there is no such label.
    pub fn probability(&self, text: &str, label: u32, scratch: &mut Scratch) -> Option<f32> {
        assert!((label as usize) < self.labels.len(), "label {label}");
        let known = self.features.average(text.as_bytes(), &self.input, scratch);
        let Scratch {
            hidden, outputs, ..
        } = scratch;
        known.then(|| probability(self.loss.one(&self.output, hidden, label, outputs)))
    }
}

/// The reference adds 0.00001 to a probability before it takes the logarithm, so that it answers up to 1.00001.
fn probability(score: f32) -> f32 {
    score.exp().min(1.0)
}

fn without_prefix(label: &str) -> String {
    label.strip_prefix(LABEL_PREFIX).unwrap_or(label).to_owned()
}
