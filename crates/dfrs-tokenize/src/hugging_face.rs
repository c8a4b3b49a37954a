//! `tokenizer.json` of Hugging Face: the byte-pair models whose every part is known become native, all else is left to
//! the general library.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::added::Added;
use crate::bpe::{Bpe, Symbols, Unknown};
use crate::error::Error;
use crate::joins::Joins;
use crate::native::{Cutter, Native, Prepend};
use crate::normalizer::Normalizer;
use crate::pairs::{Merge, Pairs};
use crate::pattern::Pattern;
use crate::vocabulary::Vocabulary;

#[derive(Deserialize)]
struct Frame {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    model: Kind,
}

#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
}

/// A token beside the model's.
#[derive(Deserialize, Debug)]
#[allow(clippy::struct_excessive_bools)] // the file's fields
pub struct AddedToken {
    /// Its id.
    pub id: u32,
    /// Its text.
    pub content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    /// Whether it controls the model, as opposed to a word that was added.
    #[serde(default)]
    pub special: bool,
}

#[derive(Deserialize)]
struct ModelFile {
    model: BpeFile,
}

#[derive(Deserialize)]
struct BpeFile {
    vocab: HashMap<String, u32>,
    merges: Vec<MergeFile>,
    dropout: Option<f64>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MergeFile {
    Pair(String, String),
    Line(String),
}

/// What could be read natively: none if something is not known here.
pub struct Parsed {
    /// The tokenizer.
    pub native: Option<Native>,
    /// The tokens beside the model's.
    pub added: Vec<AddedToken>,
}

/// Reads a tokenizer.json.
///
/// With `special`, special tokens in a text are read as such; added words always are.
pub fn parse(file: &[u8], special: bool) -> Result<Parsed, Error> {
    let frame: Frame =
        serde_json::from_slice(file).map_err(|error| Error::Json(error.to_string()))?;
    let native = native(file, &frame, special)?;
    Ok(Parsed {
        native,
        added: frame.added_tokens,
    })
}

fn native(file: &[u8], frame: &Frame, special: bool) -> Result<Option<Native>, Error> {
    let plain = |token: &AddedToken| !(token.single_word || token.lstrip || token.rstrip);
    if frame.model.r#type.as_deref() != Some("BPE") || !frame.added_tokens.iter().all(plain) {
        return Ok(None);
    }
    let Some(normalizers) = normalizers(frame.normalizer.as_ref()) else {
        return Ok(None);
    };
    let Some((cutter, byte_level)) = cutter(frame.pre_tokenizer.as_ref()) else {
        return Ok(None);
    };
    let file: ModelFile =
        serde_json::from_slice(file).map_err(|error| Error::Json(error.to_string()))?;
    let Some(bpe) = bpe(&file.model, byte_level)? else {
        return Ok(None);
    };
    let read = |normalized: bool| {
        let tokens = frame.added_tokens.iter();
        let tokens = tokens.filter(|token| token.normalized == normalized);
        let tokens = tokens.filter(|token| special || !token.special);
        tokens
            .map(|token| (token.content.clone(), token.id))
            .collect::<Vec<_>>()
    };
    let in_normal_form = read(true).into_iter().map(|(text, id)| {
        let text = normalizers
            .iter()
            .fold(text.into(), |text, next| next.apply(text));
        (text.into_owned(), id)
    });
    Ok(Some(Native {
        added: Added::new(&read(false))?,
        added_normalized: Added::new(&in_normal_form.collect::<Vec<_>>())?,
        normalizers,
        cutter,
        bpe,
    }))
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or_default()
}

fn normalizers(value: Option<&Value>) -> Option<Vec<Normalizer>> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Some(Vec::new());
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(vec![match kind(value) {
        "Sequence" => {
            let parts = value["normalizers"].as_array()?.iter();
            let parts = parts.map(|part| normalizers(Some(part)));
            return Some(parts.collect::<Option<Vec<_>>>()?.concat());
        }
        "NFC" => Normalizer::Nfc,
        "NFD" => Normalizer::Nfd,
        "NFKC" => Normalizer::Nfkc,
        "NFKD" => Normalizer::Nfkd,
        "Prepend" => Normalizer::Prepend(text(&value["prepend"])?),
        "Replace" => {
            let from = text(&value["pattern"]["String"]).filter(|from| !from.is_empty())?;
            Normalizer::Replace(from, text(&value["content"])?)
        }
        _ => return None,
    }])
}

/// How texts are cut, and whether the model sees bytes.
fn cutter(value: Option<&Value>) -> Option<(Cutter, bool)> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Some((Cutter::Whole, false));
    };
    match kind(value) {
        "ByteLevel" => Some((byte_level(value)?, true)),
        "Metaspace" => Some((metaspace(value)?, false)),
        "Sequence" => match value["pretokenizers"].as_array()?.as_slice() {
            [only] => cutter(Some(only)),
            [split, bytes] if kind(split) == "Split" && kind(bytes) == "ByteLevel" => {
                let plain = bytes["use_regex"] == false && bytes["add_prefix_space"] == false;
                let whole = split["behavior"] == "Isolated" && split["invert"] == false
                    || split["behavior"] == "Removed" && split["invert"] == true;
                let pattern = Pattern::known(split["pattern"]["Regex"].as_str()?)?;
                (plain && whole).then_some((
                    Cutter::Pattern {
                        pattern,
                        prefix_space: false,
                    },
                    true,
                ))
            }
            _ => None,
        },
        _ => None,
    }
}

