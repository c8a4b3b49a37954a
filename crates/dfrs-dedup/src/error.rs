//! What can be wrong with the parameters of a deduplication, and the one limit of an index.

/// An index that cannot be built, or that is full.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Fewer than two permutations leave nothing to band.
    #[error("num_perm is {0}: a MinHash signature needs from 2 to 4096 permutations; 128 is usual")]
    NumPerm(usize),
    /// A Jaccard similarity outside its range, or not a number.
    #[error("threshold is {0}: a Jaccard similarity lies between 0.0 and 1.0")]
    Threshold(f64),
    /// An n-gram without characters.
    #[error("ngram is 0: an n-gram has at least one character; 5 is usual")]
    Ngram,
    /// Kept rows are numbered with 32 bits.
    #[error(
        "the index already keeps {0} rows, its limit: split the data by a key and deduplicate the parts"
    )]
    Full(usize),
    /// A run of evaluation items without words, or one longer than any.
    #[error("ngram is {0}: runs of 1 to 1000 words can be looked for; 13 is usual")]
    DecontaminationNgram(usize),
    /// Short items must be shorter than a run.
    #[error("min_words is {0}: it lies between 1 and ngram, which is {1}")]
    MinWords(usize, usize),
    /// Runs and items are numbered with 32 bits.
    #[error(
        "{0} runs of evaluation items are more than an index holds (4294967295): split the benchmarks"
    )]
    TooManyRuns(usize),
    /// Whoever watches the progress wants no more of it.
    #[error("interrupted")]
    Interrupted,
    /// Parameters that do not fit together.
    #[error("{0}")]
    Parameter(String),
    /// The operating system could not read or write a file.
    #[error("{file}: {message}")]
    File {
        /// The file.
        file: String,
        /// What the operating system says.
        message: String,
    },
    /// A file whose content is not what was written.
    #[error(
        "{file} is damaged: {what}; restore it from a copy, or build the index again from its texts"
    )]
    Corrupt {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File {
            file: path.display().to_string(),
            message: error.to_string(),
        }
    }
}
