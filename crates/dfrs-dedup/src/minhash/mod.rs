//! Near-duplicates of any number of texts, with bounded memory.
//!
//! Texts become sets of n-gram hashes (`shingles`), sets become signatures (`minima`), and signatures become one key
//! per band (`signer`). Keys are sorted on disk; texts that share a key are candidates (`candidates`), candidates whose
//! sets are similar enough are joined (`search`). An index (`store`) keeps all of it for the texts of tomorrow.

mod candidates;
mod collection;
mod documents;
mod minima;
mod search;
mod settings;
mod shingles;
mod signer;
mod store;

pub use crate::normal::Form;
pub use collection::{Collection, Collector, Sizes};
pub(crate) use minima::{Affine, minima_64};
pub use search::{Edge, Found, Outcome, Progress, Search, Stage};
pub use settings::{Family, Settings, Unit};
pub use signer::{Keyed, Keyer, Keys, jaccard};
pub use store::{Addition, DedupIndex, Match};
