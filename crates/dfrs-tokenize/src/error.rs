//! What can be wrong with a vocabulary, or with encoding by the general library.

/// A vocabulary that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of a tiktoken file is not a token and its rank.
    #[error("line {line} of the tiktoken file is not a base64 token, a space and a rank")]
    TiktokenLine {
        /// Counted from 1.
        line: usize,
    },
    /// The file is not JSON, or not what a tokenizer.json has.
    #[error("the tokenizer.json cannot be read: {0}")]
    Json(String),
    /// A token or an id occurs twice.
    #[error("the token {token:?} or its id {id} occurs twice in the vocabulary")]
    Twice {
        /// The token.
        token: String,
        /// Its id.
        id: u32,
    },
    /// Ids are used as places in tables.
    #[error("the token id {0} is larger than any vocabulary needs; is the file damaged?")]
    IdTooLarge(usize),
    /// A byte-level vocabulary without one of the 256 bytes.
    #[error("the vocabulary has no token for the byte {0:#04x}: is the file complete?")]
    NoByte(u8),
    /// A merge of tokens that are not there.
    #[error("merge {merge} makes {token:?}, which is not in the vocabulary")]
    Merge {
        /// Counted from 1.
        merge: usize,
        /// The missing token.
        token: String,
    },
    /// The added tokens do not fit into a matcher.
    #[error("the added tokens cannot be matched: {0}")]
    Added(String),
    /// A tiktoken file does not say how texts are cut; its name does.
    #[error("no published encoding is called {0:?}")]
    Name(String),
    /// The file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The library `tokenizers` refuses the file.
    #[error("the tokenizer.json cannot be used: {0}")]
    General(String),
    /// The library `tokenizers` refuses a text.
    #[error("a text cannot be encoded: {0}")]
    Refused(String),
}