fn byte_level(value: &Value) -> Option<Cutter> {
    let prefix_space = value["add_prefix_space"].as_bool()?;
    match value["use_regex"].as_bool() {
        Some(false) if !prefix_space => Some(Cutter::Whole),
        Some(false) => None,
        _ => Some(Cutter::Pattern {
            pattern: Pattern::GPT2,
            prefix_space,
        }),
    }
}

fn metaspace(value: &Value) -> Option<Cutter> {
    let mut replacement = value["replacement"].as_str()?.chars();
    let prepend = match value["prepend_scheme"].as_str() {
        Some("always") => Prepend::Always,
        Some("first") => Prepend::First,
        Some("never") => Prepend::Never,
        _ => return None,
    };
    let cutter = Cutter::Metaspace {
        replacement: replacement.next()?,
        prepend,
        split: value["split"].as_bool()?,
    };
    replacement.next().is_none().then_some(cutter)
}

fn bpe(file: &BpeFile, byte_level: bool) -> Result<Option<Bpe>, Error> {
    let affix = |affix: &Option<String>| affix.as_deref().is_some_and(|affix| !affix.is_empty());
    if affix(&file.continuing_subword_prefix)
        || affix(&file.end_of_word_suffix)
        || file.dropout.is_some_and(|dropout| dropout > 0.0)
    {
        return Ok(None);
    }
    let pairs = pairs(file)?;
    let unk = file
        .unk_token
        .as_ref()
        .and_then(|token| file.vocab.get(token).copied());
    if file.unk_token.is_some() != unk.is_some() {
        return Ok(None);
    }
    let tokens = file.vocab.iter().filter_map(|(token, &id)| {
        let bytes = if byte_level {
            bytes_of(token)?
        } else {
            token.clone().into_bytes()
        };
        Some((bytes, id))
    });
    let mut tokens: Vec<_> = tokens.collect();
    tokens.sort_unstable_by_key(|(_, id)| *id);
    let vocabulary = Vocabulary::new(&tokens)?;
    let (symbols, joins) = if byte_level {
        let Some(symbols) = byte_symbols(&vocabulary, unk) else {
            return Ok(None);
        };
        let tokens = vocabulary.iter().map(|(_, token)| token);
        (symbols, Some(Joins::of_bytes(tokens)))
    } else {
        let bytes = if file.byte_fallback {
            fallback(&file.vocab)
        } else {
            None
        };
        if file.byte_fallback && bytes.is_none() {
            return Ok(None);
        }
        let fuses = bytes.is_none() && unk.is_some() && file.fuse_unk;
        let tokens = file.vocab.keys().map(String::as_str);
        let joins = (!fuses).then(|| Joins::of_chars(tokens));
        let unknown = Unknown {
            bytes,
            token: unk,
            fuse: file.fuse_unk,
        };
        (Symbols::Chars(unknown), joins)
    };
    Ok(Some(Bpe {
        vocabulary,
        pairs,
        joins,
        symbols,
        whole: file.ignore_merges,
    }))
}

fn pairs(file: &BpeFile) -> Result<Pairs, Error> {
    let mut pairs = Pairs::with_capacity(file.merges.len());
    for (rank, merge) in file.merges.iter().enumerate() {
        let (left, right) = match merge {
            MergeFile::Pair(left, right) => (left.as_str(), right.as_str()),
            MergeFile::Line(line) => line
                .split_once(' ')
                .ok_or_else(|| Error::Json(format!("merge {} is {line:?}", rank + 1)))?,
        };
        let id = |token: &str| {
            file.vocab.get(token).copied().ok_or_else(|| Error::Merge {
                merge: rank + 1,
                token: token.to_owned(),
            })
        };
        let merge = Merge {
            rank: rank as u32,
            id: id(&[left, right].concat())?,
        };
        pairs.insert(id(left)?, id(right)?, merge);
    }
    Ok(pairs)
}

fn byte_symbols(vocabulary: &Vocabulary, unk: Option<u32>) -> Option<Symbols> {
    let mut bytes = Box::new([None; 256]);
    for byte in 0..=255u8 {
        let id = vocabulary.id(&[byte]);
        if id.is_none() && unk.is_some() {
            return None;
        }
        bytes[usize::from(byte)] = id;
    }
    Some(Symbols::Bytes(bytes))
}

fn fallback(vocab: &HashMap<String, u32>) -> Option<Box<[u32; 256]>> {
    let mut bytes = Box::new([0; 256]);
    for byte in 0..=255u8 {
        bytes[usize::from(byte)] = *vocab.get(&format!("<0x{byte:02X}>"))?;
    }
    Some(bytes)
}

/// The bytes that the visible characters of a byte-level token stand for.
pub fn bytes_of(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte_of).collect()
}

/// The byte that a visible character stands for: itself if it is printable Latin-1, else numbered from U+0100 on.
fn byte_of(char: char) -> Option<u8> {
    let code = u32::from(char);
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(code as u8),
        0x100..=0x120 => Some((code - 0x100) as u8),
        0x121..=0x142 => Some((code - 0x121 + 0x7f) as u8),
        0x143 => Some(0xad),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_visible_character() {
        let mut bytes: Vec<u8> = ('\0'..='\u{2ff}').filter_map(byte_of).collect();
        assert_eq!(bytes.len(), 256);
        bytes.sort_unstable();
        assert!(bytes.into_iter().eq(0..=255));
        assert_eq!(bytes_of("\u{120}a\u{10a}"), Some(b" a\n".to_vec()));
        assert_eq!(bytes_of("a b"), None);
    }
}
