//! A collection of texts on disk that grows: texts of today are compared with everything of yesterday.
//!
//! An index is a folder with a manifest and one folder per part. A part is written completely, made to survive a crash,
//! and only then named in the manifest, which is replaced in one step: a killed process leaves the index as it was, and
//! files that the manifest does not name are removed by the next change. Every file is checked when it is read.

use super::collection::{Collection, Collector, Sizes};
use super::search::{Outcome, Progress, Search};
use super::settings::Settings;
use super::signer::jaccard;
use crate::Error;
use crate::clusters::Priority;
use crate::files::{Folder, checksum};
use crate::spill::{Lookup, Sorted, Sorter};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// First line of a manifest.
const FORMAT: &str = "dataflow_rs dedup index, format 1";
const MANIFEST: &str = "INDEX";
/// Rows of one bucket of a part that a text is compared with.
const MOST_CANDIDATES: usize = 256;
/// Texts that one task compares.
const ROWS_PER_TASK: usize = 64;

/// The text of an index that another text repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Its number in the index, in the order of adding.
    pub document: u64,
    /// Jaccard similarity to it; NaN when the index does not verify.
    pub similarity: f64,
}

impl Match {
    /// Whether it is more similar; a known similarity beats an unknown one.
    fn is_better_than(self, other: Self) -> bool {
        let known = |similarity: f64| {
            if similarity.is_nan() {
                -1.0
            } else {
                similarity
            }
        };
        known(self.similarity) > known(other.similarity)
    }
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    number: u64,
    sizes: Sizes,
}

/// Texts that others can be compared with.
#[derive(Debug)]
pub struct DedupIndex {
    path: PathBuf,
    settings: Settings,
    parts: Vec<Part>,
    collections: Vec<Collection>,
}

