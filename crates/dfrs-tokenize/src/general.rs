//! Everything that is not a known byte-pair vocabulary: the library `tokenizers`, as the file says, without truncation
//! and padding.

use tokenizers::Tokenizer;

use crate::error::Error;

/// A tokenizer of the general library.
pub struct General {
    tokenizer: Tokenizer,
}

impl General {
    /// Reads a tokenizer.json.
    pub fn new(file: &[u8]) -> Result<Self, Error> {
        let mut tokenizer =
            Tokenizer::from_bytes(file).map_err(|error| Error::General(error.to_string()))?;
        tokenizer.with_padding(None);
        let truncation = tokenizer.with_truncation(None);
        truncation.map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { tokenizer })
    }

    /// Whether special tokens in a text are read as such.
    pub fn recognise_special(&mut self, recognise: bool) {
        self.tokenizer.set_encode_special_tokens(!recognise);
    }

    /// Number of tokens of a text.
    pub fn count(&self, text: &str) -> Result<usize, Error> {
        let encoding = self.tokenizer.encode_fast(text, false);
        Ok(encoding.map_err(|error| refused(&*error))?.len())
    }

    /// Appends the tokens of a text.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), Error> {
        let encoding = self.tokenizer.encode_fast(text, false);
        ids.extend_from_slice(encoding.map_err(|error| refused(&*error))?.get_ids());
        Ok(())
    }

    /// The text of some tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        self.tokenizer
            .decode(ids, false)
            .map_err(|error| refused(&*error))
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// One more than the highest id.
    pub fn id_bound(&self) -> usize {
        let ids = self.tokenizer.get_vocab(true).into_values();
        ids.max().map_or(0, |id| id as usize + 1)
    }

    /// Number of tokens.
    pub fn size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }
}

fn refused(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    Error::Refused(error.to_string())
}
