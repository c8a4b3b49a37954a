//! Vocabularies in tiktoken's form: a line per token, its bytes in base64 and its rank, which is its id.

use crate::bpe::{Bpe, Symbols, pairs_of_ranks};
use crate::error::Error;
use crate::joins::Joins;
use crate::pattern::Pattern;
use crate::vocabulary::Vocabulary;

/// What a published encoding adds to its ranks: pattern and special tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Its name.
    pub name: &'static str,
    /// How texts are cut.
    pub pattern: Pattern,
    /// Tokens that stand for themselves, with their ids.
    pub special: &'static [(&'static str, u32)],
}

const END: &str = "<|endoftext|>";

/// The encodings that `OpenAI` published.
pub const ENCODINGS: &[Encoding] = &[
    Encoding {
        name: "gpt2",
        pattern: Pattern::GPT2,
        special: &[(END, 50256)],
    },
    Encoding {
        name: "r50k_base",
        pattern: Pattern::GPT2,
        special: &[(END, 50256)],
    },
    Encoding {
        name: "p50k_base",
        pattern: Pattern::GPT2,
        special: &[(END, 50256)],
    },
    Encoding {
        name: "p50k_edit",
        pattern: Pattern::GPT2,
        special: &[
            (END, 50256),
            ("<|fim_prefix|>", 50281),
            ("<|fim_middle|>", 50282),
            ("<|fim_suffix|>", 50283),
        ],
    },
    Encoding {
        name: "cl100k_base",
        pattern: Pattern::CL100K,
        special: &[
            (END, 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ],
    },
    Encoding {
        name: "o200k_base",
        pattern: Pattern::O200K,
        special: &[(END, 199_999), ("<|endofprompt|>", 200_018)],
    },
    Encoding {
        name: "o200k_harmony",
        pattern: Pattern::O200K,
        special: &[
            ("<|startoftext|>", 199_998),
            (END, 199_999),
            ("<|return|>", 200_002),
            ("<|constrain|>", 200_003),
            ("<|channel|>", 200_005),
            ("<|start|>", 200_006),
            ("<|end|>", 200_007),
            ("<|message|>", 200_008),
            ("<|call|>", 200_012),
            ("<|endofprompt|>", 200_018),
        ],
    },
    Encoding {
        name: "qwen",
        pattern: Pattern::QWEN,
        special: &[
            (END, 151_643),
            ("<|im_start|>", 151_644),
            ("<|im_end|>", 151_645),
        ],
    },
];

impl Encoding {
    /// The published encoding with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ENCODINGS.iter().find(|encoding| encoding.name == name)
    }
}

/// Reads the ranks of a tiktoken file.
pub fn parse(file: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, Error> {
    let mut tokens = Vec::new();
    for (index, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            tokens.push(parse_line(line).ok_or(Error::TiktokenLine { line: index + 1 })?);
        }
    }
    Ok(tokens)
}

fn parse_line(line: &[u8]) -> Option<(Vec<u8>, u32)> {
    let space = memchr::memchr(b' ', line)?;
    let rank = std::str::from_utf8(&line[space + 1..]).ok()?.parse().ok()?;
    Some((base64(&line[..space])?, rank))
}

/// Decodes base64 of the standard alphabet, padded.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if text.is_empty() || !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.chunks_exact(4) {
        let mut bits = 0;
        for &byte in group {
            bits = bits << 6 | u32::from(base64_digit(byte)?);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let inner = &text[..text.len() - padding];
    if memchr::memchr(b'=', inner).is_some() {
        return None;
    }
    bytes.truncate(bytes.len() - padding);
    Some(bytes)
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        b'=' => Some(0),
        _ => None,
    }
}

/// The model whose ids are ranks.
pub fn model(tokens: &[(Vec<u8>, u32)]) -> Result<Bpe, Error> {
    let vocabulary = Vocabulary::new(tokens)?;
    let mut bytes = Box::new([None; 256]);
    for byte in 0..=255u8 {
        let id = vocabulary.id(&[byte]).ok_or(Error::NoByte(byte))?;
        bytes[usize::from(byte)] = Some(id);
    }
    Ok(Bpe {
        pairs: pairs_of_ranks(&vocabulary, &bytes),
        joins: Some(Joins::of_bytes(vocabulary.iter().map(|(_, token)| token))),
        symbols: Symbols::Bytes(bytes),
        vocabulary,
        whole: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_base64_and_a_rank() {
        let file = b"IQ== 0\r\nIg== 1\n\n8J+YgA== 7\n";
        let expected = [
            (b"!".to_vec(), 0),
            (b"\"".to_vec(), 1),
            ("\u{1f600}".into(), 7),
        ];
        assert_eq!(parse(file).expect("three lines"), expected);
    }

    #[test]
    fn a_bad_line_is_named() {
        for bad in [
            "IQ==", "IQ= 0", "I?== 0", "IQ== x", "IQ== -1", "=Q== 0", " 0", "==== 1",
        ] {
            let file = format!("IQ== 0\n{bad}\n");
            let error = parse(file.as_bytes()).expect_err(bad).to_string();
            let expected = "line 2 of the tiktoken file is not a base64 token, a space and a rank";
            assert_eq!(error, expected, "{bad}");
        }
    }

    #[test]
    fn a_missing_byte_is_named() {
        let error = model(&[(b"a".to_vec(), 0)])
            .map(|_| ())
            .expect_err("255 are missing");
        assert!(error.to_string().contains("0x00"), "{error}");
    }
}