impl DedupIndex {
    /// Opens the index in a folder, or makes an empty one where there is none.
    ///
    /// An existing index must have been made with the same settings.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let manifest = path.join(MANIFEST);
        let parts = match fs::read(&manifest) {
            Ok(bytes) => read_manifest(&manifest, &bytes, &settings)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(|error| Error::file(path, &error))?;
                write_manifest(path, &settings, &[])?;
                Vec::new()
            }
            Err(error) => return Err(Error::file(&manifest, &error)),
        };
        let mut index = Self {
            path: path.to_path_buf(),
            settings,
            parts,
            collections: Vec::new(),
        };
        index.open_parts()?;
        Ok(index)
    }

    /// Takes over what another process has added since.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let manifest = self.path.join(MANIFEST);
        let bytes = fs::read(&manifest).map_err(|error| Error::file(&manifest, &error))?;
        let parts = read_manifest(&manifest, &bytes, &self.settings)?;
        if !parts.starts_with(&self.parts) {
            self.collections.clear();
        }
        self.parts = parts;
        self.open_parts()
    }

    fn open_parts(&mut self) -> Result<(), Error> {
        let mut base = 0_u64;
        for part in &self.parts[..self.collections.len()] {
            base += part.sizes.rows;
        }
        for part in &self.parts[self.collections.len()..] {
            let start = u32::try_from(base).map_err(|_| Error::Full(base as usize))?;
            let folder = Folder::lasting(&folder_of(&self.path, part.number));
            self.collections
                .push(Collection::open(&folder, part.sizes, start)?);
            base += part.sizes.rows;
        }
        u32::try_from(base).map_err(|_| Error::Full(base as usize))?;
        Ok(())
    }

    /// The settings it was made with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Number of texts, rows without a text included.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.sizes.rows).sum()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of parts, one per addition.
    pub const fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Begins an addition; `memory` bounds its buffers, in bytes.
    pub fn begin(&self, memory: usize) -> Result<Addition, Error> {
        let number = self
            .parts
            .iter()
            .map(|part| part.number + 1)
            .max()
            .unwrap_or(0);
        self.remove_unnamed()?;
        let path = folder_of(&self.path, number);
        fs::create_dir_all(&path).map_err(|error| Error::file(&path, &error))?;
        let folder = Folder::lasting(&path);
        let scratch = Folder::temporary_in(&path)?;
        let collector = Collector::new(self.settings.clone(), memory, &scratch, Some(&folder))?;
        Ok(Addition {
            collector,
            folder,
            path,
            number,
        })
    }

    /// Ends an addition: from now on its texts are part of the index, also after a crash.
    pub fn commit(&mut self, addition: Addition) -> Result<(), Error> {
        let Addition {
            collector,
            folder,
            path,
            number,
        } = addition;
        if self.parts.iter().any(|part| part.number >= number) {
            return Err(Error::Parameter(
                "another addition to this index was committed in the meantime: add the texts again"
                    .to_owned(),
            ));
        }
        let sizes = collector.finish()?.settle(&folder)?;
        sync_folder(&path)?;
        let mut parts = self.parts.clone();
        parts.push(Part { number, sizes });
        write_manifest(&self.path, &self.settings, &parts)?;
        self.parts = parts;
        self.open_parts()
    }

    /// Takes over all texts of another index with the same settings; its documents get numbers behind those here.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.settings.identity() != other.settings.identity() {
            return Err(differ(
                &self.path,
                &self.settings.identity(),
                &other.settings.identity(),
            ));
        }
        self.remove_unnamed()?;
        let mut parts = self.parts.clone();
        for part in &other.parts {
            let number = parts.iter().map(|one| one.number + 1).max().unwrap_or(0);
            let (from, to) = (
                folder_of(&other.path, part.number),
                folder_of(&self.path, number),
            );
            fs::create_dir_all(&to).map_err(|error| Error::file(&to, &error))?;
            for name in Collection::file_names() {
                let copy = to.join(name);
                fs::copy(from.join(name), &copy)
                    .and_then(|_| fs::File::open(&copy)?.sync_all())
                    .map_err(|error| Error::file(&copy, &error))?;
            }
            sync_folder(&to)?;
            parts.push(Part {
                number,
                sizes: part.sizes,
            });
        }
        write_manifest(&self.path, &self.settings, &parts)?;
        self.parts = parts;
        self.open_parts()
    }

    /// Reads everything and fails when anything is not as it was written.
    pub fn check(&self) -> Result<(), Error> {
        self.collections.iter().try_for_each(Collection::check)
    }

    /// Clusters of all texts of the index.
    pub fn clusters(
        &self,
        priorities: &[Priority],
        memory: usize,
        progress: Progress<'_>,
    ) -> Result<Outcome, Error> {
        let verify = self.settings.verify.then_some(self.settings.threshold);
        Search::new(&self.collections, verify, memory, Folder::temporary()?)
            .run(priorities, progress)
    }

    /// For every text the most similar one of the index, of equally similar ones the first; `None` when there is none.
    pub fn query(
        &self,
        texts: &[Option<&str>],
        memory: usize,
    ) -> Result<Vec<Option<Match>>, Error> {
        let (mut asked, scratch) = self.ask(memory)?;
        asked.add(texts)?;
        self.answer(asked, memory, &scratch)
    }

    /// Begins a query of any number of texts.
    pub fn ask(&self, memory: usize) -> Result<(Collector, Folder), Error> {
        let scratch = Folder::temporary()?;
        let asked = Collector::new(self.settings.clone(), memory, &scratch, None)?;
        Ok((asked, scratch))
    }

    /// Answers the query: what [`Self::query`] returns.
    pub fn answer(
        &self,
        asked: Collector,
        memory: usize,
        scratch: &Folder,
    ) -> Result<Vec<Option<Match>>, Error> {
        let asked = asked.finish()?;
        let mut best = vec![None; asked.documents.rows as usize];
        let mut start = 0;
        for collection in &self.collections {
            let pairs = candidate_pairs(&asked, collection, start, memory, scratch)?;
            self.compare(&asked, collection, start, &pairs, &mut best)?;
            start += collection.documents.rows;
        }
        Ok(best)
    }

    /// Improves the matches by candidates from one collection, whose rows are numbered from `start` on.
    fn compare(
        &self,
        asked: &Collection,
        collection: &Collection,
        start: u64,
        pairs: &Sorted,
        best: &mut [Option<Match>],
    ) -> Result<(), Error> {
        let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut flush = |groups: &mut Vec<(u32, Vec<u32>)>| -> Result<(), Error> {
            let chunks: Vec<Vec<Option<Match>>> = groups
                .par_chunks(ROWS_PER_TASK)
                .map(|chunk| self.best_of(asked, collection, start, chunk))
                .collect::<Result<_, Error>>()?;
            for ((row, _), found) in groups.iter().zip(chunks.into_iter().flatten()) {
                let before = &mut best[*row as usize];
                if let Some(found) = found
                    && before.is_none_or(|before| found.is_better_than(before))
                {
                    *before = Some(found);
                }
            }
            groups.clear();
            Ok(())
        };
        for record in pairs.range(0..=u64::MAX)? {
            let (pair, _) = record?;
            let (row, candidate) = ((pair >> 32) as u32, pair as u32);
            match groups.last_mut() {
                Some((last, candidates)) if *last == row => {
                    if candidates.last() != Some(&candidate) {
                        candidates.push(candidate);
                    }
                }
                _ => {
                    if groups.len() == ROWS_PER_TASK * 64 {
                        flush(&mut groups)?;
                    }
                    groups.push((row, vec![candidate]));
                }
            }
        }
        flush(&mut groups)
    }

    /// The best candidate of each row of a chunk.
    fn best_of(
        &self,
        asked: &Collection,
        collection: &Collection,
        start: u64,
        chunk: &[(u32, Vec<u32>)],
    ) -> Result<Vec<Option<Match>>, Error> {
        let (mut set, mut other, mut table) = (Vec::new(), Vec::new(), Vec::new());
        let mut out = Vec::with_capacity(chunk.len());
        for (row, candidates) in chunk {
            let wanted = asked.documents.get(u64::from(*row))?;
            if self.settings.verify {
                asked.documents.read_set(u64::from(*row), &mut set)?;
            }
            let mut best: Option<Match> = None;
            for &candidate in candidates {
                let there = u64::from(candidate) - start;
                let document = collection.documents.get(there)?;
                let similarity = if (document.len, document.check) == (wanted.len, wanted.check) {
                    1.0
                } else if self.settings.verify {
                    collection.documents.read_set(there, &mut other)?;
                    jaccard(&set, &other, self.settings.threshold, &mut table)
                } else {
                    f64::NAN
                };
                let enough = !self.settings.verify || similarity >= self.settings.threshold;
                let found = Match {
                    document: u64::from(candidate),
                    similarity,
                };
                if enough && best.is_none_or(|best| found.is_better_than(best)) {
                    best = Some(found);
                }
            }
            out.push(best);
        }
        Ok(out)
    }

    /// Removes what a killed process left behind.
    fn remove_unnamed(&self) -> Result<(), Error> {
        let named: BTreeSet<PathBuf> = self
            .parts
            .iter()
            .map(|part| folder_of(&self.path, part.number))
            .collect();
        let entries = fs::read_dir(&self.path).map_err(|error| Error::file(&self.path, &error))?;
        for entry in entries {
            let path = entry
                .map_err(|error| Error::file(&self.path, &error))?
                .path();
            let is_part = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("part-"));
            if is_part && !named.contains(&path) {
                fs::remove_dir_all(&path).map_err(|error| Error::file(&path, &error))?;
            }
        }
        Ok(())
    }
}

