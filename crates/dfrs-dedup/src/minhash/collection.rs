//! Texts on disk in the form in which they can be compared: documents, their digests and their band keys, both sorted.
//! A collection is complete in itself; several are searched as one by numbering their rows one after the other.

use super::documents::{Documents, DocumentsWriter};
use super::settings::Settings;
use super::signer::{Keyed, Keyer, Keys};
use crate::Error;
use crate::files::Folder;
use crate::spill::{Run, Sorted, Sorter};
use rayon::prelude::*;

/// Texts that one task keys, one after the other.
const ROWS_PER_TASK: usize = 32;
/// Texts that are keyed before they are written.
const ROWS_PER_BLOCK: usize = 1024;
/// Bytes of text from which a block is written although it has fewer rows.
const BYTES_PER_BLOCK: usize = 1 << 22;
/// File names in the folder of an index.
const DIGESTS: &str = "digests";
const BANDS: &str = "bands";

/// Takes texts in row order.
pub struct Collector {
    keyer: Keyer,
    documents: DocumentsWriter,
    digests: Sorter,
    bands: Sorter,
}

impl Collector {
    /// Starts with no texts. `memory` bounds the buffers, in bytes; runs go to `scratch`, documents to `lasting` where
    /// they shall stay.
    pub fn new(
        settings: Settings,
        memory: usize,
        scratch: &Folder,
        lasting: Option<&Folder>,
    ) -> Result<Self, Error> {
        let sorter = |memory| {
            let folder = scratch.clone();
            Sorter::new(memory, move || folder.unnamed())
        };
        Ok(Self {
            documents: DocumentsWriter::new(
                lasting.unwrap_or(scratch),
                lasting.is_some(),
                settings.verify,
            )?,
            keyer: Keyer::new(settings)?,
            digests: sorter(memory / 16),
            bands: sorter(memory / 2),
        })
    }

    /// Number of texts so far.
    pub const fn rows(&self) -> u64 {
        self.documents.rows()
    }

    /// Takes the next texts. Null is compared with nothing.
    pub fn add(&mut self, texts: &[Option<&str>]) -> Result<(), Error> {
        let mut rest = texts;
        while !rest.is_empty() {
            let mut bytes = 0;
            let count = rest[..rest.len().min(ROWS_PER_BLOCK)]
                .iter()
                .take_while(|text| {
                    bytes += text.map_or(0, str::len);
                    bytes <= BYTES_PER_BLOCK
                })
                .count();
            let (block, after) = rest.split_at(count.max(1));
            self.add_block(block)?;
            rest = after;
        }
        Ok(())
    }

    fn add_block(&mut self, texts: &[Option<&str>]) -> Result<(), Error> {
        let keyer = &self.keyer;
        let keyed: Vec<Vec<Option<Keyed>>> = texts
            .par_chunks(ROWS_PER_TASK)
            .map_init(Keys::default, |keys, chunk| {
                let mut key = |text| {
                    let mut out = Keyed::default();
                    keyer.key(text, keys, &mut out);
                    out
                };
                chunk.iter().map(|text| text.map(&mut key)).collect()
            })
            .collect();
        keyed
            .iter()
            .flatten()
            .try_for_each(|one| self.push(one.as_ref()))
    }

    /// Takes the next text as its keys; `None` is a row without a text.
    pub fn push(&mut self, keyed: Option<&Keyed>) -> Result<(), Error> {
        let row = u32::try_from(self.rows())
            .ok()
            .filter(|&row| row != u32::MAX);
        let row = row.ok_or(Error::Full(self.rows() as usize))?;
        let Some(keyed) = keyed else {
            return self.documents.push_missing();
        };
        self.digests.push(((keyed.digest >> 64) as u64, row))?;
        for &key in &keyed.bands {
            self.bands.push((key, row))?;
        }
        self.documents.push(keyed.digest as u64, &keyed.set)
    }

    /// Ends the input.
    pub fn finish(self) -> Result<Collection, Error> {
        Ok(Collection {
            documents: self.documents.finish()?,
            digests: self.digests.finish()?,
            bands: self.bands.finish()?,
        })
    }
}

/// Texts that can be compared.
#[derive(Debug, Clone)]
pub struct Collection {
    /// What is known of each.
    pub documents: Documents,
    /// Upper halves of their digests.
    pub digests: Sorted,
    /// Keys of their bands.
    pub bands: Sorted,
}

impl Collection {
    /// Writes the sorted keys into the folder that already has the documents, and makes everything survive a crash.
    pub fn settle(self, folder: &Folder) -> Result<Sizes, Error> {
        let digests = self.digests.into_one(folder.named(DIGESTS)?)?;
        let bands = self.bands.into_one(folder.named(BANDS)?)?;
        digests.sync()?;
        bands.sync()?;
        self.documents.sync()?;
        Ok(Sizes {
            rows: self.documents.rows,
            words: self.documents.words,
            digests: digests.records(),
            bands: bands.records(),
        })
    }

    /// Opens the collection in a folder; its rows are numbered from `base` on where several are searched as one.
    pub fn open(folder: &Folder, sizes: Sizes, base: u32) -> Result<Self, Error> {
        let run = |name, records| -> Result<Sorted, Error> {
            Ok(Sorted::of(vec![Run::open(
                folder.existing(name)?,
                records,
                base,
            )?]))
        };
        Ok(Self {
            documents: Documents::open(folder, sizes.rows, sizes.words)?,
            digests: run(DIGESTS, sizes.digests)?,
            bands: run(BANDS, sizes.bands)?,
        })
    }

    /// Reads everything and checks it.
    pub fn check(&self) -> Result<(), Error> {
        self.documents.check()?;
        self.digests.check()?;
        self.bands.check()
    }

    /// The files of a collection in a folder.
    pub const fn file_names() -> [&'static str; 4] {
        ["documents", "sets", DIGESTS, BANDS]
    }
}

/// How much is in the files of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Number of rows.
    pub rows: u64,
    /// Hashes and checksums of the sets.
    pub words: u64,
    /// Number of digests.
    pub digests: u64,
    /// Number of band keys.
    pub bands: u64,
}
