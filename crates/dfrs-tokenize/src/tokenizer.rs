//! The tokenizer: one vocabulary, immutable and shared, and encoders that keep the words they saw.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::added::Added;
use crate::error::Error;
use crate::general::General;
use crate::hugging_face;
use crate::native::{Cutter, Native, Scratch};
use crate::tiktoken::{self, Encoding};

/// A vocabulary with the rules that cut texts for it.
///
/// ```
/// use dfrs_tokenize::{Encoding, Tokenizer};
///
/// let mut ranks: Vec<_> = (0..=255u8).map(|byte| (vec![byte], u32::from(byte))).collect();
/// ranks.extend([(b"an".to_vec(), 256), (b"and".to_vec(), 257)]);
/// let encoding = Encoding::named("gpt2").expect("it is published");
/// let tokenizer = Tokenizer::from_ranks(&ranks, encoding, false)?;
/// assert_eq!(tokenizer.count("and an")?, 3);
/// # Ok::<(), dfrs_tokenize::Error>(())
/// ```
pub struct Tokenizer {
    kind: Kind,
    /// Tokens beside the model's, with their ids.
    added: Vec<(String, u32)>,
    idle: Mutex<Vec<Scratch>>,
}

enum Kind {
    Native(Box<Native>),
    General(Box<General>),
}

impl Tokenizer {
    /// Reads the ranks of a published encoding. With `special`, special tokens in a text are read as such; without,
    /// they are text like any other.
    pub fn from_tiktoken(file: &[u8], encoding: &Encoding, special: bool) -> Result<Self, Error> {
        Self::from_ranks(&tiktoken::parse(file)?, encoding, special)
    }

    /// Takes tokens with their ranks.
    pub fn from_ranks(
        ranks: &[(Vec<u8>, u32)],
        encoding: &Encoding,
        special: bool,
    ) -> Result<Self, Error> {
        let tokens = encoding.special.iter();
        let added: Vec<_> = tokens
            .map(|(token, id)| ((*token).to_owned(), *id))
            .collect();
        let native = Native {
            added: if special { Added::new(&added)? } else { None },
            added_normalized: None,
            normalizers: Vec::new(),
            cutter: Cutter::Pattern {
                pattern: encoding.pattern,
                prefix_space: false,
            },
            bpe: tiktoken::model(ranks)?,
        };
        Ok(Self::new(Kind::Native(Box::new(native)), added))
    }

    /// Reads a `tokenizer.json`. With `special`, special tokens in a text are read as such.
    pub fn from_json(file: &[u8], special: bool) -> Result<Self, Error> {
        let parsed = hugging_face::parse(file, special)?;
        let kind = if let Some(native) = parsed.native {
            Kind::Native(Box::new(native))
        } else {
            let mut general = General::new(file)?;
            general.recognise_special(special);
            Kind::General(Box::new(general))
        };
        let added = parsed
            .added
            .into_iter()
            .map(|token| (token.content, token.id));
        Ok(Self::new(kind, added.collect()))
    }

    /// Reads a file: `*.tiktoken` of a published name, else `tokenizer.json`.
    pub fn load(path: &Path, special: bool) -> Result<Self, Error> {
        let read = |error| Error::Read {
            path: path.to_owned(),
            source: error,
        };
        let file = std::fs::read(path).map_err(read)?;
        if path
            .extension()
            .is_some_and(|extension| extension == "tiktoken")
        {
            let name = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let encoding = Encoding::named(name).ok_or_else(|| Error::Name(name.to_owned()))?;
            Self::from_tiktoken(&file, encoding, special)
        } else {
            Self::from_json(&file, special)
        }
    }

    fn new(kind: Kind, added: Vec<(String, u32)>) -> Self {
        Self {
            kind,
            added,
            idle: Mutex::default(),
        }
    }

    /// An encoder for one thread; take one for many texts.
    pub fn encoder(&self) -> Encoder<'_> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        Encoder {
            tokenizer: self,
            scratch: Some(idle.pop().unwrap_or_default()),
        }
    }

    /// Number of tokens of a text, without those that a model's input begins and ends with.
    pub fn count(&self, text: &str) -> Result<usize, Error> {
        self.encoder().count(text)
    }

    /// Appends the tokens of a text.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), Error> {
        self.encoder().encode(text, ids)
    }

    /// The bytes that some tokens stand for; ids without a token stand for nothing. Bytes, as tokens can end inside a
    /// character.
    pub fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, Error> {
        let native = match &self.kind {
            Kind::Native(native) => native,
            Kind::General(general) => return general.decode(ids).map(String::into_bytes),
        };
        let mut bytes = Vec::new();
        for &id in ids {
            if let Some((token, _)) = self.added.iter().find(|(_, added)| *added == id) {
                bytes.extend_from_slice(token.as_bytes());
            } else if let Some(token) = native.bpe.vocabulary.token(id) {
                native.decode_token(token, &mut bytes);
            }
        }
        Ok(bytes)
    }

    /// The id of a token: as text if it stands for itself, else as the vocabulary file writes it.
    pub fn id(&self, token: &str) -> Option<u32> {
        if let Some((_, id)) = self.added.iter().find(|(added, _)| added == token) {
            return Some(*id);
        }
        match &self.kind {
            Kind::General(general) => general.id(token),
            Kind::Native(native) if native.is_byte_level() => {
                let bytes = hugging_face::bytes_of(token);
                let id = |bytes: &[u8]| native.bpe.vocabulary.id(bytes);
                id(token.as_bytes()).or_else(|| bytes.and_then(|bytes| id(&bytes)))
            }
            Kind::Native(native) => native.bpe.vocabulary.id(token.as_bytes()),
        }
    }

    /// One more than the highest id.
    pub fn id_bound(&self) -> usize {
        let beside = self.added.iter().map(|(_, id)| *id as usize + 1).max();
        let model = match &self.kind {
            Kind::General(general) => general.id_bound(),
            Kind::Native(native) => native.bpe.vocabulary.id_bound(),
        };
        model.max(beside.unwrap_or(0))
    }

    /// Number of tokens, those beside the model's included.
    pub fn vocabulary_size(&self) -> usize {
        match &self.kind {
            Kind::General(general) => general.size(),
            Kind::Native(native) => {
                let vocabulary = &native.bpe.vocabulary;
                let beside = self
                    .added
                    .iter()
                    .filter(|(_, id)| vocabulary.token(*id).is_none());
                vocabulary.len() + beside.count()
            }
        }
    }

    /// Whether texts are encoded here, as opposed to by the general library.
    pub fn is_native(&self) -> bool {
        matches!(self.kind, Kind::Native(_))
    }
}

/// A tokenizer with the words that it saw.
pub struct Encoder<'t> {
    tokenizer: &'t Tokenizer,
    /// Always some, until dropped.
    scratch: Option<Scratch>,
}

impl Encoder<'_> {
    /// Number of tokens of a text.
    pub fn count(&mut self, text: &str) -> Result<usize, Error> {
        match &self.tokenizer.kind {
            Kind::Native(native) => native.count(text, self.scratch.get_or_insert_default()),
            Kind::General(general) => general.count(text),
        }
    }

    /// Appends the tokens of a text.
    pub fn encode(&mut self, text: &str, ids: &mut Vec<u32>) -> Result<(), Error> {
        match &self.tokenizer.kind {
            Kind::Native(native) => native.encode(text, self.scratch.get_or_insert_default(), ids),
            Kind::General(general) => general.encode(text, ids),
        }
    }
}

impl Drop for Encoder<'_> {
    fn drop(&mut self) {
        let mut idle = self
            .tokenizer
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.scratch.take());
    }
}
