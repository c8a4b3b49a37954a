//! Near-duplicate detection by `MinHash` and locality-sensitive hashing.
//!
//! A text is seen as the set of its character n-grams (`shingles`). Every n-gram gets a 32-bit number (`sha1`), every
//! number goes through `num_perm` random permutations (`permutations`), and the smallest result per permutation is the
//! text's signature (`signature`): two signatures agree in a position with probability equal to the Jaccard similarity
//! of the two sets. Cut into `b` bands of `r` positions (`bands`), texts that share a whole band are near-duplicates
//! with probability `1 - (1 - s^r)^b`. The `index` keeps the first of them, in row order.
//!
//! Invariant: signatures and verdicts equal those of `datasketch` 1.6.5, bit for bit, on every processor and for any
//! number of threads. Sources: A. Broder, "On the resemblance and containment of documents" (1997); Leskovec,
//! Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3; the recorded values in `tests/golden`.

pub mod bands;
pub mod chunks;
mod clusters;
pub mod datatrove;
pub mod decontamination;
mod error;
pub mod exact;
pub mod files;
mod index;
mod kept;
mod kernel;
mod md5;
pub mod minhash;
pub mod mix;
mod mt19937;
pub mod near;
pub mod normal;
pub mod overlap;
mod permutations;
pub mod pieces;
pub mod records;
pub mod semantic;
mod sha1;
mod shingles;
mod signature;
pub mod simhash;
pub mod spans;
pub mod spill;
pub mod substring;
mod union_find;
pub mod url;
pub mod vectors;
pub mod words;

pub use clusters::{Member, Priority, members};
pub use error::Error;
pub use index::{Index, Options, Verdict};
pub use kernel::Level;
pub use permutations::Permutations;
pub use signature::{Scratch, Signer, estimated_jaccard};
pub use union_find::UnionFind;