/// Texts on their way into an index.
pub struct Addition {
    collector: Collector,
    folder: Folder,
    path: PathBuf,
    number: u64,
}

impl Addition {
    /// Takes the next texts; null gets a number as well, and equals nothing.
    pub fn add(&mut self, texts: &[Option<&str>]) -> Result<(), Error> {
        self.collector.add(texts)
    }
}

/// Pairs `asked row << 32 | row of the index` that share a digest or a band.
fn candidate_pairs(
    asked: &Collection,
    collection: &Collection,
    start: u64,
    memory: usize,
    scratch: &Folder,
) -> Result<Sorted, Error> {
    let folder = scratch.clone();
    let mut pairs = Sorter::new(memory / 4, move || folder.unnamed());
    for (keys, there) in [
        (&asked.digests, &collection.digests),
        (&asked.bands, &collection.bands),
    ] {
        let exact = std::ptr::eq(there, &raw const collection.digests);
        for run in there.runs() {
            let mut lookup = Lookup::new(run);
            keys.range(0..=u64::MAX)?.for_each_group(|key, rows| {
                let mut candidates = Vec::new();
                lookup.rows(key, |row| {
                    candidates.push(row);
                    candidates.len() < MOST_CANDIDATES
                })?;
                for &row in &*rows {
                    for &candidate in &candidates {
                        if !exact
                            || same_digest(asked, row, collection, u64::from(candidate) - start)?
                        {
                            pairs.push((u64::from(row) << 32 | u64::from(candidate), 0))?;
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
    pairs.finish()
}

fn same_digest(
    asked: &Collection,
    row: u32,
    collection: &Collection,
    other: u64,
) -> Result<bool, Error> {
    let one = asked.documents.get(u64::from(row))?;
    let other = collection.documents.get(other)?;
    Ok((one.check, one.len) == (other.check, other.len))
}

fn folder_of(index: &Path, number: u64) -> PathBuf {
    index.join(format!("part-{number:06}"))
}

fn differ(path: &Path, wanted: &str, found: &str) -> Error {
    Error::Parameter(format!(
        "the index in {} was made with other settings: open it with those it has ({found}), or build a new one \
         (asked for: {wanted})",
        path.display()
    ))
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        let folder = fs::File::open(path);
        folder
            .and_then(|folder| folder.sync_all())
            .map_err(|error| Error::file(path, &error))?;
    }
    Ok(())
}

fn write_manifest(path: &Path, settings: &Settings, parts: &[Part]) -> Result<(), Error> {
    let mut text = format!("{FORMAT}\n{}\n", settings.identity());
    for Part { number, sizes } in parts {
        let Sizes {
            rows,
            words,
            digests,
            bands,
        } = sizes;
        writeln!(text, "part {number} {rows} {words} {digests} {bands}").expect("a string");
    }
    let sum = checksum(text.as_bytes(), 0);
    writeln!(text, "checksum {sum:016x}").expect("a string");
    let (new, manifest) = (path.join("INDEX.new"), path.join(MANIFEST));
    fs::File::create(&new)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, &manifest))
        .map_err(|error| Error::file(&new, &error))?;
    sync_folder(path)
}

fn read_manifest(path: &Path, bytes: &[u8], settings: &Settings) -> Result<Vec<Part>, Error> {
    let corrupt = |what: &str| Error::Corrupt {
        file: path.display().to_string(),
        what: what.to_owned(),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt("it is not text"))?;
    let (body, sum) = text
        .rfind("checksum ")
        .map(|at| text.split_at(at))
        .ok_or_else(|| corrupt("it has no checksum"))?;
    if sum != format!("checksum {:016x}\n", checksum(body.as_bytes(), 0)) {
        return Err(corrupt("it does not have the checksum it was written with"));
    }
    let mut lines = body.lines();
    let format = lines.next().unwrap_or_default();
    if format != FORMAT {
        return Err(Error::Parameter(format!(
            "{}: '{format}' is not a format that this version reads ('{FORMAT}'): use the version that wrote it, or \
             build the index again from its texts",
            path.display()
        )));
    }
    let found = lines.next().unwrap_or_default();
    if found != settings.identity() {
        return Err(differ(
            path.parent().unwrap_or(path),
            &settings.identity(),
            found,
        ));
    }
    lines
        .map(|line| {
            let numbers: Option<Vec<u64>> = line
                .strip_prefix("part ")
                .and_then(|rest| rest.split(' ').map(|field| field.parse().ok()).collect());
            match numbers.as_deref() {
                Some(&[number, rows, words, digests, bands]) => Ok(Part {
                    number,
                    sizes: Sizes {
                        rows,
                        words,
                        digests,
                        bands,
                    },
                }),
                _ => Err(corrupt(&format!("'{line}' is no part"))),
            }
        })
        .collect()
}
