//! `dataflow_rs._native`: the only crate that knows Python. Each binding unpacks its arguments, releases the GIL,
//! calls one function of a kernel crate and packs the result; no rule, format or hash is decided here.

#![allow(clippy::needless_pass_by_value)] // PyO3 hands arguments over by value

mod answers;
mod datatrove;
mod decontamination;
mod dedup;
mod duplicates;
mod errors;
mod fasttext;
mod formats;
mod measure;
mod memory;
mod minhash;
mod ngram_model;
mod pack;
mod parts;
mod priorities;
mod rows;
mod spans;
mod text;
mod threads;
mod tokenize;
mod vectors;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    /// Version of the native library, the same as the Python distribution's.
    #[pymodule_export]
    #[allow(non_upper_case_globals)] // Python's name for it
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::answers::{clean_answers, compare_answers, extract_answers, read_answers};

    #[pymodule_export]
    use crate::decontamination::DecontaminationIndex;

    #[pymodule_export]
    use crate::dedup::{MinHashIndex, lsh_collision_probability, lsh_params};

    #[pymodule_export]
    use crate::duplicates::{
        ChunkDuplicates, ExactDuplicates, SeenNgrams, SemanticDuplicates, SimHashDuplicates,
        simhash_fingerprint,
    };

    #[pymodule_export]
    use crate::spans::{RepeatedSpans, RepeatedSubstrings};

    #[pymodule_export]
    use crate::fasttext::FastTextModel;

    #[pymodule_export]
    use crate::formats::{TextReader, TextWriter, text_schema};

    #[pymodule_export]
    use crate::memory::release_memory;

    #[pymodule_export]
    use crate::ngram_model::NgramModel;

    #[pymodule_export]
    use crate::pack::Packer;

    #[pymodule_export]
    use crate::datatrove::{DatatroveSignatures, datatrove_removals};

    #[pymodule_export]
    use crate::minhash::{DedupIndex, MinHashSearch, MinHashSettings, lsh_params_for_recall};

    #[pymodule_export]
    use crate::parts::{Digest, digest, read_part, sync_parts, write_part};

    #[pymodule_export]
    use crate::rows::{split, take, window};

    #[pymodule_export]
    use crate::text::{TextFilter, TextRefiner, TextStage};

    #[pymodule_export]
    use crate::threads::{set_threads, threads};

    #[pymodule_export]
    use crate::measure::TextMeasure;

    #[pymodule_export]
    use crate::tokenize::Tokenizer;

    #[pymodule_export]
    use crate::vectors::{k_center, nearest};
}
